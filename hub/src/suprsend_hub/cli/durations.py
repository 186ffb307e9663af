"""Durations on the command line: `90s`, `30m`, `24h`, `7d`, or `0`."""

import re
from datetime import timedelta

import typer

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(text: str) -> timedelta:
    """Return the duration. Raise typer's error, which names the option, for any other text."""
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", text.strip())
    if match is None:
        if text.strip() == "0":
            return timedelta(0)
        raise typer.BadParameter("write a number with s, m, h or d, such as 24h")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
