"""Pure rules of the recipient directory: ids, profiles, operations and their limits.

Standard library and msgspec only. Nothing here does I/O, reads a clock or draws randomness, and nothing
here knows HTTP, SQL or a web framework.
"""
