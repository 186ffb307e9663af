# Generated from _async/_client.py by tools/make_sync.py. Change that file, then run the tool.
"""The client: how it is made and closed, and the sub-APIs that it carries."""

from __future__ import annotations

import copy
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, Self

from suprsend import _encoding, _requests
from suprsend._errors import SuprsendConfigError, SuprsendValidationError
from suprsend._io._http import HTTP
from suprsend._limits import MAX_RETRIES
from suprsend._retry import RetryPolicy
from suprsend._settings import ClientBase, check_network, retries, timeouts
from suprsend._sync._lists import SubscriberListsApi
from suprsend._sync._objects import ObjectsApi
from suprsend._sync._sender import Sender
from suprsend._sync._subscribers import BulkSubscribersFactory, SubscriberFactory
from suprsend._sync._tenants import BrandsApi, TenantsApi
from suprsend._sync._users import UsersApi
from suprsend._unsupported import UnsupportedApi, refuse

if TYPE_CHECKING:
    from typing_extensions import deprecated  # every type checker has it; nothing needs it at run time
else:
    from suprsend._types import deprecated

if TYPE_CHECKING:
    from types import TracebackType

    from suprsend._certificates import Verify
    from suprsend._response import Response
    from suprsend._types import AppInfo, Transport

logger = logging.getLogger("suprsend")


class Suprsend(ClientBase):
    """Client of one workspace.

    Args:
        workspace_key, workspace_secret: credentials; requests are signed with the secret, which never travels.
        base_url: address of the hub; else the variable ``SUPRSEND_BASE_URL``, else ``http://127.0.0.1:7877/``.
        debug: log each request at DEBUG on the logger ``suprsend``: sizes and statuses, no bodies, no credentials.
        app_info: name and version of your application, for the user agent.
        strict: raise InputValueError at the call that makes a mistake, instead of warning about it.
        timeout: seconds to wait for an answer, or a pair (connect, read); 5 and 30 by default.
        max_retries: repetitions of a call that failed for a passing reason and may safely be repeated.
        transport: carries the requests instead of the client's own connections, for tests and special networks.
        verify: certificate authorities to trust: the path of a file or folder, or an ``ssl.SSLContext``; else the
            variables ``SSL_CERT_FILE``, ``SSL_CERT_DIR``, ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE``, else the system.

    A client keeps connections open: use it for many calls, close it with ``close`` or use it as a context manager.
    It may be used after a fork, and by several tasks at the same time.

    Raises:
        SuprsendConfigError: a credential is missing, or the base URL is unusable.
    """

    def __init__(
        self,
        workspace_key: str,
        workspace_secret: str,
        base_url: str | None = None,
        debug: bool = False,
        app_info: AppInfo | None = None,
        *,
        strict: bool = False,
        timeout: float | tuple[float, float] | None = None,
        max_retries: int = MAX_RETRIES,
        transport: Transport | None = None,
        verify: Verify = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            workspace_key, workspace_secret, None, None, base_url, debug=debug, app_info=app_info, strict=strict
        )
        self._start(timeout, max_retries, transport, verify, kwargs)

    @classmethod
    def with_workspace_api_key(
        cls,
        workspace_uid: str,
        api_key: str,
        base_url: str | None = None,
        debug: bool = False,
        app_info: AppInfo | None = None,
        *,
        strict: bool = False,
        timeout: float | tuple[float, float] | None = None,
        max_retries: int = MAX_RETRIES,
        transport: Transport | None = None,
        verify: Verify = None,
        **kwargs: Any,
    ) -> Self:
        """Return a client that authenticates with an API key instead of key and secret; other arguments as above."""
        client = cls.__new__(cls)
        ClientBase.__init__(
            client, None, None, workspace_uid, api_key or "", base_url, debug=debug, app_info=app_info, strict=strict
        )
        client._start(timeout, max_retries, transport, verify, kwargs)  # noqa: SLF001  # an instance of this class
        return client

    def _start(
        self,
        timeout: float | tuple[float, float] | None,
        max_retries: int,
        transport: Transport | None,
        verify: Verify,
        unknown: dict[str, Any],
    ) -> None:
        if unknown:
            text = f"unknown arguments of {type(self).__name__}: {', '.join(sorted(unknown))}"
            if self.strict:
                raise SuprsendConfigError(text)
            logger.warning("%s; they are ignored", text)
        if transport is None:
            check_network(self._address, verify)
            transport = HTTP(verify)
        elif verify is not None:
            raise SuprsendConfigError("verify is for the client's own connections, transport brings others")
        policy = RetryPolicy(max_retries=retries(max_retries))
        self._caller = Sender(self._signer, self._address, transport, timeouts(timeout), policy)
        self._make_apis()

    def _make_apis(self) -> None:
        self.users = UsersApi(self)
        self.objects = ObjectsApi(self)
        self.subscriber_lists = SubscriberListsApi(self)
        self.tenants = TenantsApi(self)
        self.brands = BrandsApi(self)
        # Names only: what they stand for is sending.
        self.messages = UnsupportedApi("messages")
        self.workflows = UnsupportedApi("workflows")
        self.bulk_events = UnsupportedApi("bulk_events")
        self.bulk_workflows = UnsupportedApi("bulk_workflows")

    @property
    @deprecated("use client.users.get_edit_instance(id) and client.users.async_edit(user)")
    def user(self) -> SubscriberFactory:
        """Deprecated: use ``client.users``."""
        return SubscriberFactory(self)

    @property
    @deprecated("use client.users.get_bulk_edit_instance()")
    def bulk_users(self) -> BulkSubscribersFactory:
        """Deprecated: use ``client.users.get_bulk_edit_instance``."""
        return BulkSubscribersFactory(self)

    def with_options(
        self, *, timeout: float | tuple[float, float] | None = None, max_retries: int | None = None
    ) -> Self:
        """Return a client that shares the connections of this one and differs in timeout or retries.

        For a single call: ``client.with_options(timeout=2).users.get("user-1")``.
        """
        other = copy.copy(self)
        caller = copy.copy(self._caller)
        if timeout is not None:
            caller.timeout_s = timeouts(timeout)
        if max_retries is not None:
            caller.policy = replace(caller.policy, max_retries=retries(max_retries))
        other._caller = caller  # noqa: SLF001  # an instance of this class, here and below
        other._make_apis()  # noqa: SLF001
        return other

    # -- life

    def close(self) -> None:
        """Close the connections; the client cannot be used any more."""
        self._caller.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- names only: what they stand for is sending

    def track_event(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise SuprsendError: this hub sends nothing."""
        del args, kwargs
        refuse("track_event")

    def track(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise SuprsendError: this hub sends nothing."""
        del args, kwargs
        refuse("track")

    def trigger_workflow(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise SuprsendError: this hub sends nothing."""
        del args, kwargs
        refuse("trigger_workflow")

    def add_attachment(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise SuprsendError: this hub sends nothing."""
        del args, kwargs
        refuse("add_attachment")

    # -- requests

    def request(self, method: str, url: str, body: Any = None) -> Response:
        """Send any request to the hub and return the response, whatever its status.

        Args:
            method: HTTP method.
            url: full address, percent-encoded, below ``base_url``.
            body: what to send as JSON; None and ``""`` send nothing.

        Raises:
            SuprsendTransportError: no answer came.
            SuprsendValidationError: the address is not below ``base_url``, or the method is not one.
        """
        return self._caller.attempt(_requests.Request(_method(method), self._path_of(url), _content(method, body)))

    def prepare_request(self, method: str, url: str, body: Any = None) -> tuple[dict[str, str], str]:
        """Return the headers and the body text with which a request would be sent."""
        content = _content(method, body)
        return self._signer.headers(method, self._address.prefix + self._path_of(url), content), content.decode()

    def _path_of(self, url: str) -> str:
        if not isinstance(url, str) or not url.startswith(self.base_url):
            raise SuprsendValidationError("url must start with the base_url of the client")
        path = url[len(self.base_url) :]
        if not path.isascii() or not path.isprintable() or " " in path:
            raise SuprsendValidationError("url must be percent-encoded: it contains a blank or what is not ASCII")
        return path


def _method(method: str) -> str:
    if not isinstance(method, str) or not method.isascii() or not method.isalpha():
        raise SuprsendValidationError("method must be an HTTP method, such as GET")
    return method


def _content(method: str, body: Any) -> bytes:
    return b"" if method == "GET" or body is None or body == "" else _encoding.encode(body, "body")
