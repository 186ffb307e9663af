"""Sign and verify requests with HMAC (scheme A of the wire contract), for every string that a client may have signed.

Pure: secret and raw request go in, a verdict comes out. All vectors of `contract/vectors/hmac_*.json` are tests.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode

JSON_CONTENT_TYPES = ("application/json; charset=utf-8", "application/json")
"""Tried in turn for a request without a body whose Content-Type an intermediary has removed."""


def sign(secret: bytes, *, method: str, body: bytes, content_type: str, date: str, path: bytes) -> bytes:
    """Return the signature in base64, as sent. `path` is path and query as the client signed them."""
    return _sign(secret, method, _body_md5(body), content_type, date, path)


def _sign(secret: bytes, method: str, body_md5: str, content_type: str, date: str, path: bytes) -> bytes:
    head = f"{method.upper()}\n{body_md5}\n{content_type}\n{date}\n"
    # Header values reach us as Latin-1; the signer saw the same bytes.
    return b64encode(hmac.digest(secret, head.encode("latin-1", "replace") + path, "sha256"))


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
) -> bool:
    """Tell whether `signature` is valid for this request, with any of the paths that official SDKs sign.

    Each candidate is compared in constant time, and a wrong signature is compared with all of them. A valid signature
    ends the search. The time reveals only which path the client signed, which the client knows.
    """
    given = signature.encode("latin-1", "replace")
    body_md5 = _body_md5(body)
    content_types = (content_type,) if content_type is not None else JSON_CONTENT_TYPES
    return any(
        hmac.compare_digest(_sign(secret, method, body_md5, candidate, date, path), given)
        for path in _candidate_paths(raw_path, query)
        for candidate in content_types
    )


def _candidate_paths(raw_path: bytes, query: bytes) -> Iterator[bytes]:
    """Yield the raw target (Python, Node, Java), the same with a lone `?`, and decoded path with sorted query (Go)."""
    target = raw_path + b"?" + query if query else raw_path
    yield target
    if not query:
        yield raw_path + b"?"  # the server drops a `?` without query, so what the client had is unknown
    decoded = unquote_to_bytes(raw_path)
    if query:
        pairs = sorted(
            parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1"), key=lambda pair: pair[0]
        )
        decoded += b"?" + urlencode(pairs, encoding="latin-1").encode()
    if decoded != target:
        yield decoded
