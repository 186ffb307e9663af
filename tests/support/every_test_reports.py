"""A pytest plugin: a run fails if a test that was collected did not report.

pytest-xdist keeps tests by their node ids, so of several tests with the same id it runs one and says nothing of the
others. Counted where the reports come together: in the only process, or in the one that hands tests to workers.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNTED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
"""Ends of a whole run; one that was interrupted has reason to leave tests out."""


class EveryTestReports:
    """Counts of node ids, collected and reported."""

    def __init__(self) -> None:
        self.collected: Counter[str] = Counter()
        self.reported: Counter[str] = Counter()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without pytest-xdist."""
        self.collected = Counter(item.nodeid for item in getattr(session, "items", ()))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """With pytest-xdist: all workers collect the same."""
        self.collected = Counter(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test when its setup is reported, or when it took its worker down ("???")."""
        if report.when in ("setup", "???"):
            self.reported[report.nodeid] += 1

    @property
    def missing(self) -> Counter[str]:
        """Node ids without report, and how many tests each of them stands for."""
        return self.collected - self.reported

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Turn success into failure if a test is missing."""
        stopped = session.config.option.collectonly or session.shouldstop or session.shouldfail
        if exitstatus not in COUNTED or stopped or session.config.option.maxfail:
            self.collected.clear()
        if self.missing and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name what is missing."""
        if self.missing:
            terminalreporter.section("collected and not reported", red=True)
            for nodeid, count in sorted(self.missing.items()):
                terminalreporter.line(f"{count} x {nodeid}")


def pytest_configure(config: pytest.Config) -> None:
    """Register in the process where reports come together."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(EveryTestReports(), "count-of-tests")
