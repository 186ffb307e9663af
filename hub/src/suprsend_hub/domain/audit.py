"""What the audit log records: every change except profile edits, which are in the history."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from suprsend_hub.domain.actor import Actor
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.wire import Json

HUB_WIDE = 0
"""Used as the workspace of entries about the whole hub, such as console users and sign-ins."""
NAMED_IDS = 20
"""How many ids an entry names if a call changed many records. The entry counts all of them."""


class Action(StrEnum):
    """What was done. The part before the dot is the kind of target."""

    USER_DELETE = "user.delete"
    USER_MERGE = "user.merge"
    USER_UNMERGE = "user.unmerge"
    USER_RENAME = "user.rename"
    OBJECT_DELETE = "object.delete"
    OBJECT_SUBSCRIBE = "object.subscribe"
    OBJECT_UNSUBSCRIBE = "object.unsubscribe"
    LIST_SAVE = "list.save"
    LIST_DELETE = "list.delete"
    LIST_ADD = "list.add"
    LIST_REMOVE = "list.remove"
    LIST_START_SYNC = "list.start_sync"
    LIST_FINISH_SYNC = "list.finish_sync"
    LIST_DELETE_DRAFT = "list.delete_draft"
    USER_UNLINK_TENANT = "user.unlink_tenant"
    TENANT_SAVE = "tenant.save"
    TENANT_DELETE = "tenant.delete"
    CATEGORY_SAVE = "category.save"
    CATEGORY_COMMIT = "category.commit"
    CATEGORY_TRANSLATE = "category.translate"
    TENANT_PREFERENCE = "tenant.preference"
    WORKSPACE_CHANNELS = "workspace.channels"
    WORKSPACE_CREATE = "workspace.create"
    WORKSPACE_LIMIT = "workspace.limit"
    WORKSPACE_CLOCK_SKEW = "workspace.clock_skew"
    WORKSPACE_AFTER_MERGE = "workspace.after_merge"
    WORKSPACE_TENANCY = "workspace.tenancy"
    WORKSPACE_ROTATE_SECRET = "workspace.rotate_secret"  # noqa: S105 - the name of an action
    WORKSPACE_DROP_OLD_SECRET = "workspace.drop_old_secret"  # noqa: S105 - the name of an action
    WORKSPACE_REENCRYPT = "workspace.re_encrypt"
    WORKSPACE_DISABLE = "workspace.disable"
    WORKSPACE_ENABLE = "workspace.enable"
    WORKSPACE_DELETE = "workspace.delete"
    API_KEY_CREATE = "api_key.create"
    API_KEY_SCOPES = "api_key.scopes"
    API_KEY_REVOKE = "api_key.revoke"
    SECRET_REVEAL = "secret.reveal"  # noqa: S105 - the name of an action
    CONSOLE_USER_CREATE = "console_user.create"
    CONSOLE_USER_DELETE = "console_user.delete"
    CONSOLE_USER_PASSWORD = "console_user.password"  # noqa: S105 - the name of an action
    CONSOLE_USER_GRANT = "console_user.grant"
    CONSOLE_USER_REVOKE = "console_user.revoke"
    CONSOLE_USER_LINK = "console_user.link"
    CONSOLE_USER_SIGN_IN = "console_user.sign_in"
    CONSOLE_USER_SIGN_IN_REFUSED = "console_user.sign_in_refused"
    CONSOLE_USER_SIGN_OUT = "console_user.sign_out"
    CONSOLE_USER_SIGN_OUT_EVERYWHERE = "console_user.sign_out_everywhere"
    DATABASE_MIGRATE = "database.migrate"
    DATABASE_REPAIR = "database.repair"
    DATABASE_CLEAN = "database.clean"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a target. `target_id` is '' if the target has no id; `detail` contains no secret."""

    action: Action
    target_id: str
    target_type: str = ""
    """The type of an object. Otherwise '', because the action says what the target is."""
    detail: dict[str, Json] = field(default_factory=dict)

    @classmethod
    def of_recipient(cls, key: RecipientKey, action: Action, **detail: Json) -> "Change":
        """Return a change of a user or an object."""
        return cls(action, key.recipient_id, key.object_type, detail)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry of the log. `count` is more than 1 if equal entries of one minute share a row."""

    audit_id: UUID
    action: str
    target_type: str
    target_id: str
    actor: Actor
    count: int
    detail: str


def some(ids: Sequence[str]) -> dict[str, Json]:
    """Return the detail of a call that changed many records: their number, and the first ids."""
    return {"count": len(ids), "ids": list(ids[:NAMED_IDS])}
