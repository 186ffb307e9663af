# Generated from _async/__init__.py by tools/make_sync.py. Change that file, then run the tool.
"""The client, written by hand; ``_sync`` is generated from it by ``tools/make_sync.py``."""
