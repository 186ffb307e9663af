"""Server processes of the benchmarks: started, waited for, stopped."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import psutil


@contextmanager
def serving(
    target: list[str], port: int, environment: dict[str, str], *, log: Path | None = None
) -> Iterator[psutil.Process]:
    """A server process that answers on the port; stopped at the end.

    With a log, what the server says on stderr goes there, and its end is shown if the work with the server fails.
    """
    with log.open("wb") if log else nullcontext() as stderr:
        process = subprocess.Popen(target, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=stderr)
    try:
        asyncio.run(_answering(process, port))
        yield psutil.Process(process.pid)
    except Exception as error:
        if log:
            error.add_note(log.read_text(errors="replace")[-2000:])
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


async def _answering(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with exit status {process.returncode}")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise RuntimeError("the server does not listen")
