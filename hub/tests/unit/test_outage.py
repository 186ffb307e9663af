"""One line for an outage and one for its end, however many requests meet it."""

import pytest
from suprsend_hub.domain.codes import Code
from suprsend_hub.store.outage import OutageLog


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_an_outage_is_told_once_and_so_is_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    """Also when some requests succeed in the middle of it, as when one table cannot be used."""
    clock = Clock()
    log = OutageLog("database", monotonic=clock)
    away = (Code.DATABASE_UNAVAILABLE, "the reason, for the operator")
    log.end()
    for _ in range(100):
        clock.now += 0.5
        log.note(*away)
        log.end()
    [begun] = lines(capsys)
    assert "the reason, for the operator" in begun
    clock.now += 5
    for _ in range(3):
        log.end()
    [over] = lines(capsys)
    assert "after_s=49.5" in over
    log.note(*away)
    assert len(lines(capsys)) == 1


def test_another_cause_is_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    log = OutageLog("database", monotonic=Clock())
    away, refused = Code.DATABASE_UNAVAILABLE, Code.DATABASE_MISCONFIGURED
    for code in (away, away, refused, refused):
        log.note(code, code)
    assert [line.rpartition("reason=")[2].split()[0] for line in lines(capsys)] == [away, refused]
