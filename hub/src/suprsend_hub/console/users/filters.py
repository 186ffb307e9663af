"""Read the filters of the users' table from the address of the page, and write them back to it. Pure.

The address contains the whole view, so you can share and bookmark it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from suprsend_hub.console.formats import channel_name
from suprsend_hub.console.paths import Paths
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.feedback import FeedbackEvent
from suprsend_hub.domain.ids import check_list_id, check_object_id, check_object_type
from suprsend_hub.domain.wire import CHANNELS, DISABLED, INACTIVE, INBOX
from suprsend_hub.service.console_search import UserFilter

FILTER_CHANNELS = tuple(channel for channel in CHANNELS if channel != INBOX)
STATES = (INACTIVE, DISABLED, *map(str, FeedbackEvent))
FIELDS = ("channel", "state", "list", "object", "created_from", "created_to", "updated_from", "updated_to")
MAX_PREFIX_CHARS = 255
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter: its label, and the address of the view without it."""

    label: str
    without: str


@dataclass(frozen=True, slots=True)
class View:
    """The filters of a page: as typed, as passed to the search, and the errors by field."""

    typed: Mapping[str, str]
    wanted: UserFilter
    errors: Mapping[str, str]

    def chips(self, paths: Paths) -> list[Chip]:
        """Return a chip for each filter, with the address that removes it."""
        chips = []
        for field, value in self.typed.items():
            if field != "q" and field not in self.errors:
                others = {name: text for name, text in self.typed.items() if name != field}
                chips.append(Chip(_label(field, value), paths.users(**others)))
        return chips


def read_view(query: Mapping[str, str]) -> View:
    """Read the query string; leave out and report a filter that cannot be understood."""
    typed = {name: query[name].strip() for name in ("q", *FIELDS) if query.get(name, "").strip()}
    errors: dict[str, str] = {}
    prefix = typed.get("q", "")
    if len(prefix) > MAX_PREFIX_CHARS or "\x00" in prefix:
        errors["q"] = f"Enter at most {MAX_PREFIX_CHARS} characters."
        prefix = ""
    values: dict[str, object] = {}
    for field, text in typed.items():
        if field != "q":
            try:
                values[field] = _read(field, text)
            except (InvalidRequest, ValueError) as error:
                errors[field] = error.message if isinstance(error, InvalidRequest) else str(error)
    wanted = UserFilter(
        prefix=prefix,
        channel=values.get("channel"),  # type: ignore[arg-type]  # _read gives each field its type
        state=values.get("state"),  # type: ignore[arg-type]
        list_id=values.get("list"),  # type: ignore[arg-type]
        object=values.get("object"),  # type: ignore[arg-type]
        created_from=values.get("created_from"),  # type: ignore[arg-type]
        created_until=values.get("created_to"),  # type: ignore[arg-type]
        updated_from=values.get("updated_from"),  # type: ignore[arg-type]
        updated_until=values.get("updated_to"),  # type: ignore[arg-type]
    )
    return View(typed, wanted, errors)


def _read(field: str, text: str) -> object:
    match field:
        case "channel":
            return _one_of(text, FILTER_CHANNELS)
        case "state":
            return _one_of(text, STATES)
        case "list":
            return check_list_id(text)
        case "object":
            object_type, slash, object_id = text.partition("/")
            if not slash:
                raise ValueError("Enter type/id, such as teams/42.")
            return check_object_type(object_type), check_object_id(object_id)
        case _:
            return _day(text) + (_DAY if field.endswith("_to") else timedelta(0))


def _one_of(text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise ValueError(f"Choose one of {', '.join(choices)}.")
    return text


def _day(text: str) -> datetime:
    try:
        moment = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError("Enter a day, such as 2025-01-31.") from error
    if not 1971 <= moment.year <= 9000:
        raise ValueError("This day is out of range.")
    return moment


def _label(field: str, value: str) -> str:
    match field:
        case "channel":
            return f"has {channel_name(value)}"
        case "state":
            return f"channel {value}"
        case "list":
            return f"in list {value}"
        case "object":
            return f"subscribed to {value}"
        case _:
            name, _, end = field.partition("_")
            return f"{name} {'from' if end == 'from' else 'up to'} {value}"
