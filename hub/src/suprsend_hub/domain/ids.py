"""Ids of records: those that callers choose are checked here, and ULIDs, which the hub creates, are made here.

ULIDs order rows by creation and serve as page cursors. The clock and the randomness are given from outside.
"""

from __future__ import annotations

import hashlib
import re
import threading
import uuid
from typing import TYPE_CHECKING, Final

import msgspec

from .characters import ZERO_WIDTH
from .codes import Code
from .errors import InvalidRequest
from .limits import MAX_DISTINCT_ID_CHARS, MAX_SLUG_CHARS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_STORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_SLUG: Final = re.compile("[a-z0-9_-]+")
_CANONICAL_UUID_CHARS: Final = 36
_SHOWN_CHARS: Final = 80

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CROCKFORD_VALUE: Final = {c: i for i, c in enumerate(_CROCKFORD)}
ULID_CHARS: Final = 26
_RANDOM_BITS: Final = 80
_MAX_CLOCK_MS: Final = 2**48 - 1
_MAX_ULID: Final = 2**128 - 1


def storable(text: str) -> bool:
    """Tell whether the database can hold a text. If not, nothing has it as its name or id."""
    return _NOT_STORABLE.search(text) is None


def shown(value: str) -> str:
    """Quote a caller's text for a message: ASCII, at most 80 characters of it."""
    return ascii(value) if len(value) <= _SHOWN_CHARS else f"{value[:_SHOWN_CHARS]!a}..."


def check_distinct_id(value: object, what: str = "distinct_id") -> str:
    """Return a trimmed `distinct_id`; `what` names the field in messages.

    Any Unicode is allowed and case is kept. Limits: 1 to 255 characters after trimming, no control characters, no
    lone surrogates (neither can be stored or sent in a path), not `.` or `..` (URL clients rewrite such paths).

    Raises:
        InvalidRequest: naming the field and the matter; code `invalid_id`.
    """
    if type(value) is not str:
        raise _invalid_id(f"{what} must be a string")
    name = value.strip()
    if not name:
        raise _invalid_id(f"{what} must not be empty")
    if len(name) > MAX_DISTINCT_ID_CHARS:
        raise _invalid_id(f"{what} must have at most {MAX_DISTINCT_ID_CHARS} characters, this one has {len(name)}")
    if name in {".", ".."}:
        raise _invalid_id(f"{what} must not be '.' or '..', because such an id cannot be sent in a path")
    # Of ASCII, what is printable has no control characters; this is faster than the pattern.
    if not (name.isascii() and name.isprintable()) and _FORBIDDEN.search(name):
        raise _invalid_id(f"{what} {shown(name)} must not contain control characters or lone surrogates")
    return name


def check_new_id(name: str, what: str = "distinct_id") -> str:
    """Return a checked id under which something may be created.

    Zero-width characters at an end are never meant: they come from exported tables and copied text, and make another
    user of one who looks the same. Earlier versions accepted them, so what exists can still be read and deleted.

    Raises:
        InvalidRequest: code `invalid_id`.
    """
    if not name.isascii():
        for char, end in ((name[0], "start"), (name[-1], "end")):
            if char in ZERO_WIDTH:
                raise _invalid_id(f"{what} must not {end} with the invisible character U+{ord(char):04X}; remove it")
    return name


def check_object_type(value: object, what: str = "object_type") -> str:
    """Return a trimmed object type, checked by the rules of `check_distinct_id`."""
    return check_distinct_id(value, what)


def check_object_id(value: object, what: str = "object_id") -> str:
    """Return a trimmed object id, checked by the rules of `check_distinct_id`."""
    return check_distinct_id(value, what)


def check_list_id(value: object, what: str = "list_id") -> str:
    """Return a list id in lower case: at most 64 of `a-z 0-9 _ -`, given in any case.

    Raises:
        InvalidRequest: naming the field and the matter; code `invalid_id`.
    """
    if type(value) is not str:
        raise _invalid_id(f"{what} must be a string")
    name = value.strip().lower()
    if not name:
        raise _invalid_id(f"{what} must not be empty")
    if len(name) > MAX_SLUG_CHARS:
        raise _invalid_id(f"{what} must have at most {MAX_SLUG_CHARS} characters, this one has {len(name)}")
    if not _SLUG.fullmatch(name):
        raise _invalid_id(f"{what} {shown(name)} may contain only a-z, 0-9, '_' and '-'")
    return name


def check_tenant_id(value: object, what: str = "tenant_id") -> str:
    """Return a tenant id in lower case, checked by the rules of `check_list_id`."""
    return check_list_id(value, what)


class UlidFactory:
    """Make ULIDs that strictly increase within this process, also when the clock stands still or steps back.

    Args:
        clock_ms: now, in milliseconds since 1970 (0 to 2**48 - 1).
        randomness: given n, n random bytes; drawn once per millisecond, later ids of it count up.

    Two processes collide only if they draw neighbouring 80-bit numbers in the same millisecond.
    """

    __slots__ = ("_clock_ms", "_last", "_lock", "_randomness")

    def __init__(self, clock_ms: Callable[[], int], randomness: Callable[[int], bytes]) -> None:
        self._clock_ms = clock_ms
        self._randomness = randomness
        self._last = -1
        self._lock = threading.Lock()

    def new(self) -> uuid.UUID:
        """Return one ULID, larger than all earlier ones."""
        return uuid.UUID(int=self._reserve(1))

    def batch(self, n: int, *, after: uuid.UUID | None = None) -> list[uuid.UUID]:
        """Return n ULIDs in increasing order, larger than all earlier ones; cheaper than n calls of `new`.

        They are also larger than `after`, which another host may have created while its clock was ahead of ours.
        """
        if n <= 0:
            return []
        first = self._reserve(n, -1 if after is None else after.int)
        return [uuid.UUID(int=i) for i in range(first, first + n)]

    def _reserve(self, n: int, after: int = -1) -> int:
        with self._lock:
            self._last = max(self._last, after)
            now_ms = self._clock_ms()
            if not 0 <= now_ms <= _MAX_CLOCK_MS:
                msg = f"the clock says {now_ms} ms, outside the 48 bits of a ULID"
                raise ValueError(msg)
            if now_ms > self._last >> _RANDOM_BITS:
                # The top random bit stays clear, so that counting up cannot run into the next millisecond.
                first = now_ms << _RANDOM_BITS | int.from_bytes(self._randomness(10), "big") >> 1
            else:
                first = self._last + 1
            self._last = first + n - 1
            return first


def ulid_text(ulid: uuid.UUID) -> str:
    """Return the 26 Crockford characters of a ULID; text order is the order of the ids."""
    rest = ulid.int
    chars = [""] * ULID_CHARS
    for position in range(ULID_CHARS - 1, -1, -1):
        chars[position] = _CROCKFORD[rest & 31]
        rest >>= 5
    return "".join(chars)


def first_ulid(moment: datetime) -> uuid.UUID:
    """Return the smallest ULID that can be created at that time or later. No ULID is older than 1970."""
    return uuid.UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def parse_ulid(text: str) -> uuid.UUID:
    """Return the ULID written as 26 Crockford characters, in any case.

    Raises:
        InvalidRequest: anything else; code `invalid_ulid`.
    """
    if type(text) is not str or len(text) != ULID_CHARS:
        raise InvalidRequest(
            f"{shown(str(text))} is not the id of a record; such an id has {ULID_CHARS} letters and digits",
            code=Code.INVALID_ULID,
        )
    number = 0
    for char in text.upper():
        digit = _CROCKFORD_VALUE.get(char)
        if digit is None:
            raise InvalidRequest(f"{shown(text)} is not a cursor or record id", code=Code.INVALID_ULID)
        number = number << 5 | digit
    if number > _MAX_ULID:
        raise InvalidRequest(f"{shown(text)} is not a cursor or record id", code=Code.INVALID_ULID)
    return uuid.UUID(int=number)


def insert_key(insert_id: str) -> uuid.UUID:
    """Return the 128-bit deduplication key of an `$insert_id`.

    A canonical UUID (8-4-4-4-12 hexadecimal digits, any case) is its own key. Any other text is hashed with SHA-256,
    of which 122 bits are kept under the marks of UUID version 8, so a hashed key never equals the random (version 4)
    UUID of an SDK. Among n hashed ids the chance of any collision is below n**2 / 2**123: under 1e-18 for a billion.

    Raises:
        InvalidRequest: not a string, or blank (one key for unrelated events would lose all but one of them).
    """
    if type(insert_id) is not str or not insert_id.strip():
        raise InvalidRequest("$insert_id must be a non-empty string", code=Code.INVALID_INSERT_ID)
    if len(insert_id) == _CANONICAL_UUID_CHARS and insert_id.isascii():
        try:
            return msgspec.convert(insert_id, uuid.UUID)  # a third of the time that the class itself takes
        except msgspec.ValidationError:
            pass  # any other text of that length
    return _hashed_key(hashlib.sha256(insert_id.encode("utf-8", "surrogatepass")).digest())


def request_key(idempotency_key: str) -> uuid.UUID:
    """Return the 128-bit deduplication key of an `Idempotency-Key` header.

    It is hashed in a way of its own, so that an event never counts as a repetition of a request, or the reverse.
    """
    return _hashed_key(hashlib.blake2b(idempotency_key.encode(), digest_size=16, person=b"request").digest())


def feedback_key(feedback_id: str) -> uuid.UUID:
    """Return the 128-bit deduplication key of delivery feedback, hashed in a way of its own as `request_key` does."""
    digest = hashlib.blake2b(feedback_id.encode("utf-8", "surrogatepass"), digest_size=16, person=b"feedback").digest()
    return _hashed_key(digest)


def _hashed_key(digest: bytes) -> uuid.UUID:
    marked = bytearray(digest[:16])
    marked[6] = marked[6] & 0x0F | 0x80
    marked[8] = marked[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(marked))


def _invalid_id(message: str) -> InvalidRequest:
    return InvalidRequest(message, code=Code.INVALID_ID)
