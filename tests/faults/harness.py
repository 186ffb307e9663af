"""What the fault tests put a hub through: a load that keeps accounts, a bad network."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Self

from hub_process import WAIT_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import suprsend
    from live_hub import LiveHub


class Load:
    """A bulk run of increments that goes on until it is told to stop, and knows what was acknowledged of each user."""

    USERS = 1500
    PAUSE_S = 0.05

    def __init__(self, hub: LiveHub, prefix: str, *, base_url: str | None = None) -> None:
        self._hub = hub
        self._prefix = prefix
        self._base_url = base_url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load")
        self.acknowledged: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.errors: list[str] = []
        self._crash: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive(), "the bulk run hangs"

    @property
    def settled(self) -> int:
        """Records acknowledged so far."""
        return self.acknowledged.total()

    def goes_on(self, records: int = 1200) -> None:
        """Wait until that many more records have been acknowledged."""
        goal = self.settled + records
        until(
            lambda: self.settled >= goal or not self._thread.is_alive(),
            f"{records} more records are acknowledged; errors: {self.errors[:3]}",
        )
        assert self._thread.is_alive(), f"the bulk run has ended: {self._crash!r}"

    def _run(self) -> None:
        try:
            with self._hub.client(self._base_url) as client:
                for outcome in client.users.bulk_edit(self._edits(client)):
                    if outcome.ok:
                        self.acknowledged[outcome.distinct_id] += 1
                    else:
                        self.unknown[outcome.distinct_id] += 1
                        self.errors.append(f"{outcome.status_code}: {outcome.error}")
        except BaseException as error:  # noqa: BLE001 - shown by whoever waits for records
            self._crash = error

    def _edits(self, client: suprsend.Suprsend) -> Iterator[suprsend.UserEdit]:
        for number in itertools.count():
            if self._stop.is_set():
                return
            if number % 400 == 399:
                time.sleep(self.PAUSE_S)
            edit = client.users.get_edit_instance(f"{self._prefix}{number % self.USERS}")
            edit.increment("n", 1)
            yield edit

    def verify(self) -> None:
        """After the run: every acknowledged edit is there, none counted twice, and the database is in order."""
        assert self._crash is None, self._crash
        assert self.unknown == Counter(), f"the SDK gave up: {self.errors[:3]}"
        found: Counter[str] = Counter()
        with self._hub.client() as client:
            for user in client.users.iter_users({"limit": 1000}):
                if user["distinct_id"].startswith(self._prefix):
                    found[user["distinct_id"]] = user["properties"]["n"]
        wrong = {
            name: (self.acknowledged[name], found[name])
            for name in self.acknowledged.keys() | found.keys()
            if self.acknowledged[name] != found[name]
        }
        assert wrong == {}, f"{len(wrong)} users differ (acknowledged, found)"
        assert self._hub.run("db", "check") == "No faults found.\n"


class BadNetwork:
    """A TCP proxy that cuts every connection sooner or later: one in the middle of a request, the next in that of an answer."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.cuts = Counter[str]()
        self._accepting = threading.Thread(target=self._accept, name="proxy", daemon=True)

    @property
    def base_url(self) -> str:
        """Where clients find the hub behind this network."""
        return f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(WAIT_S)

    def _accept(self) -> None:
        for number in itertools.count():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client, number), daemon=True).start()

    def _carry(self, client: socket.socket, number: int) -> None:
        """Carry a connection until so many bytes have gone in one direction; a request has some 80 kB, an answer 200 B."""
        doomed = ("request", "answer")[number % 2]
        budget = {"request": 100_000 + 9_973 * (number % 50), "answer": 300 + 37 * (number % 20)}
        with client, contextlib.suppress(OSError), socket.create_connection(self._target) as server:
            threads = [
                threading.Thread(
                    target=self._pump,
                    args=(
                        source,
                        sink,
                        direction,
                        budget[direction] if direction == doomed else None,
                        (client, server),
                    ),
                    daemon=True,
                )
                for source, sink, direction in ((client, server, "request"), (server, client, "answer"))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _pump(
        self,
        source: socket.socket,
        sink: socket.socket,
        direction: str,
        budget: int | None,
        both: tuple[socket.socket, ...],
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(16_384):
                if budget is not None:
                    data, budget = data[:budget], budget - len(data)
                sink.sendall(data)
                if budget is not None and budget <= 0:
                    self.cuts[direction] += 1
                    break
        for end in both:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
