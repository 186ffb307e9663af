"""`python -m suprsend_hub`: the command line where its script cannot run, such as below a directory with a quote."""

if __name__ == "__main__":
    from suprsend_hub.cli import main

    main()
