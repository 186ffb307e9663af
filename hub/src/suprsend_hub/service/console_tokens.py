"""Sign and check the console's session cookies and form tokens. Pure: keys and clock are given.

The signing keys are derived from the master keys, so a hub needs no other secret, and all workers agree.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SESSION_S = 7 * 24 * 3600
"""Lifetime of a session in seconds; activity does not extend it."""

_PAD_BYTES = 12


@dataclass(frozen=True, slots=True)
class Session:
    """The content of a session cookie. The database knows whether its epoch is still the console user's."""

    console_user_id: int
    epoch: int
    expires_at_s: int
    nonce: str


class TokenSigner:
    """Signs with the first key and accepts all, like `SecretBox`, so that the master key can be changed."""

    def __init__(self, master_keys: str) -> None:
        self._keys = [
            HKDF(SHA256(), 32, salt=None, info=b"suprsend-hub console tokens 1").derive(key.strip().encode())
            for key in master_keys.split(",")
            if key.strip()
        ]

    def session(self, console_user_id: int, epoch: int, now: datetime) -> str:
        """Return a new session token."""
        expires_at_s = int(now.timestamp()) + SESSION_S
        payload = f"{console_user_id}.{epoch}.{expires_at_s}.{secrets.token_hex(16)}"
        return f"{payload}.{self._mac(self._keys[0], 'session', payload)}"

    def read_session(self, token: str, now: datetime) -> Session | None:
        """Return the session of a token, or None if the hub did not sign it or it has expired."""
        payload, _, signature = token.rpartition(".")
        if not self._signed("session", payload, signature):
            return None
        user_id, epoch, expires_at_s, nonce = payload.split(".")
        session = Session(int(user_id), int(epoch), int(expires_at_s), nonce)
        return session if session.expires_at_s > now.timestamp() else None

    def browser(self, name: str) -> str:
        """Return a token for a browser in which somebody has signed in with that name."""
        id_ = secrets.token_urlsafe(16)
        return f"{id_}.{self._mac(self._keys[0], 'browser', f'{name}.{id_}')}"

    def read_browser(self, token: str, name: str) -> str | None:
        """Return the id of the browser to which `browser` gave the token for that name, or None."""
        id_, _, signature = token.rpartition(".")
        return id_ if self._signed("browser", f"{name}.{id_}", signature) else None

    def form_token(self, nonce: str) -> str:
        """Return a token for forms of the session (or visit) with that nonce.

        Each call returns a different token, so that the compressed size of pages reveals nothing about it.
        """
        pad = secrets.token_urlsafe(_PAD_BYTES)
        return f"{pad}.{self._mac(self._keys[0], 'form', f'{nonce}.{pad}')}"

    def check_form_token(self, token: str, nonce: str) -> bool:
        """Tell whether `form_token` created the token for that nonce."""
        pad, _, signature = token.rpartition(".")
        return self._signed("form", f"{nonce}.{pad}", signature)

    def _signed(self, purpose: str, payload: str, signature: str) -> bool:
        given = signature.encode("utf-8", "surrogatepass")
        matches = [hmac.compare_digest(self._mac(key, purpose, payload).encode(), given) for key in self._keys]
        return any(matches)

    @staticmethod
    def _mac(key: bytes, purpose: str, payload: str) -> str:
        digest = hmac.digest(key, f"{purpose}:{payload}".encode("utf-8", "surrogatepass"), "sha256")
        return urlsafe_b64encode(digest).rstrip(b"=").decode()
