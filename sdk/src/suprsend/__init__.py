"""SDK of a recipient directory: users, objects and lists, with SuprSend's Python interface."""

import logging as _logging

from suprsend._answers import (
    Affected,
    Brand,
    Done,
    Draft,
    EventAnswer,
    Identity,
    Member,
    Membership,
    ObjectProfile,
    OffsetMeta,
    OffsetPage,
    Page,
    PageMeta,
    SocialLinks,
    SubscribedTo,
    SubscriberList,
    Subscription,
    Subscriptions,
    Tenant,
    TenantPart,
    TenantUser,
    UserProfile,
)
from suprsend._async._bulk import AsyncBulkRun, AsyncBulkUsersEdit
from suprsend._async._client import AsyncSuprsend
from suprsend._bulk import BulkProgress, BulkResponse, Outcome
from suprsend._edits import ObjectEdit, UserEdit
from suprsend._errors import (
    InputValueError,
    SuprsendAPIException,
    SuprsendAuthenticationError,
    SuprsendConfigError,
    SuprsendConflictError,
    SuprsendError,
    SuprsendNotFoundError,
    SuprsendPermissionError,
    SuprsendRateLimitError,
    SuprsendRefusedError,
    SuprsendResponseError,
    SuprsendTooLargeError,
    SuprsendTransportError,
    SuprsendUnavailableError,
    SuprsendValidationError,
)
from suprsend._response import Response
from suprsend._sync._bulk import BulkRun, BulkUsersEdit
from suprsend._sync._client import Suprsend
from suprsend._types import AppInfo, AsyncTransport, Transport
from suprsend._unsupported import Event, SubscriberListBroadcast, Workflow, WorkflowTriggerRequest
from suprsend._version import __version__

__all__ = [
    "Affected",
    "AppInfo",
    "AsyncBulkRun",
    "AsyncBulkUsersEdit",
    "AsyncSuprsend",
    "AsyncTransport",
    "Brand",
    "BulkProgress",
    "BulkResponse",
    "BulkRun",
    "BulkUsersEdit",
    "Done",
    "Draft",
    "Event",
    "EventAnswer",
    "Identity",
    "InputValueError",
    "Member",
    "Membership",
    "ObjectEdit",
    "ObjectProfile",
    "OffsetMeta",
    "OffsetPage",
    "Outcome",
    "Page",
    "PageMeta",
    "Response",
    "SocialLinks",
    "SubscribedTo",
    "SubscriberList",
    "SubscriberListBroadcast",
    "Subscription",
    "Subscriptions",
    "Suprsend",
    "SuprsendAPIException",
    "SuprsendAuthenticationError",
    "SuprsendConfigError",
    "SuprsendConflictError",
    "SuprsendError",
    "SuprsendNotFoundError",
    "SuprsendPermissionError",
    "SuprsendRateLimitError",
    "SuprsendRefusedError",
    "SuprsendResponseError",
    "SuprsendTooLargeError",
    "SuprsendTransportError",
    "SuprsendUnavailableError",
    "SuprsendValidationError",
    "Tenant",
    "TenantPart",
    "TenantUser",
    "Transport",
    "UserEdit",
    "UserProfile",
    "Workflow",
    "WorkflowTriggerRequest",
    "__version__",
]

_logging.getLogger("suprsend").addHandler(_logging.NullHandler())
