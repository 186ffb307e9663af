"""Cursor pages: one way to walk every sequence, in both directions.

A page continues after a cursor (`after`) or goes back from one (`before`); `after` wins if both are given. Cursors are
opaque to callers: ULIDs, or the encoded id where pages are in the order of ids.

A page ends at its limit or at MAX_PAGE_BYTES of stored JSON, whichever comes first, and its cursor continues there.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.direction import Direction
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.domain.ids import ULID_CHARS, parse_ulid, shown, ulid_text
from suprsend_hub.domain.limits import MAX_PAGE_BYTES

DEFAULT_LIMIT = 10
_MAX_DIGITS = 9
"""Of a number in a cursor, so that it fits an integer column."""

_STEP = 100
"""Rows of unknown size that are fetched at once: of the largest profiles they have 25 MiB."""

_Row = TypeVar("_Row")
_Other = TypeVar("_Other")
_Cursor = TypeVar("_Cursor")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A requested page, with cursors still as text."""

    limit: int = DEFAULT_LIMIT
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[_Row]):
    """A page; a cursor is None if there is nothing beyond it."""

    rows: Sequence[_Row]
    count: int
    limit: int
    before: str | None
    after: str | None

    def with_rows(self, rows: "Sequence[_Other]") -> "Page[_Other]":
        """Return the same page with other rows."""
        return Page(rows, self.count, self.limit, self.before, self.after)


@dataclass(frozen=True, slots=True)
class CursorForm(Generic[_Cursor]):
    """A way of reading and writing cursors."""

    read: Callable[[str], _Cursor]
    write: Callable[[_Cursor], str]


def _invalid_cursor(text: str) -> InvalidRequest:
    return InvalidRequest(
        f"{shown(text)} is not a valid cursor for this list; use the value from `meta`", code=Code.INVALID_CURSOR
    )


def _read_ulid(text: str) -> UUID:
    """Read a ULID. A shorter text, as in the documentation's sample, is the position before all that start with it."""
    try:
        return parse_ulid(text.ljust(ULID_CHARS, "0"))
    except InvalidRequest as error:
        raise _invalid_cursor(text) from error


def _write_id(recipient_id: str) -> str:
    return urlsafe_b64encode(recipient_id.encode()).rstrip(b"=").decode()


def _read_id(text: str) -> str:
    try:
        recipient_id = urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)).decode()
    except (Base64Error, UnicodeError, ValueError) as error:
        raise _invalid_cursor(text) from error
    if "\x00" in recipient_id or _write_id(recipient_id) != text:
        raise _invalid_cursor(text)
    return recipient_id


def _read_number(text: str) -> int:
    digits = _read_id(text)
    if not digits.isascii() or not digits.isdigit() or len(digits) > _MAX_DIGITS:
        raise _invalid_cursor(text)
    return int(digits)


ULID_CURSOR = CursorForm(_read_ulid, ulid_text)
ID_CURSOR = CursorForm(_read_id, _write_id)
NUMBER_CURSOR = CursorForm(_read_number, lambda number: _write_id(str(number)))
"""A number, written so that nobody takes it for an offset."""


async def fetch_page(
    request: PageRequest,
    *,
    form: CursorForm[_Cursor],
    order: Direction,
    fetch: Callable[[_Cursor | None, Direction, int], Awaitable[list[_Row]]],
    cursor_of: Callable[[_Row], _Cursor],
    count: int,
    size_of: Callable[[_Row], int] | None = None,
) -> Page[_Row]:
    """Fetch one page in that order with a query for each 100 rows, plus one probe in the other direction.

    `fetch(cursor, direction, limit)` returns up to `limit` rows beyond the cursor, nearest first. One row more than
    requested tells whether there is another page. `size_of` tells the bytes of a row; without it, rows are short, and
    a single query fetches them.
    """
    goes_back = request.after is None and request.before is not None
    direction = order.opposite if goes_back else order
    text = request.before if goes_back else request.after
    cursor = None if text is None else form.read(text)
    rows, more = await walk(fetch, cursor, direction, request.limit, cursor_of=cursor_of, size_of=size_of)
    if goes_back:
        rows.reverse()
    behind = False
    if cursor is not None:
        edge = cursor if not rows else cursor_of(rows[-1] if goes_back else rows[0])
        behind = bool(await fetch(edge, direction.opposite, 1))
    has_prev, has_next = (more, behind) if goes_back else (behind, more)
    return Page(
        rows=rows,
        count=count,
        limit=request.limit,
        before=form.write(cursor_of(rows[0])) if has_prev and rows else None,
        after=form.write(cursor_of(rows[-1])) if has_next and rows else None,
    )


async def walk(
    fetch: Callable[[_Cursor | None, Direction, int], Awaitable[list[_Row]]],
    cursor: _Cursor | None,
    direction: Direction,
    limit: int,
    *,
    cursor_of: Callable[[_Row], _Cursor],
    size_of: Callable[[_Row], int] | None,
    step: int = _STEP,
) -> tuple[list[_Row], bool]:
    """Return the rows of a page from the cursor on, and whether there are more; with `size_of`, `step` rows a query."""
    rows: list[_Row] = []
    size = 0
    while True:
        wanted = limit + 1 - len(rows)
        if size_of is not None:
            wanted = min(wanted, step)
        found = await fetch(cursor, direction, wanted)
        for row in found:
            size += 0 if size_of is None else size_of(row)
            if len(rows) == limit or (rows and size > MAX_PAGE_BYTES):
                return rows, True
            rows.append(row)
        if len(found) < wanted:
            return rows, False
        cursor = cursor_of(found[-1])


def text_bytes(*texts: str) -> int:
    """Return the UTF-8 bytes of texts."""
    return sum(len(text) if text.isascii() else len(text.encode()) for text in texts)
