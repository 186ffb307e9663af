"""Write operations as the lines of Python that send them, which an edit form shows next to the JSON. Pure.

Each operation is what one call of the SDK's edit builder writes, so lines and operations are the same edit.
"""

from collections.abc import Sequence

from suprsend_hub.console.formats import python_text
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.wire import (
    ADD,
    APPEND,
    ID_PROVIDER,
    LOCALE,
    PREFERRED_LANGUAGE,
    PUSH_CHANNELS,
    REMOVE,
    SET,
    TIMEZONE,
    UNSET,
    Json,
    KeyKind,
    kind_of_key,
)

_METHODS = {SET: "set", ADD: "increment", APPEND: "append", REMOVE: "remove"}
_LANGUAGE_METHODS = {
    PREFERRED_LANGUAGE: "set_preferred_language",
    LOCALE: "set_locale",
    TIMEZONE: "set_timezone",
}


def python_lines(key: RecipientKey, operations: Sequence[Json]) -> list[str]:
    """Return the lines that build and send the edit; the lines between the first and the last are the operations."""
    if key.is_user:
        name, collection, arguments = "user", "users", python_text(key.recipient_id)
    else:
        arguments = f"{python_text(key.object_type)}, {python_text(key.recipient_id)}"
        name, collection = "edit", "objects"
    calls = [f"{name}.{call}" for operation in operations for call in _calls(operation)]
    return [
        f"{name} = supr_client.{collection}.get_edit_instance({arguments})",
        *calls,
        f"supr_client.{collection}.edit({name})",
    ]


def _calls(operation: dict[str, Json]) -> list[str]:
    calls = []
    for operator, operand in operation.items():
        if operator == UNSET:
            calls.append(f"unset({literal(operand[0] if len(operand) == 1 else operand)})")
            continue
        for key, value in operand.items():
            if key != ID_PROVIDER:
                calls.append(_call(operator, key, value, operand.get(ID_PROVIDER)))
    return calls


def _call(operator: str, key: str, value: Json, provider: Json) -> str:
    if key in _LANGUAGE_METHODS:
        return f"{_LANGUAGE_METHODS[key]}({literal(value)})"
    if kind_of_key(key) is KeyKind.CHANNEL:
        verb = "add" if operator == APPEND else "remove"
        more = f", {literal(provider)}" if provider and key in PUSH_CHANNELS else ""
        return f"{verb}_{key.removeprefix('$')}({literal(value)}{more})"
    if value is None:  # as a second argument, None means that there is none
        return f"{_METHODS[operator]}({literal({key: None})})"
    return f"{_METHODS[operator]}({literal(key)}, {literal(value)})"


def literal(value: Json) -> str:
    """Return a JSON value as a Python literal, with double quotes."""
    if type(value) is str:
        return python_text(value)
    if type(value) is list:
        return f"[{', '.join(map(literal, value))}]"
    if type(value) is dict:
        return f"{{{', '.join(f'{literal(key)}: {literal(element)}' for key, element in value.items())}}}"
    return repr(value)
