"""The log of rejected records."""
