"""Actors: an API key, a signed client, a console user, the command line, or the hub itself.

An `Actor` is the first argument of every service method that changes something. History and audit log record it. The
steps of the sweeper have none: they only remove what an actor's call, which is in the audit log, has ended already.
"""

from enum import StrEnum

import msgspec

CONSOLE_SOURCE = "console: "
"""Prefix of the source of edits made in the console; no client of the API may use it."""


class ActorKind(StrEnum):
    """Kind of actor."""

    API_KEY = "api_key"
    SIGNED_CLIENT = "signed_client"
    CONSOLE_USER = "console_user"
    COMMAND_LINE = "command_line"
    HUB = "hub"
    NOBODY = "nobody"
    """A visitor who did not prove an identity. Only refused sign-ins have this actor."""


_LABELS = {kind: f"{kind.value}:" for kind in ActorKind}


class Scope(StrEnum):
    """What an API key may do. Signed clients have `read` and `write`."""

    READ = "read"
    WRITE = "write"
    MANAGE = "manage"
    """See the audit log and other information about operating a workspace."""
    PRIVACY = "privacy"
    """Export and erase people."""


DEFAULT_SCOPES = frozenset({Scope.READ, Scope.WRITE})
"""The scopes of a key by default. A signed client always has exactly these."""


class Actor(msgspec.Struct, frozen=True):
    """An actor, and how the request reached the hub.

    `name`: of the API key, the workspace key of a signed client, the console user, the user of the operating system, or
    the part of the hub. `user_agent` is printable and short. `address` is the client's, seen through trusted proxies.
    """

    kind: ActorKind
    name: str
    user_agent: str = ""
    address: str = ""
    request_id: str = ""

    @property
    def source(self) -> str:
        """Return the program that the actor used: the console, or a client's user agent, or else the label."""
        if self.kind is ActorKind.CONSOLE_USER:
            return f"{CONSOLE_SOURCE}{self.name}"
        return self.user_agent or self.label

    @property
    def label(self) -> str:
        """Return kind and name as one text, as in history rows and filters of the audit log."""
        return _LABELS[self.kind] + self.name


def hub_actor(part: str) -> Actor:
    """Return the actor for a part of the hub that acts by itself, such as `dev`, which creates its own workspace."""
    return Actor(ActorKind.HUB, part)
