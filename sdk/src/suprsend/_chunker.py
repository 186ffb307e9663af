"""Cut a stream of encoded events into request bodies. No I/O.

Vectors: ``contract/vectors/bulk_chunking.json``.
"""

from __future__ import annotations

from dataclasses import dataclass

from suprsend import _encoding
from suprsend._errors import InputValueError
from suprsend._limits import MAX_CHUNK_BYTES, MAX_CHUNK_RECORDS, MAX_EVENT_BYTES, MAX_EVENT_BYTES_READABLE


@dataclass(frozen=True, slots=True)
class Chunk:
    """One request body: a JSON array of events.

    Attributes:
        body: the bytes to sign and to send.
        distinct_ids: user of each event, in order.
        size: sum of the event sizes, without brackets and separators.
    """

    body: bytes
    distinct_ids: tuple[str, ...]
    size: int

    def __len__(self) -> int:
        return len(self.distinct_ids)

    def halves(self) -> tuple[Chunk, Chunk]:
        """Return the first and the second half, from the same bytes; only for chunks of at least two events."""
        items = _encoding.raw_items(self.body)
        middle = len(items) // 2
        return (
            _chunk(items[:middle], self.distinct_ids[:middle]),
            _chunk(items[middle:], self.distinct_ids[middle:]),
        )


class Chunker:
    """Collects events and returns a chunk whenever one is full.

    A chunk is full at 400 events or 819,200 bytes, or when the next event would push it over these bytes.
    Order is kept.
    """

    __slots__ = ("_distinct_ids", "_records", "_size")

    def __init__(self) -> None:
        self._records: list[bytes] = []
        self._distinct_ids: list[str] = []
        self._size = 0

    def __len__(self) -> int:
        return len(self._records)

    def feed(self, record: bytes, size: int, distinct_id: str) -> Chunk | None:
        """Add one event; return the chunk that was closed by it, if one was.

        Args:
            record: the encoded event.
            size: what the event counts for, in bytes.
            distinct_id: its user.

        Raises:
            InputValueError: the event is larger than an event may be.
        """
        if size > MAX_EVENT_BYTES:
            raise InputValueError(f"Event too big - {size} Bytes, must not cross {MAX_EVENT_BYTES_READABLE}")
        closed = self.flush() if self._size + size > MAX_CHUNK_BYTES else None
        self._records.append(record)
        self._distinct_ids.append(distinct_id)
        self._size += size
        # Never both: 819,200 bytes take 80 events at least, and a chunk closed above leaves one event here.
        if closed is None and (len(self._records) >= MAX_CHUNK_RECORDS or self._size >= MAX_CHUNK_BYTES):
            closed = self.flush()
        return closed

    def flush(self) -> Chunk | None:
        """Return what is left as a chunk, or None if nothing is."""
        if not self._records:
            return None
        chunk = _chunk(self._records, tuple(self._distinct_ids), self._size)
        self._records, self._distinct_ids, self._size = [], [], 0
        return chunk


def _chunk(records: list[bytes], distinct_ids: tuple[str, ...], size: int | None = None) -> Chunk:
    total = sum(map(len, records)) if size is None else size
    return Chunk(b"[" + b",".join(records) + b"]", distinct_ids, total)
