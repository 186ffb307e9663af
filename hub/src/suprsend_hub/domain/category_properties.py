"""Properties of a category: their definitions, the values that tenants and recipients put in place of the defaults.

Definitions are JSON as it was sent. A value that no longer fits its definition is ignored, not lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .digest import EDITABLE, LOCKED
from .limits import MAX_CATEGORY_CHARS, MAX_DIGEST_OPTIONS, MAX_INTEGER, MAX_TAGS, MIN_INTEGER
from .mistakes import join

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .mistakes import Mistakes
    from .wire import Json

_INTEGER: Final = "integer"
_TEXTS: Final = ("string", "string_choice", "string_dynamic")
_LISTS: Final = ("list_choice", "list_dynamic")
VALUE_TYPES: Final = (_INTEGER, *_TEXTS, *_LISTS)


def read_definitions(value: Json, path: str, mistakes: Mistakes) -> list[dict[str, Json]] | None:
    """Return a category's `properties`, checked for shape and otherwise as they were sent."""
    if value is None:
        return None
    keys: set[str] = set()
    for index, definition in enumerate(mistakes.read_list(value, path, MAX_DIGEST_OPTIONS)):
        at = f"{path}[{index}]"
        fields = mistakes.read_object(definition, at)
        if fields is None:
            continue
        mistakes.read_storable(definition, at)
        key = mistakes.read_name(fields.get("key"), join(at, "key"), MAX_CATEGORY_CHARS)
        if key in keys:
            mistakes.add(join(at, "key"), "is the key of an earlier property as well")
        keys.add(key)
        mistakes.read_text(fields.get("label"), join(at, "label"), MAX_CATEGORY_CHARS)
        mistakes.read_flag(fields.get("is_optional"), join(at, "is_optional"))
        if fields.get("edit_policy") not in (None, EDITABLE, LOCKED):
            mistakes.add(join(at, "edit_policy"), f"must be {LOCKED} or {EDITABLE}")
        if fields.get("value_type") not in VALUE_TYPES:
            mistakes.add(join(at, "value_type"), f"must be one of {', '.join(VALUE_TYPES)}")
        elif fields.get("default_value") is not None and not _fits(fields["default_value"], fields):
            mistakes.add(join(at, "default_value"), f"must be {_wording(fields)}")
    return value if type(value) is list else None


def read_values(value: Json, path: str, mistakes: Mistakes) -> dict[str, Json] | None:
    """Return `[{"key", "value"}]` by key. null means all defaults; a null value means the default of its key."""
    if value is None:
        return None
    values: dict[str, Json] = {}
    for index, item in enumerate(mistakes.read_list(value, path, MAX_DIGEST_OPTIONS)):
        at = f"{path}[{index}]"
        fields = mistakes.read_object(item, at, {"key", "value"})
        if fields is None:
            continue
        key = mistakes.read_name(fields.get("key"), join(at, "key"), MAX_CATEGORY_CHARS)
        values[key] = mistakes.read_storable(fields.get("value"), join(at, "value"))
    return values


def check_values(
    values: Mapping[str, Json],
    definitions: list[dict[str, Json]] | None,
    path: str,
    mistakes: Mistakes,
    *,
    only_editable: bool,
) -> None:
    """Note as a mistake a property that the category does not have, that is locked, or a value of the wrong type."""
    by_key = {definition["key"]: definition for definition in definitions or ()}
    for key, value in values.items():
        definition = by_key.get(key)
        if definition is None:
            mistakes.add(join(path, key), "is not a property of this category")
        elif only_editable and not _is_editable(definition):
            mistakes.add(join(path, key), "cannot be changed, because the category does not make it editable")
        elif value is not None and not _fits(value, definition):
            mistakes.add(join(path, key), f"must be {_wording(definition)}")


def properties_to_wire(
    definitions: list[dict[str, Json]] | None,
    tenant: Mapping[str, Json],
    chosen: Mapping[str, Json],
    *,
    only_editable: bool = True,
) -> list[Json] | None:
    """Return `properties`: each with its default for the tenant, and the value in force.

    A recipient's value counts only where the property is editable, a tenant's everywhere (`only_editable=False`).
    """
    if definitions is None:
        return None
    shown = []
    for definition in definitions:
        key = definition["key"]
        default = tenant[key] if _fits(tenant.get(key), definition) else definition.get("default_value")
        is_overridden = (_is_editable(definition) or not only_editable) and _fits(chosen.get(key), definition)
        shown.append(
            {
                "key": key,
                "label": definition.get("label"),
                "value_type": definition["value_type"],
                "default_value": default,
                "is_optional": definition.get("is_optional") is True,
                "edit_policy": definition.get("edit_policy") or LOCKED,
                "is_overridden": is_overridden,
                "value": chosen[key] if is_overridden else default,
            }
        )
    return shown


def _is_editable(definition: dict[str, Json]) -> bool:
    return definition.get("edit_policy") == EDITABLE


def _fits(value: Json, definition: dict[str, Json]) -> bool:
    value_type = definition["value_type"]
    if value_type == _INTEGER:
        return type(value) is int and MIN_INTEGER <= value <= MAX_INTEGER
    if value_type in _TEXTS:
        return type(value) is str
    return type(value) is list and len(value) <= MAX_TAGS and all(type(element) is str for element in value)


def _wording(definition: dict[str, Json]) -> str:
    value_type = definition["value_type"]
    if value_type == _INTEGER:
        return "an integer"
    return "a string" if value_type in _TEXTS else f"a list of at most {MAX_TAGS} strings"
