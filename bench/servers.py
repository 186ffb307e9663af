"""Server processes of the benchmarks: started without settings of the shell, waited for, stopped."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import psutil

START_S = 60
STOP_S = 30


@contextmanager
def serving(
    target: list[str], port: int, environment: dict[str, str], *, log: Path | None = None
) -> Iterator[psutil.Process]:
    """A server process that answers on the port; stopped at the end.

    It gets this process's environment without the settings of hub and SDK. With a log, what the server says on stderr
    goes there, and its end is shown if the work with the server fails.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what ends the benchmark ends the server
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("SUPRSEND_")}
    with log.open("wb") if log else nullcontext() as stderr:
        process = subprocess.Popen(target, env=kept | environment, stdout=subprocess.DEVNULL, stderr=stderr)
    try:
        asyncio.run(_answering(process, port))
        yield psutil.Process(process.pid)
    except Exception as error:
        if log:
            error.add_note(log.read_text(errors="replace")[-2000:])
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _answering(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
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
