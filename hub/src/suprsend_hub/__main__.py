"""`python -m suprsend_hub`: the command line for places where its script cannot run, such as a path with a quote."""

if __name__ == "__main__":
    from suprsend_hub.cli import main

    main()
