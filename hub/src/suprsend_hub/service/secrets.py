"""Create secrets, encrypt them at rest with the master key, and hash them where a hash is enough."""

import hashlib
import secrets
import string

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest, Unavailable

_ALPHABET = string.ascii_letters + string.digits


class SecretBox:
    """Encrypts workspace secrets. Several master keys allow a change of key: the first encrypts, all decrypt."""

    def __init__(self, master_keys: str) -> None:
        """Read `master_keys`: one or more keys of `generate_master_key`, separated by commas.

        Raises InvalidRequest for other text, which it does not repeat.
        """
        try:
            fernets = [Fernet(key.strip()) for key in master_keys.split(",") if key.strip()]
            self._fernet, self._first = MultiFernet(fernets), MultiFernet(fernets[:1])
        except ValueError as error:
            raise InvalidRequest(
                "the master key must be 32 random bytes in URL-safe base64; `suprsend-hub master-key` creates one",
                code=Code.INVALID_MASTER_KEY,
            ) from error

    def encrypt(self, secret: str) -> bytes:
        """Return the stored form of the secret."""
        return self._fernet.encrypt(secret.encode())

    def is_current(self, stored: bytes) -> bool:
        """Tell whether the first master key encrypted it, so that no other key is needed."""
        try:
            self._first.decrypt(stored)
        except InvalidToken:
            return False
        return True

    def decrypt(self, stored: bytes) -> str:
        """Return the secret; Unavailable, until the operator gives the right key, if it needs another master key."""
        try:
            return self._fernet.decrypt(stored).decode()
        except InvalidToken as error:
            raise Unavailable(
                "the hub cannot check signatures; its operator finds the reason in the hub's log",
                code=Code.WRONG_MASTER_KEY,
                retry_after_s=5,
                reason="SUPRSEND_HUB_MASTER_KEY does not decrypt the stored workspace secrets: set the key with which "
                "they were encrypted, or both as NEW,OLD while you change the key",
            ) from error


def generate_master_key() -> str:
    """Return a new master key."""
    return Fernet.generate_key().decode()


def random_token(length: int) -> str:
    """Return random letters and digits, about 6 bits each, from the operating system."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def hash_api_key(api_key: str) -> bytes:
    """Return the stored form of an API key. Plain SHA-256 is enough, because the keys are random."""
    return hashlib.sha256(api_key.encode()).digest()
