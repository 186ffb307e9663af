"""Start a development hub, run the quickstart against it, and leave it running until Ctrl-C (`make run`).

The hub is a child process, `suprsend-hub dev`, with its own embedded PostgreSQL. SIGINT, SIGTERM and SIGHUP stop both.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

HERE = Path(__file__).resolve().parent
STOP_S = 30  # how long the hub may take to finish requests and stop its database
LISTENING = re.compile(r"Listening on (http://\S+)")
CONSOLE = re.compile(r"Console: (http://\S+)")


class Started(NamedTuple):
    """The address of the hub, and the link that signs you in to its console once."""

    address: str
    console: str


def hub_answers(port: int) -> bool:
    """Tell whether a hub already answers on the port."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # not through $http_proxy
    try:
        with direct.open(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextlib.contextmanager
def development_hub(port: int, data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], Started]]:
    """Start the hub, yield its process and its addresses once it listens, and stop it at the end."""
    # By its module: the script `suprsend-hub` names its interpreter by a path that no system reads if it has a newline
    # or is very long.
    command = [sys.executable, "-m", "suprsend_hub", "dev", "--port", str(port), "--data-dir", str(data_dir)]
    # In a session of its own, so that Ctrl-C reaches this process first and the hub is stopped once, in order.
    hub = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield hub, wait_until_listening(hub)
    finally:
        hub.terminate()
        try:
            hub.wait(STOP_S)
        except subprocess.TimeoutExpired:
            print(f"The hub did not stop within {STOP_S} s, so it is being killed.", file=sys.stderr)
            hub.kill()


def wait_until_listening(hub: subprocess.Popen[str]) -> Started:
    """Copy the hub's output to ours until it listens; exit if it ends before that."""
    assert hub.stdout is not None
    console = ""
    for line in hub.stdout:
        print(line, end="", flush=True)
        if match := CONSOLE.match(line):
            console = match.group(1)
        if match := LISTENING.match(line):
            threading.Thread(target=pass_on, args=(hub,), daemon=True).start()
            return Started(match.group(1), console)
    status = hub.wait()
    if status == 1:  # the hub has said in a line what is wrong
        sys.exit(1)
    sys.exit(f"The hub did not start (exit status {status}); see the lines above.")


def pass_on(hub: subprocess.Popen[str]) -> None:
    """Copy the rest of the hub's output to ours until it ends."""
    assert hub.stdout is not None
    for line in hub.stdout:
        print(line, end="", flush=True)


def without_proxy() -> dict[str, str]:
    """Return the variables that make requests to this machine bypass a proxy, which could not reach it."""
    kept = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    names = ",".join(filter(None, [kept, "127.0.0.1", "localhost"]))
    return {"no_proxy": names, "NO_PROXY": names}


def stop(_signal: int, _frame: FrameType | None) -> None:
    """Make SIGTERM, and SIGHUP of a closed terminal, behave like Ctrl-C."""
    raise KeyboardInterrupt


def main() -> None:
    """Start the hub, run the quickstart and wait."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", default="7877", help="port on the loopback interface; 0 picks a free one")
    parser.add_argument("--data-dir", type=Path, default=Path(".run/data"), help="where the hub keeps its database")
    parser.add_argument("--once", action="store_true", help="stop after the quickstart")
    options = parser.parse_args()
    if not (options.port.isascii() and options.port.isdecimal() and int(options.port) < 2**16):
        sys.exit(f"PORT is {options.port!r}; it must be a number from 0 to 65535, and 0 picks a free port.")
    port = int(options.port)

    if port and hub_answers(port):
        sys.exit(
            f"A hub already answers at http://127.0.0.1:{port}/, so none was started.\n"
            f"Use that one (`python examples/quickstart.py`), stop it with Ctrl-C where it runs,\n"
            f"or start a second one: make run PORT=0 DATA_DIR=.run/other"
        )
    signal.signal(signal.SIGTERM, stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup` means to outlive the terminal
        signal.signal(signal.SIGHUP, stop)
    with contextlib.suppress(KeyboardInterrupt), development_hub(port, options.data_dir) as (hub, started):
        quickstart = str(HERE / "quickstart.py")
        done = subprocess.run(
            [sys.executable, quickstart],
            env={**os.environ, **without_proxy(), "SUPRSEND_BASE_URL": started.address},
            check=False,
        )
        if done.returncode:
            sys.exit(f"The quickstart failed (exit status {done.returncode}); see the lines above.")
        if options.once:
            return
        print(
            f"\nThe hub is running at {started.address}\n"
            f"The Users page (the link signs you in once): {started.console}\n"
            f"Press Ctrl-C to stop it. Its data stays in {options.data_dir}.",
            flush=True,
        )
        sys.exit(hub.wait())


if __name__ == "__main__":
    main()
