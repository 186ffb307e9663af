# Generated from _async/_client.py by tools/make_sync.py. Change that file, then run the tool.
"""The client: how it is created and closed, and its sub-APIs."""

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
    from typing_extensions import deprecated  # type checkers have it, and nothing needs it at run time
else:
    from suprsend._types import deprecated

if TYPE_CHECKING:
    from types import TracebackType

    from suprsend._certificates import Verify
    from suprsend._response import Response
    from suprsend._types import AppInfo, Transport

logger = logging.getLogger("suprsend")


class Suprsend(ClientBase):
    """A client for one workspace.

    Args:
        workspace_key, workspace_secret: your credentials. Requests are signed with the secret, which is never sent.
        base_url: address of the hub. Defaults to the environment variable ``SUPRSEND_BASE_URL``, then to
            ``http://127.0.0.1:7877/``.
        debug: log every request at DEBUG to the logger ``suprsend``: sizes and statuses, no bodies, no credentials.
        app_info: name and version of your application, added to the user agent.
        strict: raise InputValueError at the call that makes a mistake, instead of warning about it.
        timeout: seconds until the answer must be complete, once the request has been sent; or a pair (connect, read).
            The default is 5 seconds to connect and 30 to read.
        max_retries: how often to repeat a call that failed for a transient reason and is safe to repeat.
        transport: sends the requests in place of the client's own connections, for tests and unusual networks.
        verify: the certificate authorities to trust: the path of a file or folder, or an ``ssl.SSLContext``. Defaults
            to the environment variables ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``, then ``REQUESTS_CA_BUNDLE``, then
            ``CURL_CA_BUNDLE``, then the system's authorities.

    A client keeps connections open, so create one and reuse it. Close it with ``close``, or use it as a context
    manager. It is safe to use after a fork and from several tasks at the same time. Copies and pickles of a client open
    connections of their own.

    Raises:
        SuprsendConfigError: a credential is missing, or the base URL, the proxy or the certificates cannot be used.
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
        """Return a client that authenticates with an API key; the other arguments are those of the class."""
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
            text = f"{type(self).__name__} does not know these arguments: {', '.join(sorted(unknown))}"
            if self.strict:
                raise SuprsendConfigError(text)
            logger.warning("%s; they were ignored", text)
        if transport is None:
            check_network(self._address, verify)
            transport = HTTP(verify)
        elif verify is not None:
            raise SuprsendConfigError("pass verify or transport, not both: a transport makes its own connections")
        policy = RetryPolicy(max_retries=retries(max_retries))
        self._caller = Sender(self._signer, self._address, transport, timeouts(timeout), policy)
        self._make_apis()

    def _make_apis(self) -> None:
        self.users = UsersApi(self)
        self.objects = ObjectsApi(self)
        self.subscriber_lists = SubscriberListsApi(self)
        self.tenants = TenantsApi(self)
        self.brands = BrandsApi(self)
        # Present for compatibility only: the hub does not send messages.
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
        """Return a client with another timeout or number of retries, which shares this client's connections.

        For a single call, write ``client.with_options(timeout=2).users.get("user-1")``.
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

    # -- closing

    def close(self) -> None:
        """Close the connections. The client cannot be used afterwards."""
        self._caller.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- present for compatibility only: the hub does not send messages

    def track_event(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise SuprsendError: the hub does not send messages."""
        del args, kwargs
        refuse("track_event")

    def track(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise SuprsendError: the hub does not send messages."""
        del args, kwargs
        refuse("track")

    def trigger_workflow(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise SuprsendError: the hub does not send messages."""
        del args, kwargs
        refuse("trigger_workflow")

    def add_attachment(self, *args: object, **kwargs: object) -> NoReturn:
        """Raise SuprsendError: the hub does not send messages."""
        del args, kwargs
        refuse("add_attachment")

    # -- requests

    def request(self, method: str, url: str, body: Any = None) -> Response:
        """Send a request once and return the response, whatever its status.

        Args:
            method: HTTP method.
            url: full URL below ``base_url``, percent-encoded.
            body: value to send as JSON; with None or ``""`` the request has no body.

        Raises:
            SuprsendTransportError: the hub did not answer.
            SuprsendValidationError: the URL is not below ``base_url``, or the method is not an HTTP method.
        """
        return self._caller.attempt(_requests.Request(_method(method), self._path_of(url), _content(method, body)))

    def prepare_request(self, method: str, url: str, body: Any = None) -> tuple[dict[str, str], str]:
        """Return the headers and the body text that a request would be sent with."""
        content = _content(method, body)
        return self._signer.headers(method, self._address.prefix + self._path_of(url), content), content.decode()

    def _path_of(self, url: str) -> str:
        if not isinstance(url, str) or not url.startswith(self.base_url):
            raise SuprsendValidationError("url must start with the base_url of the client")
        path = url[len(self.base_url) :]
        if not path.isascii() or not path.isprintable() or " " in path:
            raise SuprsendValidationError("url must be percent-encoded: it contains a blank or a non-ASCII character")
        return path


def _method(method: str) -> str:
    if not isinstance(method, str) or not method.isascii() or not method.isalpha():
        raise SuprsendValidationError("method must be an HTTP method, such as GET")
    return method


def _content(method: str, body: Any) -> bytes:
    return b"" if method == "GET" or body is None or body == "" else _encoding.encode(body, "body")
