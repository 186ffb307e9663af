"""Console users, their roles and their workspaces, as plain frozen records."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a console user may do in a workspace: look, or also make changes."""

    VIEWER = "viewer"
    EDITOR = "editor"


@dataclass(frozen=True, slots=True)
class ConsoleUser:
    """A person who may sign in; without a password, only with a one-time link."""

    console_user_id: int
    name: str
    password_hash: str | None = field(repr=False)
    session_epoch: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """A workspace that a console user may see."""

    workspace_id: int
    workspace_name: str
    role: Role
