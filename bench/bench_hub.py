"""The hub against what PostgreSQL alone does, a server that does nothing, and Datasette, all in one run.

    .venv/bin/python bench/bench_hub.py [--users 100000] [--growth 10000,100000,1000000] [--workers 1]

Prints a table of ratios with their goals, absolute figures next to them, and writes ``bench/results/hub.json`` with
machine and commit. PostgreSQL, hub and load share the machine's cores.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg
import datasette_upsert
import hub_load
import hub_raw
import psutil
from pydantic import SecretStr
from servers import serving
from suprsend_hub.app import build_services
from suprsend_hub.cli.server import chosen_port
from suprsend_hub.domain.actor import hub_actor
from suprsend_hub.domain.categories import Category, CategoryDocument, Commit, Section
from suprsend_hub.domain.preference_terms import Preference, RootCategory
from suprsend_hub.service.secrets import generate_master_key
from suprsend_hub.settings import Settings
from suprsend_hub.store.embedded import embedded_postgres
from suprsend_hub.store.migrate import migrate

HERE = Path(__file__).parent
SINGLE_EDITS = 10_000
READS = 20_000
RESOLVED = 30
"""Calls of a sender, of a thousand users each."""
ROUNDS = 3
"""Runs of single requests of each kind; the best counts."""
CONNECTIONS = 64
GROWTH_STEP = 300
"""Calls of each kind for a figure of the growth table, one after the other; the median counts."""


@dataclass
class Line:
    """A row of the table."""

    what: str
    ratio: float
    goal: str
    met: bool
    absolute: str


async def prepare(url: str, master_key: str) -> int:
    """Migrate and create the workspace that the load signs for."""
    await migrate(url)
    hub = build_services(Settings(database_url=SecretStr(url), master_key=SecretStr(master_key)))
    async with hub.database:
        created = await hub.workspaces.create(
            hub_actor("bench"), "bench", workspace_key=hub_load.KEY, workspace_secret=hub_load.SECRET
        )
        news = Category(hub_load.CATEGORY, "News", Preference.OPT_IN)
        document = CategoryDocument({RootCategory.PROMOTIONAL: (Section(categories=(news,)),)})
        await hub.categories.save(hub_actor("bench"), created.workspace_id, document, Commit("bench"))
    return created.workspace_id


def memory_mb(process: psutil.Process) -> float:
    """Resident memory of the largest worker."""
    return max(child.memory_info().rss for child in [process, *process.children(recursive=True)]) / 1024**2


def bulk(port: int, users: int, plan: str) -> dict[str, float]:
    """A bulk run in its own process."""
    command = [sys.executable, str(HERE / "hub_client.py"), f"http://127.0.0.1:{port}/", "bulk", "0", str(users), plan]
    figures: dict[str, float] = json.loads(subprocess.check_output(command, text=True))
    return figures


def granian(port: int) -> list[str]:
    """The server of `bench/idle_app.py`, run as the hub runs."""
    return [
        str(Path(sys.executable).parent / "granian"), "--interface", "asgi", "--loop", "uvloop", "--factory",
        "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning", "--working-dir", str(HERE),
        "idle_app:create_app",
    ]  # fmt: skip


def best_in_turns(port: int, idle_port: int, reads: list[bytes]) -> list[hub_load.Timing]:
    """Edits and reads at the hub, each compared with the idle server, in turns; the best of ROUNDS of each.

    In turns, so that whatever else the machine does slows all of them.
    """
    rounds = []
    for number in range(ROUNDS):
        edits = hub_load.edit_requests([20_000_000 + n % 5000 for n in range(SINGLE_EDITS)], f"solo-{number}")
        loads = ((port, edits), (idle_port, edits), (port, reads), (idle_port, reads))
        rounds.append([asyncio.run(hub_load.run(target, load, CONNECTIONS)) for target, load in loads])
    return [max(runs, key=lambda run: run.per_second) for runs in zip(*rounds, strict=True)]


async def median_ms(port: int, requests: list[bytes]) -> float:
    """Median time of requests sent one after the other."""
    return (await hub_load.run(port, requests, 1)).p50_ms


def resolving(port: int, users: int) -> Line:
    """The time for each user of a sender's question about a thousand, compared with reading a user by itself."""
    step = min(1000, users)
    asked = [[(start + n * 7919) % users for n in range(step)] for start in range(RESOLVED)]
    one = hub_load.read_requests([n * 7919 % users for n in range(RESOLVED)])
    many = [hub_load.resolve_request(numbers) for numbers in asked]
    alone_ms = min(asyncio.run(median_ms(port, one)) for _ in range(ROUNDS))
    each_ms = min(asyncio.run(median_ms(port, many)) for _ in range(ROUNDS)) / step
    ratio = each_ms / alone_ms
    absolute = f"p50 {each_ms * 1000:.0f} us per user, of {alone_ms * 1000:.0f} us"
    return Line(f"resolve, {step:,} users a call, of reading one", ratio, "<= 0.3", ratio <= 0.3, absolute)


def growth(url: str, workspace_id: int, port: int, sizes: list[int]) -> list[Line]:
    """Times of single calls at each number of users; the last row of ratios compares the largest with the smallest."""
    times: dict[str, list[float]] = {}
    have = 0
    for size in sizes:
        asyncio.run(_grow(url, workspace_id, have, size))
        have = size
        numbers = [(n * 7919) % size for n in range(GROWTH_STEP)]
        calls = {
            "get": [hub_load.signed("GET", f"/v1/user/grow-{n:08d}/") for n in numbers],
            "list page": [hub_load.signed("GET", "/v1/user/?limit=20")] * GROWTH_STEP,
            "prefix search": [hub_load.signed("GET", f"/v1/user/?search=grow-{n:08d}&limit=20") for n in numbers],
            "lists of a user": [hub_load.signed("GET", f"/v1/user/grow-{n:08d}/subscribed_to/list/") for n in numbers],
            "list of all of them": [hub_load.signed("GET", "/v1/subscriber_list/grow/")] * GROWTH_STEP,
            "its members, a page": [hub_load.signed("GET", "/v1/subscriber_list/grow/subscriber/")] * GROWTH_STEP,
        }
        rounds = []
        for number in range(ROUNDS):
            edits = hub_load.edit_requests([10_000_000 + n for n in numbers], f"plan-{size}-{number}")
            loads = {"edit": edits, **calls}
            rounds.append({name: asyncio.run(median_ms(port, requests)) for name, requests in loads.items()})
        for name in rounds[0]:
            times.setdefault(name, []).append(min(timings[name] for timings in rounds))
    return [
        Line(
            f"growth: {name}, {sizes[-1]:,} users over {sizes[0]:,}",
            values[-1] / values[0],
            "<= 1.3",
            values[-1] / values[0] <= 1.3,
            " / ".join(f"{value:.2f} ms" for value in values),
        )
        for name, values in times.items()
    ]


async def _grow(url: str, workspace_id: int, have: int, size: int) -> None:
    """Bring the workspace to `size` users, a list with all of them, and fresh statistics."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        f"""
        INSERT INTO profile (workspace_id, tenant_no, linked, object_type, recipient_id, profile_id, version,
                             properties, channels, addresses, created_at, updated_at)
        SELECT {workspace_id}, 0, true, '', 'grow-' || lpad(n::text, 8, '0'),
               ('0190' || lpad(to_hex(n), 28, '0'))::uuid, 1, '{{"plan":"free"}}',
               '{{"$email":[{{"value":"grow@example.com"}}]}}', ARRAY['{workspace_id} grow-' || n || '@example.com'],
               now(), now()
        FROM generate_series({have}, {size - 1}) AS n
        """
    )
    await connection.execute(
        f"""
        INSERT INTO list SELECT {workspace_id}, 'grow', '', '', false, false, '{_VERSION}', now(), now()
        ON CONFLICT DO NOTHING
        """
    )
    for table, columns in (
        ("list_member", f"'grow', '{_VERSION}', 'grow-' || lpad(n::text, 8, '0')"),
        ("list_membership", f"'grow-' || lpad(n::text, 8, '0'), 'grow', '{_VERSION}'"),
    ):
        await connection.execute(
            f"INSERT INTO {table} SELECT {workspace_id}, {columns}, ('0190' || lpad(to_hex(n), 28, '0'))::uuid, now() "
            f"FROM generate_series({have}, {size - 1}) AS n"
        )
    for counter in ("users", f"members:grow:{_VERSION}"):
        await connection.execute(
            "INSERT INTO counter (workspace_id, name, place, slot, value) VALUES ($1, $2, $4, 0, $3) "
            "ON CONFLICT (workspace_id, name, place, slot) DO UPDATE SET value = counter.value + excluded.value",
            workspace_id,
            counter,
            size - have,
            "grow" if counter.startswith("members:") else "",
        )
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


_VERSION = "01900000-0000-7000-8000-000000000000"


def beside_datasette(figures: dict[str, Any], blind: dict[str, float] | None) -> list[Line]:
    """Our bulk rates over Datasette's, in users and rows per second; nothing if Datasette was not measured."""
    lines = []
    for name, theirs in (blind or {}).items():
        ours = figures[f"bulk_{name}"]["per_second"]
        absolute = f"{ours:,.0f}/s of {theirs:,.0f}/s"
        lines.append(Line(f"bulk, {name} users, of Datasette's upsert", ours / theirs, "> 1", ours > theirs, absolute))
    return lines


def run(users: int, sizes: list[int], workers: int) -> tuple[list[Line], dict[str, object]]:
    """All measurements."""
    figures: dict[str, object] = {}
    lines: list[Line] = []
    # Before PostgreSQL starts, so that neither takes a core from the other.
    blind = datasette_upsert.measure(users) if datasette_upsert.PROGRAM.exists() else None
    figures["datasette"] = blind
    with tempfile.TemporaryDirectory(prefix="bench-hub-") as directory, embedded_postgres(Path(directory)) as url:
        master_key = generate_master_key()
        workspace_id = asyncio.run(prepare(url, master_key))
        environment = {
            "SUPRSEND_HUB_DATABASE_URL": url,
            "SUPRSEND_HUB_MASTER_KEY": master_key,
            "SUPRSEND_HUB_LOG_LEVEL": "warning",
        }
        raw = hub_raw.measure(url, workspace_id, users)
        figures["raw"] = raw
        port = chosen_port("127.0.0.1", 0)
        command = [str(Path(sys.executable).parent / "suprsend-hub"), "serve", "--port", str(port)]
        command += ["--workers", str(workers)]
        with serving(command, port, environment) as hub:
            for name, plan in (("new", "free"), ("existing", "pro")):
                asyncio.run(hub_raw.settle(url))
                result = bulk(port, users, plan)
                figures[f"bulk_{name}"] = result
                ratio = result["per_second"] / raw[f"raw_{name}"]
                absolute = f"{result['per_second']:,.0f}/s of {raw[f'raw_{name}']:,.0f}/s"
                lines.append(Line(f"bulk, {name} users, of raw", ratio, ">= 0.6", ratio >= 0.6, absolute))
                after = memory_mb(hub)
                figures[f"hub_memory_mb_after_{name}"] = after
            for name in ("new", "existing"):
                ratio = raw[f"raw_{name}"] / raw[f"bare_{name}"]
                absolute = f"{raw[f'raw_{name}']:,.0f}/s of {raw[f'bare_{name}']:,.0f}/s"
                lines.append(Line(f"raw, {name} users, of a bare upsert", ratio, ">= 0.55", ratio >= 0.55, absolute))
            lines += beside_datasette(figures, blind)
            asyncio.run(hub_raw.settle(url))
            reads = hub_load.read_requests([n % users for n in range(READS)])
            idle_port = chosen_port("127.0.0.1", 0)
            with serving(granian(idle_port), idle_port, {}):
                edit_timing, idle_edits, read_timing, idle_reads = best_in_turns(port, idle_port, reads)
            figures["hub_memory_mb_after_single"] = memory_mb(hub)
            for what, ours, idle, goal in (
                ("single edits, of 202 without work", edit_timing, idle_edits, 0.4),
                ("reads, of an answer without work", read_timing, idle_reads, 0.5),
            ):
                ratio = ours.per_second / idle.per_second
                absolute = (
                    f"{ours.per_second:,.0f}/s of {idle.per_second:,.0f}/s; "
                    f"p50 {ours.p50_ms:.1f} ms, p99 {ours.p99_ms:.1f} ms"
                )
                lines.append(Line(f"{what}, {CONNECTIONS} connections", ratio, f">= {goal}", ratio >= goal, absolute))
                figures[what] = {"hub": asdict(ours), "idle": asdict(idle)}
            lines.append(resolving(port, users))
            if sizes:
                lines += growth(url, workspace_id, port, sizes)
            grown = memory_mb(hub)
            figures["hub_memory_mb_at_end"] = grown
            ratio = grown / figures["hub_memory_mb_after_new"]  # type: ignore[operator]
            lines.append(
                Line("memory of a worker, end of run over first bulk", ratio, "<= 1.3", ratio <= 1.3, f"{grown:.0f} MB")
            )
    return lines, figures


def main() -> None:
    """Parse arguments, run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--growth", default="10000,100000,1000000", help="numbers of users, or nothing to leave it out")
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.growth.split(",") if size]
    start = time.perf_counter()
    lines, figures = run(arguments.users, sizes, arguments.workers)
    width = max(len(line.what) for line in lines)
    for line in lines:
        verdict = "met" if line.met else "NOT MET"
        print(f"{line.what:<{width}}  {line.ratio:6.2f}  {line.goal:>7}  {verdict:<8} {line.absolute}")
    if figures["datasette"] is None:
        print("bulk, of Datasette's upsert: not measured, .venv-datasette is missing; `make env-datasette` creates it")
    print(f"took {time.perf_counter() - start:.0f} s")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "hub.json").write_text(
        json.dumps(
            {
                "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
                "commit": commit.stdout.strip(),
                "lines": [asdict(line) for line in lines],
                "figures": figures,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
