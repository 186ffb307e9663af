"""What the pages of a recipient share: their two paths, the recipient of the address, its header and tabs."""

from typing import Any, Final, NamedTuple

from litestar import Response

from suprsend_hub.console.paths import segment
from suprsend_hub.console.rendering import page
from suprsend_hub.console.requests import HubRequest
from suprsend_hub.console.rows import name_of
from suprsend_hub.console.successors import successor_of
from suprsend_hub.console.visits import Desk
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import NotFound
from suprsend_hub.domain.profile import decode_profile
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile

_NOTICES = {
    "created": "The user has been created.",
    "saved": "Saved.",
    "unchanged": "Saved. Nothing changed.",
    "subscribed": "Subscribed.",
    "unsubscribed": "The subscription has been ended.",
}


class Tab(NamedTuple):
    """A tab of a recipient's page: its path, which the first one does not have, and its label."""

    path: str
    label: str


_TABS: Final = (
    (Tab("", "Profile"), {True, False}),
    (Tab("history", "History"), {True, False}),
    (Tab("tenants", "Tenants"), {True}),
    (Tab("preferences", "Preferences"), {True, False}),
    (Tab("subscribers", "Subscribers"), {False}),
    (Tab("subscriptions", "Objects"), {True, False}),
    (Tab("lists", "Lists"), {True}),
    (Tab("rejected", "Rejected"), {True, False}),
    (Tab("json", "JSON"), {True, False}),
)
"""With each tab, whether it is for users (True), objects (False) or both."""


class UnknownRecipient(NotFound):
    """The address of the page names a user or object that does not exist. `detail` may say what became of it."""

    def __init__(self, desk: Desk, key: RecipientKey, error: NotFound) -> None:
        super().__init__(error.message, code=error.code, detail=error.detail)
        self.desk = desk
        self.key = key


def both(tab: str = "") -> list[str]:
    """Return the two paths of a page that users and objects share."""
    return [
        f"/w/{{workspace:str}}/users/{{recipient_id:str}}/{tab}",
        f"/w/{{workspace:str}}/objects/{{object_type:str}}/{{recipient_id:str}}/{tab}",
    ]


def key_of(desk: Desk) -> RecipientKey:
    """Return the recipient that the page's address names."""
    parameters = desk.request.path_params
    object_type = parameters.get("object_type")
    return RecipientKey(
        desk.workspace_id,
        "" if object_type is None else _named(segment(object_type)),
        _named(segment(parameters["recipient_id"])),
    )


def _named(text: str) -> str:
    if not text or "\x00" in text:
        raise NotFound(
            "Not found. This address names no user or object; start from the table of users.", code=Code.NOT_FOUND
        )
    return text


async def read_recipient(desk: Desk) -> StoredProfile:
    """Return the recipient that the page's address names; UnknownRecipient if there is none."""
    key = key_of(desk)
    try:
        return await desk.services.recipients.get(key)
    except NotFound as error:
        raise UnknownRecipient(desk, key, error) from error


def show_unknown(_request: HubRequest, error: Exception) -> Response[bytes]:
    """Say that there is no such recipient, and where the user went if that is known."""
    assert isinstance(error, UnknownRecipient)
    return page(
        error.desk, "recipient/unknown.html", status=404, section="users" if error.key.is_user else "objects",
        key=error.key, successor=successor_of(error), notice=None,
    )  # fmt: skip


def recipient_page(
    desk: Desk, stored: StoredProfile, template: str, *, tab: str, status: int = 200, **context: Any
) -> Response[bytes]:
    """Return a page about a recipient, with the values of its header. `tab`: the path of its tab, "" for the first."""
    profile = decode_profile(stored.properties, stored.channels)
    done = desk.request.query_params.get("done", "")
    return page(
        desk, template, status=status, section="users" if stored.key.is_user else "objects", key=stored.key,
        stored=stored, profile=profile, name=name_of(profile.properties), tab=tab, notice=_NOTICES.get(done),
        tabs=[each for each, kinds in _TABS if stored.key.is_user in kinds], **context,
    )  # fmt: skip
