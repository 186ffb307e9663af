"""Create secrets, encrypt them at rest with the master key, and hash them where a hash is enough."""

import base64
import hashlib
import secrets
import string
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest, Unavailable
from suprsend_hub.store.workspaces import SealedSecret

_ALL = "the stored workspace secrets"
_ALPHABET = string.ascii_letters + string.digits


class SecretBox:
    """Encrypts workspace secrets. Several master keys allow a change of key: the first encrypts, all decrypt."""

    def __init__(self, master_keys: str) -> None:
        """Read `master_keys`: one or more keys of `generate_master_key`, separated by commas.

        Raises InvalidRequest for other text, which it does not repeat.
        """
        try:
            keys = [key.strip() for key in master_keys.split(",") if key.strip()]
            fernets = [Fernet(key) for key in keys]
            self._fernet, self._first = MultiFernet(fernets), MultiFernet(fernets[:1])
            self.key_id = hashlib.sha256(b"master key:" + base64.urlsafe_b64decode(keys[0])).hexdigest()[:16]
        except ValueError as error:
            raise InvalidRequest(
                "the master key must be 32 random bytes in URL-safe base64; `suprsend-hub master-key` creates one",
                code=Code.INVALID_MASTER_KEY,
            ) from error

    def encrypt(self, secret: str) -> SealedSecret:
        """Return the stored form of the secret."""
        return SealedSecret(self._fernet.encrypt(secret.encode()), self.key_id)

    def check(self, samples: Sequence[tuple[str, bytes]]) -> None:
        """Raise Unavailable, for the operator, if a stored secret needs another master key.

        `samples`: the secret of a workspace for each master key, each behind the workspace's name.
        """
        lost = [name for name, stored in samples if not self._decrypts(stored)]
        if lost:
            which = _ALL
            if len(lost) < len(samples):
                which = f"some of the stored workspace secrets, such as that of workspace '{lost[0]}'"
            raise _wrong_key(which)

    def _decrypts(self, stored: bytes) -> bool:
        try:
            self._fernet.decrypt(stored)
        except InvalidToken:
            return False
        return True

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
            raise _wrong_key(_ALL) from error


def _wrong_key(which: str) -> Unavailable:
    return Unavailable(
        "the hub cannot check signatures; its operator finds the reason in the hub's log",
        code=Code.WRONG_MASTER_KEY,
        retry_after_s=5,
        reason=f"SUPRSEND_HUB_MASTER_KEY does not decrypt {which}: set the key with which they were encrypted, or both "
        "as NEW,OLD while you change the key. If a key is lost, `suprsend-hub workspace rotate-secret NAME --lost` "
        "gives a workspace another secret",
    )


def generate_master_key() -> str:
    """Return a new master key."""
    return Fernet.generate_key().decode()


def random_token(length: int) -> str:
    """Return random letters and digits, about 6 bits each, from the operating system."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def hash_api_key(api_key: str) -> bytes:
    """Return the stored form of an API key. Plain SHA-256 is enough, because the keys are random."""
    return hashlib.sha256(api_key.encode()).digest()
