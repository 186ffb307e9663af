"""This SDK against the official one, both in one run, against a server that does nothing.

    .venv/bin/python bench/bench_sdk.py [--users 100000] [--stream 1000000] [--official .venv-official/bin/python]

Prints a table with the goals and writes ``bench/results/sdk.json``, with machine and commit. Each figure comes from a
process of its own, after one call to warm up; the best of three is taken, both sides in turns.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent


@dataclass(frozen=True)
class Line:
    what: str
    ours: float
    official: float | None
    unit: str
    goal: str
    met: bool


@contextmanager
def null_server() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, str(HERE / "null_server.py")], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)


def measure(python: str, scenario: str, url: str, count: int) -> dict[str, float]:
    command = [python, str(HERE / "sdk_worker.py"), scenario, url, str(count)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)
    if result.returncode:
        sys.exit(f"{scenario} with {python} failed:\n{result.stderr[-2000:]}")
    out: dict[str, float] = json.loads(result.stdout)
    return out


def best_in_turns(url: str, *jobs: tuple[str, str, int]) -> list[dict[str, float]]:
    """Return the fastest of three runs of each job (interpreter, scenario, count), run in turns.

    In turns, so that whatever else the machine does slows all of them.
    """
    rounds = [[measure(python, scenario, url, count) for python, scenario, count in jobs] for _ in range(3)]
    return [min(runs, key=lambda run: run["seconds"]) for runs in zip(*rounds, strict=True)]


def import_ms(*pythons: str) -> list[float]:
    """Return the milliseconds that ``import suprsend`` takes, less the start of the interpreter."""

    def once(python: str, code: str) -> float:
        started = time.perf_counter()
        subprocess.run([python, "-c", code], check=True)
        return (time.perf_counter() - started) * 1000

    rounds = [[(once(python, "import suprsend"), once(python, "pass")) for python in pythons] for _ in range(9)]
    return [min(full for full, _ in runs) - min(bare for _, bare in runs) for runs in zip(*rounds, strict=True)]


def run(users: int, stream: int, official: str) -> list[Line]:
    calls = 2000
    with null_server() as url:
        ours = sys.executable
        save, their_save, short = best_in_turns(
            url, (ours, "save", users), (official, "save", users), (ours, "bulk_edit", users)
        )
        call, their_call = best_in_turns(url, (ours, "async_edit", calls), (official, "async_edit", calls))
        long = measure(sys.executable, "bulk_edit", url, stream)
    importing, their_importing = import_ms(sys.executable, official)

    def rate(what: str, ours: float, theirs: float, unit: str, factor: int) -> Line:
        return Line(what, ours, theirs, unit, f">= {factor} x official", ours >= factor * theirs)

    def peak(what: str, run: dict[str, float], theirs: float | None, most: float, goal: str) -> Line:
        return Line(what, run["peak_mb"], theirs, "MB", goal, run["peak_mb"] <= most)

    return [
        rate("append and save", users / save["seconds"], users / their_save["seconds"], "users/s", 15),
        rate("bulk_edit", users / short["seconds"], users / their_save["seconds"], "users/s", 15),
        Line("bulk_edit of the long stream", stream / long["seconds"], None, "users/s", "", True),
        rate("async_edit", calls / call["seconds"], calls / their_call["seconds"], "calls/s", 3),
        peak("peak, append and save", save, their_save["peak_mb"], 120, "<= 120"),
        peak("peak, bulk_edit", short, None, 64, "<= 64"),
        peak("peak, bulk_edit of the long stream", long, None, 1.1 * short["peak_mb"], "<= 1.1 x the above"),
        Line("import suprsend", importing, their_importing, "ms", "<= official", importing <= their_importing),
    ]


def machine() -> dict[str, object]:
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":", 1)[1] for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].strip() if names else cpu
    git = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False, cwd=ROOT)
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "commit": git.stdout.strip(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--stream", type=int, default=1_000_000)
    parser.add_argument("--official", default=str(ROOT / ".venv-official" / "bin" / "python"))
    options = parser.parse_args()
    where = machine()
    lines = run(options.users, options.stream, options.official)
    about = f"{where['cpu']}, {where['cores']} cores, Python {where['python']}, commit {where['commit']}"
    print(f"{options.users:,} users, long stream {options.stream:,}; {about}\n")
    print(f"{'':44}{'ours':>10}{'official':>10}{'ratio':>7}  goal")
    for line in lines:
        theirs = f"{line.official:,.0f}" if line.official is not None else "-"
        ratio = f"{line.ours / line.official:.1f}" if line.official else ""
        verdict = ("met" if line.met else "MISSED") if line.goal else ""
        print(f"{line.what + ', ' + line.unit:44}{line.ours:>10,.0f}{theirs:>10}{ratio:>7}  {line.goal} {verdict}")
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    rows = [asdict(line) for line in lines]
    record = {"machine": where, "users": options.users, "stream": options.stream, "lines": rows}
    (results / "sdk.json").write_text(json.dumps(record, indent=1) + "\n")
    return 0 if all(line.met for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
