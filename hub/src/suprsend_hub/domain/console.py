"""Who may use the console, and for which workspaces. Plain frozen records; no behaviour beyond the role."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a console user may do in a workspace: look, or also change."""

    VIEWER = "viewer"
    EDITOR = "editor"


@dataclass(frozen=True, slots=True)
class ConsoleUser:
    """A person who may sign in; without a password only by a one-time link."""

    console_user_id: int
    name: str
    password_hash: str | None = field(repr=False)
    session_epoch: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """A workspace that a console user sees."""

    workspace_id: int
    workspace_name: str
    role: Role
