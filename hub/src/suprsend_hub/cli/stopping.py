"""Handle the signals that stop a hub, from its first moment on, so that nothing it has started is left running.

While a hub starts, a signal is only noted; the start checks the note where it can stop safely. Once the server runs, it
handles the signals itself; we pass on those for which it installs no handler.
"""

import signal
from collections.abc import Callable
from types import FrameType

import typer

Handler = Callable[[int, FrameType | None], None]


class StopRequest:
    """A note of whether one of the given signals has told this process to stop."""

    def __init__(self, *numbers: signal.Signals) -> None:
        self._numbers = numbers
        self._heard: set[signal.Signals] = set()
        self._requested = False

    def listen(self) -> None:
        """Note the signals from now on, except those that are ignored already (`nohup`)."""
        self._heard = self._heard or {
            number for number in self._numbers if signal.getsignal(number) is not signal.SIG_IGN
        }
        self.hand_over(self._note)

    def check(self) -> None:
        """Exit with success if a stop was requested."""
        if self._requested:
            raise typer.Exit

    def hand_over(self, handler: Handler) -> None:
        """Let `handler`, which stops the hub, handle the signals from now on; then check one last time."""
        for number in self._numbers:
            signal.signal(number, handler if number in self._heard else signal.SIG_IGN)
        self.check()

    def ignore(self) -> None:
        """Ignore the signals from now on; everything is stopped, and Python is about to drop its handlers and exit."""
        for number in self._numbers:
            signal.signal(number, signal.SIG_IGN)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._requested = True
