"""Identifiers of edits. Pure except for the clock and the system's randomness."""

import os
import time


def now_ms() -> int:
    """Return the time as milliseconds since 1970, the unit of ``$time``."""
    return time.time_ns() // 1_000_000


def new_insert_id(time_ms: int) -> str:
    """Return a new ``$insert_id``: a UUID of version 7, that is 48 bits of time and 74 random bits.

    The contract requires a text of at least 36 characters. Ids that grow with time let the hub append to the end of its
    index of edits instead of writing all over it. ``os.urandom`` is safe after a fork.
    """
    stamp = f"{time_ms:012x}"
    noise = os.urandom(10).hex()
    variant = "89ab"[int(noise[0], 16) & 3]
    return f"{stamp[:8]}-{stamp[8:]}-7{noise[1:4]}-{variant}{noise[4:7]}-{noise[8:20]}"
