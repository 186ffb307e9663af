"""Addresses of the console's pages, and the reading of ids out of them.

Ids go into a path as one segment, everything but letters, digits and `_.-~` escaped; the hub routes on the raw path.
"""

from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes, urlencode

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.recipient import RecipientKey

ROOT = "/console/"
SIGN_IN = "/console/sign-in/"
SIGN_IN_LINK = "/console/sign-in/link/"
SIGN_OUT = "/console/sign-out/"
THEME = "/console/theme/"


def escaped(segment: str) -> str:
    """One path segment, wholly escaped."""
    return quote(segment, safe="")


def segment(encoded: str) -> str:
    """Read a path segment back; InvalidRequest if it is no UTF-8."""
    try:
        return unquote_to_bytes(encoded.encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest("The address of this page is not UTF-8.", code=Code.INVALID_PATH) from error


def with_query(path: str, **query: object) -> str:
    """The path with the query parameters that are neither None nor empty; a trailing `_` of a name is dropped."""
    given = {name.rstrip("_"): str(value) for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


@dataclass(frozen=True, slots=True)
class Paths:
    """The pages of one workspace."""

    workspace_name: str

    @property
    def root(self) -> str:
        """What all pages of the workspace begin with."""
        return f"{ROOT}w/{escaped(self.workspace_name)}/"

    def users(self, **query: object) -> str:
        """The table of users; `q` is the text of the search box."""
        return with_query(f"{self.root}users/", **query)

    def find(self, **query: object) -> str:
        """Where the search box goes: opens the user that a text names exactly, else shows those that begin so."""
        return with_query(f"{self.root}find/", **query)

    def new_user(self, **query: object) -> str:
        """The form that creates a user."""
        return with_query(f"{self.root}new-user/", **query)

    def user(self, distinct_id: str) -> str:
        """The page of a user."""
        return f"{self.root}users/{escaped(distinct_id)}/"

    def recipient(self, key: RecipientKey, tab: str = "", **query: object) -> str:
        """The page of a user or object, or one of its tabs."""
        base = self.user(key.recipient_id) if key.is_user else self.object_(key.object_type, key.recipient_id)
        return with_query(f"{base}{tab}/" if tab else base, **query)

    def objects(self, object_type: str = "", **query: object) -> str:
        """The types of objects, or the objects of one type."""
        base = f"{self.root}objects/"
        return with_query(f"{base}{escaped(object_type)}/" if object_type else base, **query)

    def object_(self, object_type: str, object_id: str) -> str:
        """The page of an object."""
        return f"{self.root}objects/{escaped(object_type)}/{escaped(object_id)}/"

    def lists(self, **query: object) -> str:
        """The subscriber lists."""
        return with_query(f"{self.root}lists/", **query)

    def list_(self, list_id: str, tab: str = "", **query: object) -> str:
        """The page of a list."""
        base = f"{self.root}lists/{escaped(list_id)}/"
        return with_query(f"{base}{tab}/" if tab else base, **query)

    def rejected(self, **query: object) -> str:
        """The log of rejected records."""
        return with_query(f"{self.root}rejected/", **query)

    def credentials(self, tab: str = "") -> str:
        """The API keys."""
        return f"{self.root}credentials/{tab}/" if tab else f"{self.root}credentials/"
