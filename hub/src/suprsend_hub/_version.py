"""The version of the hub. It is written here only; the package's metadata is built from it."""

__version__ = "0.1.0"
