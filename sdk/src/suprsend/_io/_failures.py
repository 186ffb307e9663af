"""Turn failures on the way to the hub and back into errors of the SDK."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpcore2

from suprsend._errors import SuprsendError, SuprsendTransportError

if TYPE_CHECKING:
    from suprsend._proxies import ProxyChoice

_LIBRARY = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    httpcore2.UnsupportedProtocol,
)
# Packages that work below httpcore2. An exception of any other is not a failure of the call: a soft time limit of
# Celery, or the exception of a signal handler, is raised wherever the program is.
_BELOW = frozenset(
    {"builtins", "socket", "ssl", "select", "asyncio", "concurrent", "httpcore2", "h11", "anyio", "socksio"}
)


def is_orderly(error: BaseException) -> bool:
    """Tell whether httpcore2 or the SDK raised the error, so that the pool still counts its connections correctly."""
    return isinstance(error, (*_LIBRARY, SuprsendError))


def translated(
    error: BaseException, hub: str, proxy: ProxyChoice | None, timeout_s: tuple[float, float], *, sent: bool
) -> SuprsendTransportError | None:
    """Return the error to raise instead, or None for an exception that is not a failure of the call.

    Args:
        error: what was raised while a request was sent or its answer was read.
        hub: the address of the hub.
        proxy: the proxy of the request, if any.
        timeout_s: seconds to connect, and for the answer.
        sent: whether the request may have left this machine.
    """
    if isinstance(error, (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.ProxyError)):
        return _no_connection(error, hub, proxy, timeout_s[0])
    if isinstance(error, httpcore2.PoolTimeout):
        text = f"all connections of this client were busy for {timeout_s[1]:g} s; make fewer calls at the same time"
        return SuprsendTransportError(text, maybe_applied=False)
    if isinstance(error, (httpcore2.LocalProtocolError, httpcore2.UnsupportedProtocol)):
        text = f"the request to {hub} cannot be sent ({_named(error)})"
        return SuprsendTransportError(text, maybe_applied=sent, retryable=False)
    if isinstance(error, httpcore2.TimeoutException):
        return SuprsendTransportError(
            f"no answer from {hub} ({type(error).__name__} after {timeout_s[1]:g} s); the call may have been applied"
        )
    if isinstance(error, (httpcore2.NetworkError, httpcore2.ProtocolError)):
        return SuprsendTransportError(f"no answer from {hub} ({_named(error)}); the call may have been applied")
    if isinstance(error, Exception) and type(error).__module__.partition(".")[0].lstrip("_") in _BELOW:
        return _unexpected(error, hub, sent=sent)
    return None


def refused_by_proxy(hub: str, proxy: ProxyChoice) -> SuprsendTransportError:
    """Return the error for a proxy that requires a user name and a password."""
    text = f"{proxy} requires a valid user name and password (407); it did not forward the call to {hub}"
    return SuprsendTransportError(text, maybe_applied=False, retryable=False)


def _no_connection(error: Exception, hub: str, proxy: ProxyChoice | None, timeout_s: float) -> SuprsendTransportError:
    cause = error.args[0] if error.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        return SuprsendTransportError(
            f"the certificate of {hub} is not trusted ({cause.verify_message}); if it is signed by your own authority, "
            "pass the authority's certificate as verify, or set the environment variable SSL_CERT_FILE",
            maybe_applied=False,
            retryable=False,
        )
    if isinstance(cause, ssl.SSLError) and "WRONG_VERSION_NUMBER" in str(cause):
        text = f"{hub} does not use TLS; should base_url start with http instead of https?"
        return SuprsendTransportError(text, maybe_applied=False, retryable=False)
    late = isinstance(error, httpcore2.TimeoutException)
    reason = f"{type(error).__name__} after {timeout_s:g} s" if late else _named(error)
    if proxy is None:
        return SuprsendTransportError(f"no connection to {hub} ({reason}); is the hub running?", maybe_applied=False)
    text = f"no connection to {hub} through {proxy} ({reason})"
    # A proxy that refuses does so again; one that cannot reach the hub may do so in a moment.
    final = isinstance(error, httpcore2.ProxyError) and str(error)[:3] in {"401", "403", "405", "407"}
    return SuprsendTransportError(text, maybe_applied=False, retryable=not final)


def _unexpected(error: Exception, hub: str, *, sent: bool) -> SuprsendTransportError:
    effect = "; the call may have been applied" if sent else "; nothing was sent"
    text = f"the call to {hub} failed unexpectedly ({_named(error)}){effect}"
    return SuprsendTransportError(text, maybe_applied=sent, retryable=isinstance(error, OSError))


def _named(error: Exception) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
