"""Databases without a schema."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from releases import MakeDatabase, run


@pytest.fixture
async def make_empty_database(database_url: str, anyio_backend: str) -> AsyncIterator[MakeDatabase]:
    """Makes databases that hold nothing, on the server of `postgres_version`."""
    parts = urlsplit(database_url)
    made: list[str] = []

    async def make() -> str:
        name = f"{parts.path[1:]}_empty_{len(made)}"
        await run(database_url, f"CREATE DATABASE {name} TEMPLATE template0")
        made.append(name)
        return parts._replace(path=f"/{name}").geturl()

    yield make
    for name in made:
        await run(database_url, f"DROP DATABASE {name} WITH (FORCE)")
