"""Build the paths of the console's pages, and read ids from them.

An id is one segment of a path, with everything but letters, digits and `_.-~` escaped; the hub routes on the raw path.
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
    """Return one escaped path segment."""
    return quote(segment, safe="")


def segment(encoded: str) -> str:
    """Decode a path segment; InvalidRequest if it is not UTF-8."""
    try:
        return unquote_to_bytes(encoded.encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest("The address of this page is not UTF-8.", code=Code.INVALID_PATH) from error


def with_query(path: str, **query: object) -> str:
    """Return the path with the non-empty query parameters, names without a trailing `_`."""
    given = {name.rstrip("_"): str(value) for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of one workspace's pages."""

    workspace_name: str

    @property
    def root(self) -> str:
        """Return the prefix of all pages of the workspace."""
        return f"{ROOT}w/{escaped(self.workspace_name)}/"

    def users(self, **query: object) -> str:
        """Return the path of the table of users; `q` is the text of the search box."""
        return with_query(f"{self.root}users/", **query)

    def find(self, **query: object) -> str:
        """Return the target of the search box, which opens an exact match or else lists the ids with that prefix."""
        return with_query(f"{self.root}find/", **query)

    def new_user(self, **query: object) -> str:
        """Return the path of the form that creates a user."""
        return with_query(f"{self.root}new-user/", **query)

    def user(self, distinct_id: str) -> str:
        """Return the path of a user's page."""
        return f"{self.root}users/{escaped(distinct_id)}/"

    def recipient(self, key: RecipientKey, tab: str = "", **query: object) -> str:
        """Return the path of a user's or object's page, or of one of its tabs."""
        base = self.user(key.recipient_id) if key.is_user else self.object_(key.object_type, key.recipient_id)
        return with_query(f"{base}{tab}/" if tab else base, **query)

    def objects(self, object_type: str = "", **query: object) -> str:
        """Return the path of the object types, or of the objects of one type."""
        base = f"{self.root}objects/"
        return with_query(f"{base}{escaped(object_type)}/" if object_type else base, **query)

    def object_(self, object_type: str, object_id: str) -> str:
        """Return the path of an object's page."""
        return f"{self.root}objects/{escaped(object_type)}/{escaped(object_id)}/"

    def lists(self, **query: object) -> str:
        """Return the path of the subscriber lists."""
        return with_query(f"{self.root}lists/", **query)

    def list_(self, list_id: str, tab: str = "", **query: object) -> str:
        """Return the path of a list's page."""
        base = f"{self.root}lists/{escaped(list_id)}/"
        return with_query(f"{base}{tab}/" if tab else base, **query)

    def user_tenant(self, distinct_id: str, tenant_id: str) -> str:
        """Return the path of a user's page within a tenant."""
        return f"{self.user(distinct_id)}tenants/{escaped(tenant_id)}/"

    def tenants(self, **query: object) -> str:
        """Return the path of the tenants."""
        return with_query(f"{self.root}tenants/", **query)

    def tenant(self, tenant_id: str, tab: str = "", **query: object) -> str:
        """Return the path of a tenant's page, or of one of its tabs."""
        base = f"{self.root}tenants/{escaped(tenant_id)}/"
        return with_query(f"{base}{tab}/" if tab else base, **query)

    def categories(self, **query: object) -> str:
        """Return the path of the preference categories; `mode` is that of the document."""
        return with_query(f"{self.root}categories/", **query)

    def rejected(self, **query: object) -> str:
        """Return the path of the log of rejected records."""
        return with_query(f"{self.root}rejected/", **query)

    def credentials(self, tab: str = "") -> str:
        """Return the path of the API keys, or of an action on them."""
        return f"{self.root}credentials/{tab}/" if tab else f"{self.root}credentials/"
