"""Debian's PgBouncer before a database: started in the mode that a test asks for."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from suprsend_hub.store.address import parse_address

PROGRAM = os.environ.get("PGBOUNCER") or shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
_START_S = 20


class PgBouncer:
    """A PgBouncer of its own, which reaches the database at `url` over TCP; `directory` is readable by every user."""

    def __init__(self, url: str, directory: Path, mode: str, **settings: object) -> None:
        assert PROGRAM is not None
        [(host, port)] = parse_address(url).hosts
        address = parse_address(url)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            own_port = int(probe.getsockname()[1])
        self.url = url.replace(f":{port}/", f":{own_port}/")
        users = directory / "users.txt"
        users.write_text(f'"{address.user}" "{address.password}"\n')
        lines = {
            "listen_addr": "127.0.0.1", "listen_port": own_port, "unix_socket_dir": "", "auth_type": "trust",
            "auth_file": users, "pool_mode": mode, **settings,
        }  # fmt: skip
        config = directory / f"{own_port}.ini"
        config.write_text(
            f"[databases]\n* = host={host} port={port}\n[pgbouncer]\n"
            + "".join(f"{name} = {value}\n" for name, value in lines.items())
        )
        as_another = ["-u", "nobody"] if os.geteuid() == 0 else []  # it refuses to be root
        with (directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, *as_another, str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _START_S
        while not _answers(own_port):
            assert self._process.poll() is None, (directory / "log").read_text()
            assert time.monotonic() < deadline, "PgBouncer does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
