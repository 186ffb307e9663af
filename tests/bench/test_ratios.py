"""The figures of `make bench-compare`: medians, quartiles and limits of ratios, and processor time of processes."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest
from processor_time import taken_s
from ratios import Line, Pair, over_limit, ratio_of, table


def pairs(*ratios: float, base: float = 100.0) -> tuple[Pair, ...]:
    """Rounds with the given ratios; the base differs from round to round, as on a machine that others use too."""
    return tuple(Pair(base * (number + 1), base * (number + 1) * ratio) for number, ratio in enumerate(ratios))


def line(*ratios: float, what: str = "worker", limited: bool = True) -> Line:
    return Line("reads", what, "us", pairs(*ratios), limited)


def test_of_five_rounds_the_quartiles_are_the_second_and_the_fourth():
    """However the rounds are ordered, and however slow the machine was in each of them."""
    ratio = ratio_of(pairs(1.3, 0.9, 1.0, 1.2, 1.1))
    assert (ratio.lower, ratio.median, ratio.upper) == pytest.approx((1.0, 1.1, 1.2))


def test_one_disturbed_round_does_not_move_the_median():
    assert ratio_of(pairs(1.0, 1.0, 1.0, 1.0, 9.0)).median == pytest.approx(1.0)


def test_quartiles_of_few_rounds_lie_between_them():
    assert ratio_of(pairs(1.25)) == ratio_of(pairs(1.25, 1.25))
    two = ratio_of(pairs(1.0, 1.2))
    assert 1.0 < two.lower < two.median < two.upper < 1.2


def test_the_ratio_is_that_of_the_rounds_and_not_of_the_sums():
    """A side that ran while the machine was slow must not weigh more: here every round says 2, the sums would not."""
    rounds = (Pair(1, 2), Pair(1000, 2000), Pair(10, 20))
    assert ratio_of(rounds).median == 2


def test_a_limit_concerns_the_lower_quartile_of_processor_time_only():
    """What is slower in most rounds is found; what is slower in one round, or in the rate, is not."""
    slower = line(1.0, 1.1, 1.1, 1.1, 1.2)
    once = line(1.0, 1.0, 1.0, 1.0, 1.5)
    noisy = line(0.9, 1.02, 1.1, 1.2, 1.3)
    rate = line(2, 2, 2, 2, 2, what="rate", limited=False)
    assert over_limit([slower, once, noisy, rate], 1.03) == [slower]
    assert over_limit([slower], 1.2) == []


def test_the_table_names_each_measure_once_and_shows_medians_of_both_sides():
    lines = [line(2, 2, 2), line(1, 1, 1, what="PostgreSQL"), line(0.5, 0.5, 0.5, what="rate", limited=False)]
    rows = [row.split() for row in table(lines).splitlines()]
    assert rows[0] == ["base", "head", "ratio", "quartiles"]
    assert rows[1] == ["reads", "worker", "200.0", "us", "400.0", "us", "2.000", "2.000", "-", "2.000"]
    assert [row[0] for row in rows[2:]] == ["PostgreSQL", "rate"]


BURN = "import time\nwhile time.process_time() < 0.3: pass\n"


def test_processor_time_of_a_process_counts_work_and_no_waiting():
    program = f"{BURN}input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        watched = [psutil.Process(process.pid)]
        while taken_s(watched, ended=False) < 0.3:
            assert process.poll() is None
        start = taken_s(watched, ended=False)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        assert taken_s(watched, ended=False) - start < 0.15
        process.communicate(b"\n")


def test_processor_time_of_children_that_have_ended_counts_if_asked_for():
    """PostgreSQL's sessions end; what they took must not vanish with them."""
    program = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])\nprint('done')\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        parent = [psutil.Process(process.pid)]
        assert taken_s(parent, ended=True) - taken_s(parent, ended=False) >= 0.25
        process.communicate("\n")
