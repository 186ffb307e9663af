"""Read the bodies that name another user, or many users, and the setting for merged users."""

from collections.abc import Mapping

from suprsend_hub.api.bodies.profile import parse_ids
from suprsend_hub.domain.addresses import address_keys
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import check_distinct_id
from suprsend_hub.domain.wire import Json

FROM_USER_ID = "from_user_id"
TO = "to"


def parse_other_user(payload: Json, field: str) -> str:
    """Return the id of another user from the only field of a body.

    Raises:
        InvalidRequest: not an object, or the field is missing or not an id.
    """
    if type(payload) is not dict:
        raise InvalidRequest(f'the body must be an object {{"{field}": …}}', code=Code.INVALID_BODY)
    return check_distinct_id(payload.get(field), field)


def parse_many(payload: Json) -> list[str]:
    """Return the ids of `{"distinct_ids": [...]}`, as for a bulk deletion."""
    return parse_ids(payload, "distinct_ids", check_distinct_id)


def parse_address(query: Mapping[str, str]) -> str:
    """Return the searched e-mail address or phone number; InvalidRequest for anything else."""
    address = query.get("address", "")
    if not address_keys(address):
        raise InvalidRequest(
            "send `?address=` with an e-mail address or a phone number; in a URL, write the plus sign as %2B",
            code=Code.INVALID_SEARCH,
        )
    return address


def parse_after_merge(payload: Json) -> str:
    """Return the setting of `{"after_merge": ...}` as text; the service knows its values."""
    value = payload.get("after_merge") if type(payload) is dict else None
    if type(value) is not str:
        raise InvalidRequest('the body must be an object {"after_merge": "recreate"}', code=Code.INVALID_AFTER_MERGE)
    return value
