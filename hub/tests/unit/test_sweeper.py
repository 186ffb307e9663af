"""What the sweeper logs: the beginning and the end of a trouble, not each attempt."""

import asyncio

import pytest
from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import Unavailable
from suprsend_hub.service import sweeper
from suprsend_hub.service.sweeper import Sweeper

pytestmark = pytest.mark.anyio

ATTEMPTS = 5


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Step:
    """Fails with the error that it is given."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.attempts = 0

    async def __call__(self) -> bool:
        self.attempts += 1
        if self.error is not None:
            raise self.error
        return False

    async def try_often(self, error: Exception | None) -> None:
        """Wait until the step has been tried several times with this result."""
        self.error, self.attempts = error, 0
        async with asyncio.timeout(5):
            while self.attempts <= ATTEMPTS:  # noqa: ASYNC110 - the sweeper announces nothing
                await asyncio.sleep(0.001)


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Step:
    monkeypatch.setattr(sweeper, "IDLE_S", 0)
    return Step()


def away(code: Code) -> Unavailable:
    return Unavailable("away", code=code, retry_after_s=1, reason="the words of the store")


@pytest.mark.parametrize("code", [Code.DATABASE_UNAVAILABLE, Code.DATABASE_MISCONFIGURED])
async def test_an_outage_that_the_database_logs_is_not_logged_again(
    code: Code, step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sweeper tries again and again, for example while the password is wrong, and stays silent."""
    running = Sweeper([step])
    running.start()
    await step.try_often(away(code))
    await step.try_often(None)
    await running.stop()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("error", "reason"),
    [(away(Code.DATABASE_READ_ONLY), "the words of the store"), (ZeroDivisionError("secret"), "ZeroDivisionError")],
)
async def test_any_other_trouble_is_logged_once_with_its_reason(
    error: Exception, reason: str, step: Step, capsys: pytest.CaptureFixture[str]
) -> None:
    """A defect, whose text may contain anything, is named by its class."""
    running = Sweeper([step])
    running.start()
    await step.try_often(error)
    await running.stop()
    [line] = capsys.readouterr().out.splitlines()
    assert reason in line
    assert "secret" not in line
