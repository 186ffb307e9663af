"""`suprsend-hub dev` and `make run`'s program as processes: they start, refuse and stop as they say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
from hub_process import STOP_S, scrubbed_environment

ROOT = Path(__file__).resolve().parents[2]
RUN = [sys.executable, ROOT / "examples/run.py", "--port", "0"]


def postgres_processes(data_dir: Path) -> list[str]:
    """Return the command lines of all PostgreSQL servers in the data directory."""
    running = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return [" ".join(line) for line in running if any(str(data_dir) in word for word in line) and "postgres" in line[0]]


def test_sigterm_stops_the_hub_with_its_database_and_the_data_stays(start_hub, data_dir):
    for round_number in range(2):
        with start_hub("dev", "--port", "0", "--data-dir", str(data_dir)) as hub:
            key = hub.api_key
            assert postgres_processes(data_dir)
        assert hub.stop() == 0
        assert not postgres_processes(data_dir)
        assert hub.complaints.read_text() == ""
        if round_number == 0:
            first_key = key
    assert key == first_key


def test_a_second_hub_in_the_same_data_directory_says_that_one_is_running(start_hub, command, data_dir):
    with start_hub("dev", "--port", "0", "--data-dir", str(data_dir)):
        second = command("dev", "--port", "0", "--data-dir", str(data_dir))
    assert second.returncode != 0
    assert "already running" in second.stderr
    assert "Traceback" not in second.stderr


def test_run_once_shows_the_quickstart_and_stops_cleanly(data_dir):
    done = subprocess.run(
        [*RUN, "--data-dir", data_dir, "--once"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "success: 1000" in done.stdout
    assert not postgres_processes(data_dir)


def test_run_leaves_the_hub_running_until_it_is_told_to_stop(data_dir):
    with subprocess.Popen([*RUN, "--data-dir", data_dir], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("The hub is running at http://127.0.0.1:"):
                break
        assert postgres_processes(data_dir)
        os.kill(running.pid, signal.SIGTERM)
        assert running.wait(60) == 0
    assert not postgres_processes(data_dir)


def test_what_ends_make_ends_hub_and_database(data_dir):
    """A service manager or an IDE knows the process of make only."""
    command = ["make", "--no-print-directory", "run", "PORT=0", f"DATA_DIR={data_dir}"]
    with subprocess.Popen(command, cwd=ROOT, env=scrubbed_environment(), stdout=subprocess.PIPE, text=True) as make:
        assert make.stdout is not None
        for line in make.stdout:
            if line.startswith("The hub is running at http://127.0.0.1:"):
                break
        family = psutil.Process(make.pid).children(recursive=True)
        assert family
        assert postgres_processes(data_dir)
        os.kill(make.pid, signal.SIGTERM)
        _, alive = psutil.wait_procs(family, timeout=STOP_S)
        for process in alive:
            process.kill()
    assert alive == []
    assert not postgres_processes(data_dir)


def test_run_says_that_a_hub_already_answers_and_what_to_do(hub, tmp_path):
    port = hub.base_url.rstrip("/").rpartition(":")[2]
    again = [sys.executable, ROOT / "examples/run.py", "--port", port, "--data-dir", tmp_path / "data"]
    done = subprocess.run(again, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"A hub already answers at http://127.0.0.1:{port}/" in done.stderr
    assert "make run PORT=0" in done.stderr
    assert not (tmp_path / "data").exists()
