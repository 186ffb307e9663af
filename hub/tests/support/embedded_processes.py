"""What tests ask of the processes of an embedded server, and how they say SQL to it without a driver's help."""

import asyncio
import os
from pathlib import Path

import asyncpg
import psutil

IS_ROOT = os.geteuid() == 0
ODD_NAME = "sp ace 'quote' \"double\" $HOME `date` %20%s #&;|<>(){}[]*?!~^+=,@\\ ümläut 日本 new\nline"
"""A directory's name with everything that some language or other takes for its own."""


def processes_in(data_dir: Path) -> list[psutil.Process]:
    """Every living process that works below a data directory: PostgreSQL, and its `initdb`."""
    found = []
    for process in psutil.process_iter(["cwd", "status"]):
        cwd, status = process.info["cwd"], process.info["status"]
        if cwd is not None and status != psutil.STATUS_ZOMBIE and Path(cwd).is_relative_to(data_dir.resolve()):
            found.append(process)
    return found


def server_of(data_dir: Path) -> psutil.Process:
    """The server of a data directory."""
    return psutil.Process(int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0]))


def has_ended(process: psutil.Process) -> bool:
    """Whether a process has ended, if nobody has asked for its status as well."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def value_of(url: str, query: str) -> object:
    """The value that a query gives, on a connection of its own."""

    async def ask() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(ask())
