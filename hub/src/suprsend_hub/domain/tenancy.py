"""How users and tenants belong together: what applies to a user within a tenant, and a workspace's rules about it."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec

from .codes import Code
from .errors import InvalidRequest
from .preference_terms import Channel
from .profile import Profile
from .tenant import DEFAULT_TENANT
from .wire import Json


class TenancyMode(StrEnum):
    """With how many tenants a user may be linked."""

    SHARED = "shared"
    EXCLUSIVE = "exclusive"


class FallbackMode(StrEnum):
    """Which channels of the global profile apply within a tenant that has none of its own."""

    ALL = "all"
    ALLOWLIST = "allowlist"


class Tenancy(msgspec.Struct, frozen=True, omit_defaults=True):
    """A workspace's rules about users and tenants.

    `channel_fallback` names the channels of the allowlist. The default tenant, which stands for the application itself,
    falls back on all channels unless `default_tenant_is_limited`.
    """

    mode: TenancyMode = TenancyMode.SHARED
    channel_fallback_mode: FallbackMode = FallbackMode.ALL
    channel_fallback: tuple[Channel, ...] = ()
    default_tenant_is_limited: bool = False

    @property
    def is_exclusive(self) -> bool:
        """Tell whether a user may be linked with one tenant only."""
        return self.mode is TenancyMode.EXCLUSIVE

    def fallback(self, tenant_id: str) -> Callable[[str], bool]:
        """Return a test of channels (`$email`): whether the global one applies within the tenant."""
        is_limited = tenant_id != DEFAULT_TENANT or self.default_tenant_is_limited
        if self.channel_fallback_mode is FallbackMode.ALL or not is_limited:
            return lambda _channel: True
        return frozenset(channel.key for channel in self.channel_fallback).__contains__


MODE: Final = "user_tenancy_mode"
CHANNEL_FALLBACK_MODE: Final = "user_tenancy_channel_fallback_mode"
CHANNEL_FALLBACK: Final = "user_tenancy_channel_fallback"
DEFAULT_TENANT_IS_LIMITED: Final = "user_tenancy_default_tenant_is_limited"


def tenancy_to_wire(tenancy: Tenancy) -> dict[str, Json]:
    """Return the rules as JSON."""
    return {
        MODE: str(tenancy.mode),
        CHANNEL_FALLBACK_MODE: str(tenancy.channel_fallback_mode),
        CHANNEL_FALLBACK: [str(channel) for channel in tenancy.channel_fallback],
        DEFAULT_TENANT_IS_LIMITED: tenancy.default_tenant_is_limited,
    }


SHARED: Final = Tenancy()
"""The rules of a workspace that has not set any."""


def overlay(
    base: Profile, tenant: Profile | None, falls_back: Callable[[str], bool] = lambda _channel: True
) -> Profile:
    """Return what applies to a user within a tenant: the global profile overlaid with the tenant's, shallowly.

    A property or channel of the tenant replaces the global one as a whole. Others fall through, channels only if
    `falls_back` says so. Values are shared with both profiles.
    """
    own = Profile() if tenant is None else tenant
    kept = {channel: identities for channel, identities in base.channels.items() if falls_back(channel)}
    return Profile({**base.properties, **own.properties}, {**kept, **own.channels})


def tied_to_another() -> InvalidRequest:
    """Return the error for a second tenant in a workspace that allows one, in upstream's words."""
    return InvalidRequest(
        "user is already associated with a different tenant; workspace is in exclusive mode",
        code=Code.TIED_TO_ANOTHER_TENANT,
    )


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Tenancy).decode


def encode(tenancy: Tenancy) -> str:
    """Return the rules in storage form."""
    return _encode(tenancy).decode()


def decode(text: str) -> Tenancy:
    """Return the rules from their storage form; raises a msgspec error for a damaged row."""
    return _decode(text)


class TenancyChange(msgspec.Struct, frozen=True):
    """The rules to change; what is None stays."""

    mode: TenancyMode | None = None
    channel_fallback_mode: FallbackMode | None = None
    channel_fallback: tuple[Channel, ...] | None = None
    default_tenant_is_limited: bool | None = None

    def apply(self, tenancy: Tenancy) -> Tenancy:
        """Return the rules after the change."""
        given = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return msgspec.structs.replace(tenancy, **given)
