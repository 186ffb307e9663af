"""The fold: a profile and the ordered operations of one edit give the next profile. (Types first, rules follow.)"""

from __future__ import annotations

from dataclasses import dataclass

from .profile import Profile
from .wire import Json


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing of an edit that was not applied, and why.

    `ignorable`: PATCH ignores it too (documented upstream); otherwise PATCH answers 400 and applies nothing.
    `operation` holds just the part concerned, secrets masked, storable whatever was sent.
    """

    code: str
    key: str
    message: str
    operation: Json
    ignorable: bool = False


@dataclass(slots=True)
class FoldResult:
    """What an edit makes of a profile.

    `changed`: the profile differs from the one before (None counts as empty). `before`: the previous storage form of
    each key that the edit touched and that existed.
    """

    profile: Profile
    changed: bool
    refusals: list[Refusal]
    before: dict[str, Json]


def fold(profile: Profile | None, operations: Json) -> FoldResult:
    """Apply operations in order."""
    raise NotImplementedError


def upsert_operations(payload: Json) -> list[Json]:
    """Turn the flat body of an upsert into operations; InvalidRequest for wrong types."""
    raise NotImplementedError


def check_patch(payload: Json) -> list[Json]:
    """Return the operations of a PATCH body; InvalidRequest for anything else."""
    raise NotImplementedError


def raise_if_refused(result: FoldResult) -> None:
    """Raise InvalidRequest for the first refusal that PATCH and upsert may not ignore."""
    for refusal in result.refusals:
        if not refusal.ignorable:
            raise NotImplementedError
