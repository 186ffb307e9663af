"""A network between the hub and PostgreSQL that a test may cut."""

import asyncio
from pathlib import Path


class Relay:
    """Stands between the hub and PostgreSQL; `cut` it and connections break and new ones are refused."""

    def __init__(self, directory: Path, target: str) -> None:
        self._path = str(directory / ".s.PGSQL.5432")
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def mend(self) -> None:
        self._server = await asyncio.start_unix_server(self._connected, self._path)

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_unix_connection(self._target)
        self._writers += [writer, to_writer]
        await asyncio.gather(self._copy(reader, to_writer), self._copy(to_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()
