"""Signals that stop a hub, from its first moment on: nothing that has been started may be forgotten.

While a hub starts, a signal is noted, and obeyed where the start looks at the note. Once the server runs, it has the
signals; those that it does not take away from us go on to it.
"""

import signal
from collections.abc import Callable
from types import FrameType

import typer

Handler = Callable[[int, FrameType | None], None]


class StopRequest:
    """Whether this process has been told to stop, by one of the given signals."""

    def __init__(self, *numbers: signal.Signals) -> None:
        self._numbers = numbers
        self._heard: set[signal.Signals] = set()
        self._requested = False

    def listen(self) -> None:
        """Note the signals from now on, except those that whoever started us has switched off (`nohup`)."""
        self._heard = self._heard or {
            number for number in self._numbers if signal.getsignal(number) is not signal.SIG_IGN
        }
        self.hand_over(self._note)

    def check(self) -> None:
        """End the command, as a success, if a stop was asked for."""
        if self._requested:
            raise typer.Exit

    def hand_over(self, handler: Handler) -> None:
        """Give the signals to what stops the hub from now on, after a last look."""
        for number in self._numbers:
            signal.signal(number, handler if number in self._heard else signal.SIG_IGN)
        self.check()

    def ignore(self) -> None:
        """Ignore the signals from now on: all is stopped, and Python is about to drop its handlers and exit."""
        for number in self._numbers:
            signal.signal(number, signal.SIG_IGN)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._requested = True
