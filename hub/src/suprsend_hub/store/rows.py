"""From a record of the database to a row of the domain, column by column name.

A statement may select its columns in any order, and a renamed or missing one is a TypeError instead of a value in the
wrong field. It takes half a microsecond a row more than to unpack by position, which reads and writes of many profiles
do: `hub/tests/store/test_rows.py` holds the columns of those statements against the fields.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import asyncpg

from suprsend_hub.domain.recipient import RecipientKey

_T = TypeVar("_T")


def row(kind: Callable[..., _T], record: asyncpg.Record, **converted: object) -> _T:
    """Return a `kind` whose fields are the columns of the same names, or what they were `converted` to."""
    return kind(**{**record, **converted})


def keyed_row(kind: Callable[..., _T], record: asyncpg.Record, *, workspace_id: int | None = None) -> _T:
    """Return a `kind` with a `key` made of workspace, object type and id, and the other columns as `row` does.

    `workspace_id` is for statements about one workspace, which do not select it.
    """
    columns: dict[str, Any] = dict(record)
    workspace = columns.pop("workspace_id") if workspace_id is None else workspace_id
    return kind(key=RecipientKey(workspace, columns.pop("object_type"), columns.pop("recipient_id")), **columns)
