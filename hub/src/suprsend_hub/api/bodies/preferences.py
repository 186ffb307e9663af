"""Read the bodies and queries of preferences: JSON in, operations on choices or tenant settings out.

Every mistake of a body is named by its path. Whether a category exists and allows the change is not known here;
`domain.choice_rules` checks that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET

from suprsend_hub.api.bodies.profile import parse_ids
from suprsend_hub.api.bodies.query import parse_flag
from suprsend_hub.api.bodies.refusals import invalid_fields
from suprsend_hub.domain.category_properties import read_values
from suprsend_hub.domain.category_translations import read_locale
from suprsend_hub.domain.choices import Operation, Reset, RestrictChannels, SetCategory
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.digest import read_choice, read_schedule
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import check_distinct_id, check_tenant_id
from suprsend_hub.domain.limits import MAX_CATEGORIES, MAX_CATEGORY_CHARS
from suprsend_hub.domain.mistakes import Mistakes, join
from suprsend_hub.domain.preference_terms import NOT_A_CHANNEL, Channel, Preference, read_channels
from suprsend_hub.domain.tag_filter import TagFilter, read_tag_filter
from suprsend_hub.domain.tenant_categories import SetOverride
from suprsend_hub.domain.wire import Json

_T = TypeVar("_T")
DEFAULT_LIMIT: Final = 10
"""Categories of one page, as published."""
_NO_TENANT: Final = "default"
_LAST_RESORT: Final = "en"
_EMPTY_BODY: Final = "Request body must not be empty"


@dataclass(frozen=True, slots=True)
class PreferenceQuery:
    """What the query of a preference endpoint asks for. Without a tenant, `tenant_id` is None."""

    tenant_id: str | None
    show_opt_out_channels: bool
    tags: TagFilter | None
    locale: str | None


def parse_query(query: Mapping[str, str]) -> PreferenceQuery:
    """Read `tenant_id`, `show_opt_out_channels`, `tags` and `locale`.

    A locale that cannot be one is answered in the language of last resort, as one without translations is.
    """
    tenant_id = check_tenant_id(query["tenant_id"]) if query.get("tenant_id") else None
    return PreferenceQuery(
        tenant_id=None if tenant_id == _NO_TENANT else tenant_id,
        show_opt_out_channels=parse_flag(query, "show_opt_out_channels"),
        tags=parse_tags(query),
        locale=(read_locale(query["locale"]) or _LAST_RESORT) if query.get("locale") else None,
    )


def parse_tags(query: Mapping[str, str]) -> TagFilter | None:
    """Read `tags`: a tag, tags separated by commas of which one is enough, or a filter as JSON."""
    text = query.get("tags", "").strip()
    if not text:
        return None
    if text[0] not in "{[":
        wanted = [tag.strip() for tag in text.split(",") if tag.strip()]
        return TagFilter({"or": wanted})
    try:
        expression = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest(f"tags is not valid JSON: {error}", code=Code.INVALID_JSON) from error
    tag_filter, mistakes = read_tag_filter(expression)
    if mistakes:
        raise invalid_fields(mistakes)
    return tag_filter


def parse_category_update(slug: str, body: Json) -> SetCategory:
    """Read the change of one category.

    Raises:
        InvalidRequest: an empty body, or wrong fields, which `detail` names by their paths.
    """
    mistakes = Mistakes()
    operation = _category(slug, _fields(body), "", mistakes)
    return _checked(operation, mistakes)


def parse_channels_update(body: Json) -> RestrictChannels:
    """Read `{"channel_preferences": [{"channel", "is_restricted"}]}`; raises as `parse_category_update` does."""
    mistakes = Mistakes()
    return _checked(_channels(_fields(body), mistakes, is_required=True), mistakes)


def parse_full_update(body: Json) -> list[Operation]:
    """Read `channel_preferences` and `categories`, of which at least one is given; raises as `parse_category_update`.

    Categories keep their order, so that the paths of `choice_rules.check_operations` are those of the body.
    """
    return _full(_fields(body))


def parse_bulk_update(body: Json) -> tuple[list[str], list[Operation]]:
    """Read the change of many users: their distinct ids, each once, and the operations for each of them."""
    return _ids(body), _full(_fields(body))


def parse_bulk_reset(body: Json) -> tuple[list[str], Reset]:
    """Read the reset of many users: their distinct ids, each once, and what is forgotten (by default everything)."""
    ids = _ids(body)
    mistakes = Mistakes()
    categories = mistakes.read_flag(body.get("reset_categories"), "reset_categories")
    channels = mistakes.read_flag(body.get("reset_channel_preferences"), "reset_channel_preferences")
    return ids, _checked(Reset(categories is not False, channels is not False), mistakes)


def parse_tenant_update(slug: str, body: Json) -> SetOverride:
    """Read what a tenant sets for a category; fields that are not given stay.

    The Go SDK sends null for channels that its caller did not set, so null leaves them as they are.
    `"preference": null` returns to the workspace's default, together with its mandatory and opt-in channels.
    Raises as `parse_category_update`.
    """
    mistakes = Mistakes()
    fields = _fields(body)
    given: dict[str, Any] = {}
    if "preference" in fields and fields["preference"] != "":
        if fields["preference"] is None:
            given["preference"] = given["mandatory_channels"] = given["opt_in_channels"] = None
        else:
            given["preference"] = _preference(fields, "", mistakes, *Preference)
    for name in ("mandatory_channels", "opt_in_channels", "blocked_channels"):
        channels = read_channels(fields, "", name, mistakes)
        if channels is not None:
            given[name] = channels
    for name in ("enabled_for_tenant", "visible_to_subscriber"):
        flag = mistakes.read_flag(fields.get(name), name)
        if flag is not None:
            given[name] = flag
    if "digest_schedule" in fields:
        given["digest_schedule"] = read_schedule(fields["digest_schedule"], "digest_schedule", mistakes)
    if "properties" in fields:
        given["properties"] = read_values(fields["properties"], "properties", mistakes)
    return _checked(SetOverride(slug, **given), mistakes)


def _fields(body: Json) -> dict[str, Json]:
    if body is not None and type(body) is not dict:
        raise InvalidRequest("the body must be a JSON object", code=Code.INVALID_BODY)
    if not body:
        raise InvalidRequest(_EMPTY_BODY, code=Code.EMPTY_BODY)
    fields: dict[str, Json] = body
    return fields


def _checked(operation: _T, mistakes: Mistakes) -> _T:
    if mistakes:
        raise invalid_fields(mistakes.entries())
    return operation


def _ids(body: Json) -> list[str]:
    return list(dict.fromkeys(parse_ids(_fields(body), "distinct_ids", check_distinct_id)))


def _full(fields: dict[str, Json]) -> list[Operation]:
    mistakes = Mistakes()
    operations: list[Operation] = []
    if fields.get("channel_preferences") is not None:
        operations.append(_channels(fields, mistakes, is_required=False))
    for index, item in enumerate(mistakes.read_list(fields.get("categories"), "categories", MAX_CATEGORIES)):
        path = f"categories[{index}]"
        change = mistakes.read_object(item, path)
        if change is None:
            continue
        slug = mistakes.read_name(change.get("category"), join(path, "category"), MAX_CATEGORY_CHARS)
        operations.append(_category(slug, change, path, mistakes))
    if not operations and not mistakes:
        mistakes.add("", "must have channel_preferences or categories")
    return _checked(operations, mistakes)


def _channels(fields: dict[str, Json], mistakes: Mistakes, *, is_required: bool) -> RestrictChannels:
    name = "channel_preferences"
    items = mistakes.read_list(fields.get(name), name, MAX_CATEGORIES)
    if is_required and not items and not mistakes:
        mistakes.add(name, 'must be a list of {"channel", "is_restricted"}')
    restricted: dict[Channel, bool] = {}
    for index, item in enumerate(items):
        path = f"{name}[{index}]"
        entry = mistakes.read_object(item, path)
        if entry is None:
            continue
        channel = mistakes.read_member(entry.get("channel"), join(path, "channel"), Channel, NOT_A_CHANNEL)
        if type(entry.get("is_restricted")) is not bool:
            mistakes.add(join(path, "is_restricted"), "must be true or false")
        elif channel is not None:
            restricted[channel] = entry["is_restricted"]
    return RestrictChannels(restricted)


def _category(slug: str, fields: dict[str, Json], path: str, mistakes: Mistakes) -> SetCategory:
    """Read the change of one category. The Go SDK sends null or '' for what its caller did not set."""
    opt_in = read_channels(fields, path, "opt_in_channels", mistakes)
    opt_out = read_channels(fields, path, "opt_out_channels", mistakes)
    preference = None
    if fields.get("preference") not in (None, ""):
        preference = _preference(fields, path, mistakes, Preference.OPT_IN, Preference.OPT_OUT)
    elif opt_in is not None or opt_out is not None:
        preference = Preference.OPT_IN
    elif fields.keys().isdisjoint({"digest_schedule", "properties"}):
        mistakes.add(join(path, "preference"), "must be opt_in or opt_out")
    if opt_in is not None and opt_out is not None:
        mistakes.add(join(path, "opt_in_channels"), "must not be given together with opt_out_channels")
    return SetCategory(
        category=slug,
        preference=preference,
        opt_in_channels=opt_in,
        opt_out_channels=opt_out,
        digest_schedule=read_choice(fields["digest_schedule"], join(path, "digest_schedule"), mistakes)
        if "digest_schedule" in fields
        else UNSET,
        properties=read_values(fields["properties"], join(path, "properties"), mistakes)
        if "properties" in fields
        else UNSET,
    )


def _preference(fields: dict[str, Json], path: str, mistakes: Mistakes, *allowed: Preference) -> Preference | None:
    """Return the preference, which must be one of those that are allowed."""
    value = fields["preference"]
    if type(value) is str and value in allowed:
        return Preference(value)
    mistakes.add(join(path, "preference"), f"must be one of {', '.join(allowed)}")
    return None
