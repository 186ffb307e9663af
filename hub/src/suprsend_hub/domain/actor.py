"""Who acts: an API key, a signed client, a console user, the command line, or the hub itself.

An `Actor` is the first argument of every service method that changes something. History and audit log keep it.
"""

from enum import StrEnum

import msgspec

CONSOLE_SOURCE = "console: "
"""Begins the source of edits made in the console; no client of the API may call itself so."""


class ActorKind(StrEnum):
    """What sort of actor it is."""

    API_KEY = "api_key"
    SIGNED_CLIENT = "signed_client"
    CONSOLE_USER = "console_user"
    COMMAND_LINE = "command_line"
    HUB = "hub"
    NOBODY = "nobody"
    """Somebody who did not prove who they are: only refused sign-ins have this actor."""


class Scope(StrEnum):
    """What an API key may do. Signed clients have `read` and `write`."""

    READ = "read"
    WRITE = "write"
    MANAGE = "manage"
    """See the audit log, and what else concerns the operation of a workspace."""
    PRIVACY = "privacy"
    """Export and erase people."""


DEFAULT_SCOPES = frozenset({Scope.READ, Scope.WRITE})
"""What a key has unless more is granted; a signed client never has more."""


class Actor(msgspec.Struct, frozen=True):
    """An actor, and how it reached the hub.

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
        """Return through what it acted: the console, or the user agent of a client, or else its label."""
        if self.kind is ActorKind.CONSOLE_USER:
            return f"{CONSOLE_SOURCE}{self.name}"
        return self.user_agent or self.label

    @property
    def label(self) -> str:
        """Return kind and name in one text, as history rows and filters of the audit log write them."""
        return f"{self.kind.value}:{self.name}"


def hub_actor(part: str) -> Actor:
    """Return the actor of what the hub does by itself, for example its sweeper."""
    return Actor(ActorKind.HUB, part)
