"""Two commits in turns on this machine: processor time per operation of SDK, worker and PostgreSQL.

    make bench-compare BASE=<commit> [HEAD=<commit>] [ROUNDS=5] [LIMIT=1.03]

Processor time, because on a shared machine the rates of the same code differ by half from minute to minute. In each
round both commits get a fresh development hub with one worker, and every measurement goes back and forth between them
in short turns, since processor time too depends on what else the machine does. What is compared are the two figures of
a round. The measuring code is this working tree's for both sides: it knows the hub by its HTTP API and the SDK by its
public names.

Exit status 1 with --limit if the lower quartile of a ratio of processor time exceeds it.
"""

import argparse
import asyncio
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import hub_load
from checkouts import Checkout, check_out, has_uncommitted_changes
from processor_time import Server, settle
from ratios import Line, Pair, over_limit, table
from servers import serving

HERE = Path(__file__).parent
CONNECTIONS = 64
TURNS = 8
"""So often each measurement of a round goes back and forth between the sides."""


@dataclass(frozen=True)
class Work:
    """How many operations of each kind a side does in a round; five rounds of the default take about ten minutes."""

    bulk: int = 100_000
    edits: int = 16_000
    reads: int = 32_000
    calls: int = 6_400
    """Single calls of the SDK, for its own processor time; hub and PostgreSQL are measured under 64 connections."""

    def divided(self, divisor: int) -> "Work":
        """The same in a part of the time."""
        return Work(*(count // divisor for count in (self.bulk, self.edits, self.reads, self.calls)))


@dataclass(frozen=True)
class Side:
    """A commit's hub that runs now."""

    checkout: Checkout
    port: int
    server: Server


class Figure(NamedTuple):
    """An amount and what it is divided by; figures of several turns add up."""

    amount: float
    by: float

    @property
    def value(self) -> float:
        """The quotient."""
        return self.amount / self.by


Sample = dict[str, Figure]
"""Microseconds of processor time by operations, for each process, and operations by seconds as the rate."""


def added(samples: Sequence[Sample]) -> Sample:
    """The samples of several turns as one."""
    return {
        name: Figure(sum(sample[name].amount for sample in samples), sum(sample[name].by for sample in samples))
        for name in samples[0]
    }


def client(side: Side, scenario: str, numbers: range, plan: str) -> dict[str, float]:
    """What the side's SDK does in a process of its own; its figures."""
    url, first, end = f"http://127.0.0.1:{side.port}/", str(numbers.start), str(numbers.stop)
    command = [str(side.checkout.python), str(HERE / "hub_client.py"), url, scenario, first, end, plan]
    figures: dict[str, float] = json.loads(subprocess.check_output(command, text=True, env=clean_environment()))
    return figures


def clean_environment() -> dict[str, str]:
    """This process's environment without settings of the SDK, proxies and Python."""
    drop = ("SUPRSEND_", "PYTHON", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(drop)}


def measure_bulk(side: Side, numbers: range, plan: str) -> Sample:
    """A bulk run of the SDK; its warm-up counts for the hub as well, which is the same on both sides and small."""
    before = side.server.processor_s()
    figures = client(side, "bulk", numbers, plan)
    after = side.server.processor_s()
    taken = {"SDK": figures["processor_s"]} | {name: after[name] - before[name] for name in after}
    sample = {name: Figure(seconds * 1e6, len(numbers)) for name, seconds in taken.items()}
    return sample | {"rate": Figure(len(numbers), figures["seconds"])}


def measure_single(side: Side, requests: Sequence[bytes], scenario: str, calls: range, plan: str) -> Sample:
    """Single requests over many connections for hub and PostgreSQL, then single calls of the SDK for the SDK."""
    before = side.server.processor_s()
    timing = asyncio.run(hub_load.run(side.port, requests, CONNECTIONS))
    after = side.server.processor_s()
    figures = client(side, scenario, calls, plan)
    sample = {"SDK": Figure(figures["processor_s"] * 1e6, len(calls))}
    sample |= {name: Figure((after[name] - before[name]) * 1e6, len(requests)) for name in after}
    return sample | {"rate": Figure(len(requests), len(requests) / timing.per_second)}


def measurements(work: Work) -> Iterator[tuple[str, bool, Callable[[Side, int], Sample]]]:
    """All measurements in order: name, whether autovacuum has to catch up before, and a turn of a side."""
    some = min(work.bulk, 5_000)
    numbers = [number % some for number in range(work.edits // TURNS)]
    edits = [hub_load.patch_requests(numbers, f"single-{turn}") for turn in range(TURNS)]
    reads = hub_load.read_requests([number * 7919 % work.bulk for number in range(work.reads // TURNS)])
    calls = range(work.calls // TURNS)

    def bulk(turn: int) -> range:
        return range(work.bulk * turn // TURNS, work.bulk * (turn + 1) // TURNS)

    # Each turn writes what the one before has not written, so that none finds its edit done.
    yield "bulk, new users", True, lambda side, turn: measure_bulk(side, bulk(turn), "free")
    yield "bulk, existing users", True, lambda side, turn: measure_bulk(side, bulk(turn), "pro")
    yield "single edits", True, lambda side, turn: measure_single(side, edits[turn], "edit", calls, f"call-{turn}")
    yield "reads", False, lambda side, _turn: measure_single(side, reads, "get", calls, "-")


@contextmanager
def running(checkout: Checkout) -> Iterator[Side]:
    """The commit's development hub with one worker, new data, and everything opened that is opened once."""
    with tempfile.TemporaryDirectory(prefix="bench-compare-") as directory, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        data_dir, log = Path(directory) / "data", Path(directory) / "log"
        command = [str(checkout.hub), "dev", "--port", str(port), "--data-dir", str(data_dir), "--workers", "1"]
        with serving(command, port, {}, log=log) as process:
            side = Side(checkout, port, Server(process, data_dir))
            client(side, "bulk", range(10_000_000, 10_002_000), "warm-up")
            numbers = range(10_000_000, 10_001_000)
            requests = hub_load.patch_requests(numbers, "warmer") + hub_load.read_requests(numbers)
            asyncio.run(hub_load.run(port, requests, CONNECTIONS))
            yield side


def one_round(base: Checkout, head: Checkout, work: Work, *, head_first: bool) -> dict[str, tuple[Sample, Sample]]:
    """Every measurement in turns of both sides, by name: what base took and what head took."""
    samples: dict[str, tuple[Sample, Sample]] = {}
    with ExitStack() as stack:
        sides = [stack.enter_context(running(checkout)) for checkout in (base, head)]
        for name, settles, measure in measurements(work):
            if settles:
                settle([side.server for side in sides])
            turns: tuple[list[Sample], list[Sample]] = ([], [])
            for turn in range(TURNS):
                # A B, B A, A B, …: what drifts while a measurement lasts concerns both sides alike.
                for which in (1, 0) if head_first ^ (turn % 2 == 1) else (0, 1):
                    turns[which].append(measure(sides[which], turn))
            samples[name] = (added(turns[0]), added(turns[1]))
    return samples


def compare(base: Checkout, head: Checkout, rounds: int, work: Work) -> list[Line]:
    """All rounds, begun by one side and by the other in turn; the lines of the table."""
    pairs: dict[tuple[str, str], list[Pair]] = {}
    for number in range(rounds):
        start = time.perf_counter()
        for name, (ours, theirs) in one_round(base, head, work, head_first=number % 2 == 1).items():
            for what in ours:
                pairs.setdefault((name, what), []).append(Pair(ours[what].value, theirs[what].value))
        print(f"round {number + 1} of {rounds}: {time.perf_counter() - start:.0f} s", flush=True)
    return [
        Line(name, what, "/s" if what == "rate" else "us", tuple(values), limited=what != "rate")
        for (name, what), values in pairs.items()
    ]


def write_results(base: Checkout, head: Checkout, lines: Sequence[Line]) -> None:
    """Keep the figures of every round in bench/results/compare.json."""
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    record = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "base": base.sha,
        "head": head.sha,
        "lines": [{"measure": line.measure, "what": line.what, "rounds": line.rounds} for line in lines],
    }
    (results / "compare.json").write_text(json.dumps(record, indent=1) + "\n")


def main() -> int:
    """Parse arguments, check out, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", help="the commit to compare with")
    parser.add_argument("--head", default="HEAD", help="the commit to measure; that of the working tree by default")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=float, help="the largest ratio of processor time that is accepted, as 1.03")
    parser.add_argument("--divide", type=int, default=1, help="do a part of the work only, to try the program itself")
    options = parser.parse_args()
    base, head = check_out(options.base), check_out(options.head)
    print(f"base: {base}\nhead: {head}")
    if options.head == "HEAD" and has_uncommitted_changes():
        print("The working tree has changes that are not committed; they are not measured.")
    work = Work().divided(options.divide)
    start = time.perf_counter()
    lines = compare(base, head, options.rounds, work)
    write_results(base, head, lines)
    print(f"\nProcessor time of an operation and rate, medians of {options.rounds} rounds; ratio: head over base\n")
    print(table(lines))
    print(f"\ntook {time.perf_counter() - start:.0f} s")
    if options.limit is None:
        return 0
    over = over_limit(lines, options.limit)
    for line in over:
        ratio = line.ratio
        print(f"{line.measure}, {line.what}: {ratio.median:.3f}, lower quartile {ratio.lower:.3f} > {options.limit}")
    print(f"{len(over)} ratios exceed the limit of {options.limit}" if over else f"All within {options.limit}.")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
