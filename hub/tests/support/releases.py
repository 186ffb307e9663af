"""Releases to come, and releases of the past: migrations folders made from this one's."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import asyncpg
from suprsend_hub.store.migrate import FOLDER, read_steps
from suprsend_hub.store.schema_version import Schema, read_schema

_MODULE = '''"""A step of a test's."""

from suprsend_hub.store.migrate import run_sql

revision = "{revision}"
down_revision = "{down_revision}"
branch_labels = None
depends_on = None
post = {post}


def upgrade() -> None:
    """Apply it."""
    run_sql("{revision}_test.sql")
'''


MakeDatabase = Callable[[], Awaitable[str]]
"""Makes a database without a schema; its URL."""


async def run(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


class Pre(NamedTuple):
    """A pre step: its SQL."""

    sql: str


class Post(NamedTuple):
    """A post step: its SQL."""

    sql: str


def following(number: int, revision: str | None = None) -> str:
    """The revision so many steps after the given one, or after the last of this release."""
    return f"{int(revision or read_steps(FOLDER)[-1].revision) + number:04d}"


def release(directory: Path, *steps: Pre | Post, through: str = "9999") -> Path:
    """Write a migrations folder: this release's steps through a revision, and behind them the given ones. Returns it."""
    folder = directory / f"migrations-{len(list(directory.iterdir()))}"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    versions = folder / "versions"
    for file in versions.glob("[0-9]*"):
        if file.name[:4] > through:
            file.unlink()
    for step in steps:
        down_revision = max(file.name[:4] for file in versions.glob("[0-9]*"))
        revision = following(1, down_revision)
        module = _MODULE.format(revision=revision, down_revision=down_revision, post=isinstance(step, Post))
        (versions / f"{revision}_test.py").write_text(module, encoding="utf-8")
        (versions / f"{revision}_test.sql").write_text(step.sql, encoding="utf-8")
    return folder


async def schema_of(url: str) -> Schema:
    """What the database says of its schema."""
    connection = await asyncpg.connect(url)
    try:
        return await read_schema(connection)
    finally:
        await connection.close()
