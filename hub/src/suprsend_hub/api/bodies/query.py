"""Read single values of a query."""

from collections.abc import Mapping

_TRUE = frozenset({"true", "1", "yes"})


def parse_flag(query: Mapping[str, str], name: str) -> bool:
    """Tell whether a flag is true, in the spellings that SDKs and people use; anything else is false."""
    return query.get(name, "").strip().lower() in _TRUE
