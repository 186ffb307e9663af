"""SIGINT, SIGTERM and SIGHUP while a hub starts, when nothing of ours may be interrupted half-way.

A signal is noted, and obeyed where the start looks at the note: so nothing that has been started is forgotten.
"""

import os
import signal
from types import FrameType

import typer

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequest:
    """Whether this process has been told to stop."""

    def __init__(self) -> None:
        self._number: int | None = None

    def listen(self) -> None:
        """Note the signals from now on, except those that whoever started us has switched off (`nohup`)."""
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._note)

    def check(self) -> None:
        """End the command, as a success, if a stop was asked for."""
        if self._number is not None:
            raise typer.Exit

    def pass_on(self) -> None:
        """Send the signal again, to what handles it from now on."""
        if self._number is not None:
            os.kill(os.getpid(), signal.SIGTERM)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._number = number
