"""Read the bodies of subscriber list requests: JSON in, checked values out, or an InvalidRequest in upstream's form."""

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest, invalid_field
from suprsend_hub.domain.ids import check_distinct_id, check_list_id
from suprsend_hub.domain.subscriber_list import MAX_TEXT_CHARS, ListDefinition, check_writable
from suprsend_hub.domain.wire import Json

_STATIC = "static_list"


def parse_definition(body: Json) -> ListDefinition:
    """Read the body of a create call; reject `all_users` and query lists."""
    if type(body) is not dict:
        raise InvalidRequest("the body must be an object with `list_id`", code=Code.INVALID_BODY)
    raw_id = body.get("list_id")
    if raw_id is None or (type(raw_id) is str and not raw_id.strip()):
        raise invalid_field("list_id", "This field may not be blank.")
    try:
        list_id = check_list_id(raw_id)
    except InvalidRequest as error:
        raise invalid_field("list_id", error.message) from error
    check_writable(list_id)
    if body.get("list_type", _STATIC) not in (None, _STATIC) or body.get("query") is not None:
        raise invalid_field("list_type", "Must be static_list; this hub has no query lists.")
    return ListDefinition(
        list_id,
        _text(body, "list_name"),
        _text(body, "list_description"),
        _flag(body, "track_user_entry"),
        _flag(body, "track_user_exit"),
    )


def parse_distinct_ids(body: Json) -> list[str]:
    """Read `{"distinct_ids": [...]}`: distinct ids, sorted bytewise. One wrong id rejects the whole call."""
    ids = body.get("distinct_ids") if type(body) is dict else None
    if type(ids) is not list:
        raise InvalidRequest("`distinct_ids` must be a list of strings", code=Code.INVALID_DISTINCT_IDS)
    checked = {check_distinct_id(item, f"distinct_ids[{index}]") for index, item in enumerate(ids)}
    return sorted(checked, key=str.encode)


def _text(body: dict[str, Json], field: str) -> str | None:
    value = body.get(field)
    if value is None:
        return None
    if type(value) is not str or len(value) > MAX_TEXT_CHARS or "\x00" in value:
        raise invalid_field(field, f"Must be a string of at most {MAX_TEXT_CHARS} characters, without NUL.")
    return value


def _flag(body: dict[str, Json], field: str) -> bool | None:
    value = body.get(field)
    if value is None or type(value) is bool:
        return value
    raise invalid_field(field, "Must be true or false.")
