"""Read the `Authorization` header, and verify HMAC signatures for every string that a client may have signed.

Pure: secret and raw request go in, a verdict comes out. All vectors of `contract/vectors/hmac_*.json` are tests.
"""

import hashlib
import hmac
import re
from binascii import b2a_base64
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode

import msgspec

from suprsend_hub.api.request_date import parse_request_date
from suprsend_hub.domain.actor import ActorKind
from suprsend_hub.service.credentials import Presented

JSON_CONTENT_TYPES = ("application/json; charset=utf-8", "application/json")
"""Tried in turn for a request without a body whose Content-Type an intermediary has removed."""

_AMBIGUOUS = re.compile(rb"\?|%[0-9A-Fa-f]{2}")
"""What a decoded path must not contain, because it means something else in a raw one."""


def read_authorization(header: str | None, *, takes_service_tokens: bool) -> tuple[Presented | None, str]:
    """Return the key that a request names, None if there is none, and its signature, '' with an API key.

    `takes_service_tokens`: an API key may come behind `ServiceToken`, as calls of the management API send it.
    """
    text = (header or "").strip()
    if " " in text:
        scheme, _, rest = text.partition(" ")
        is_service_token = scheme.lower() == "servicetoken"
        if scheme.lower() == "bearer" or (is_service_token and takes_service_tokens):
            return Presented(ActorKind.API_KEY, rest.strip()), ""
        if is_service_token:
            return None, ""
    key, _, signature = text.rpartition(":")
    return Presented(ActorKind.SIGNED_CLIENT, key), signature


class SignedRequest(msgspec.Struct):
    """A signature and the parts of the request that it covers, all as received.

    `is_go`: whether the client says that it is Go's SDK, which signs the decoded path.
    """

    signature: str
    method: str
    raw_path: bytes
    query: bytes
    body: bytes
    content_type: str | None
    date: str
    is_go: bool = False

    def __repr__(self) -> str:
        return f"SignedRequest(method={self.method!r}, raw_path={self.raw_path!r})"  # not the signature

    def is_made_with(self, secret: bytes) -> bool:
        """Tell whether the secret signed the request, with any of the paths that official SDKs sign.

        Each candidate is compared in constant time, and a wrong signature is compared with all of them. A valid
        signature ends the search. The time reveals only which path the client signed, which the client knows.
        """
        given = self.signature.encode("latin-1", "replace")
        heads = self._candidate_heads()
        for path in _candidate_paths(self.raw_path, self.query, is_go=self.is_go):
            for head in heads:
                if hmac.compare_digest(_sign(secret, head, path), given):
                    return True
        return False

    def _candidate_heads(self) -> list[bytes]:
        """Return the bytes before the path that may have been signed.

        Header values reach us as Latin-1, as most clients send them. In a program whose locale has set the names of
        months, the official Python SDK sends a Date such as `04 Mär 2026` in Latin-1 and signs it in UTF-8.
        """
        body_md5 = _body_md5(self.body)
        content_types = JSON_CONTENT_TYPES if self.content_type is None else (self.content_type,)
        heads = []
        for content_type in content_types:
            head = _head(self.method, body_md5, content_type, self.date)
            heads.append(head.encode("latin-1", "replace"))
            if not head.isascii():
                heads.append(head.encode("utf-8"))
        return heads

    def made_at(self) -> datetime | None:
        """Return the Date of the request; None if it cannot be read."""
        return parse_request_date(self.date)


def sign(secret: bytes, *, method: str, body: bytes, content_type: str, date: str, path: bytes) -> bytes:
    """Return the signature in base64, as sent. `path` is path and query as the client signed them."""
    head = _head(method, _body_md5(body), content_type, date)
    return _sign(secret, head.encode("latin-1", "replace"), path)


def _sign(secret: bytes, head: bytes, path: bytes) -> bytes:
    signature = _prepared(secret).copy()
    signature.update(head + path)
    return b2a_base64(signature.digest(), newline=False)


@lru_cache(maxsize=256)
def _prepared(secret: bytes) -> hmac.HMAC:
    """Return the signature of nothing, to be copied and continued, which takes half the time of a new one.

    Secrets stay here for as long as they are among the last 256. Whether one is valid is decided at each request.
    """
    return hmac.new(secret, digestmod="sha256")


def _head(method: str, body_md5: str, content_type: str, date: str) -> str:
    return f"{method.upper()}\n{body_md5}\n{content_type}\n{date}\n"


def _body_md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest() if body else ""


def verify(
    secret: bytes,
    signature: str,
    *,
    method: str,
    raw_path: bytes,
    query: bytes,
    body: bytes,
    content_type: str | None,
    date: str,
    is_go: bool = False,
) -> bool:
    """Tell whether `signature` is valid for a request of these parts."""
    return SignedRequest(signature, method, raw_path, query, body, content_type, date, is_go).is_made_with(secret)


def _candidate_paths(raw_path: bytes, query: bytes, *, is_go: bool) -> Iterator[bytes]:
    """Yield the raw target (Python, Node, Java), the same with a lone `?`, and decoded path with sorted query (Go).

    A decoded path that is the raw path of something else is left out unless the client says that it is Go's SDK: with
    it, the signature of one target is valid for another one.
    """
    target = raw_path + b"?" + query if query else raw_path
    yield target
    if not query:
        yield raw_path + b"?"  # the server drops a `?` without query, so what the client had is unknown
    decoded = unquote_to_bytes(raw_path)
    if not is_go and (decoded.count(b"/") != raw_path.count(b"/") or _AMBIGUOUS.search(decoded)):
        return
    if query:
        pairs = sorted(
            parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1"), key=lambda pair: pair[0]
        )
        decoded += b"?" + urlencode(pairs, encoding="latin-1").encode()
    if decoded != target:
        yield decoded
