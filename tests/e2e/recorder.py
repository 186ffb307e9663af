"""Run a script with an SDK that it does not touch, and note which of the SDK's methods the script called in which step.

    <python> recorder.py FILE ours|official|asyncio SCRIPT ARGUMENTS...

FILE gets JSON: {"UsersApi.get": ["get", "get after delete"], ...}, the steps in which the call returned without an
exception. A call outside a step counts for the part of the script that it is in. What SDKs call themselves does not
count. With `asyncio`, the script is driven by our asyncio client, under the class names of the synchronous one.
"""

from __future__ import annotations

import dis
import json
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

PACKAGE = "suprsend"
STEP = "step"
"""The function of the scripts that makes a call and keeps its answer by name."""

calls: dict[str, list[str]] = {}
under_way: dict[FrameType, str] = {}


def watch(frame: FrameType, event: str, argument: object) -> None:
    """Take note of a call of the SDK from outside of it when it returns (a profile function of `sys`)."""
    del argument
    if event == "call":
        caller = frame.f_back
        if of_package(frame) and not frame.f_code.co_name.startswith("_") and caller and not of_package(caller):
            owner = next(iter(frame.f_locals.values()), None)
            kind = type(owner).__name__.removeprefix("Async")
            under_way[frame] = f"{kind}.{frame.f_code.co_name}"
    elif event == "return" and frame in under_way and has_returned(frame):
        steps = calls.setdefault(under_way.pop(frame), [])
        name = step_of(frame)
        if name not in steps:
            steps.append(name)


def of_package(frame: FrameType) -> bool:
    """Tell whether the SDK's code runs in the frame."""
    return str(frame.f_globals.get("__name__")).partition(".")[0] == PACKAGE


def has_returned(frame: FrameType) -> bool:
    """Tell whether the frame is left by `return`, not by an exception, and not for a while by `await`."""
    return dis.opname[frame.f_code.co_code[frame.f_lasti]].startswith("RETURN_")


def step_of(frame: FrameType) -> str:
    """Return the name of the step that the call is part of, or of the function of the script."""
    function = ""
    back: FrameType | None = frame
    while back is not None:
        if back.f_globals.get("__name__") == "__main__" and "answers" in back.f_globals:
            if back.f_code.co_name == STEP:
                return str(back.f_locals["name"])
            function = function or back.f_code.co_name
        back = back.f_back
    return f"{function}()"


def main() -> None:
    """Run the script, then write the file."""
    file, sdk, script, *arguments = sys.argv[1:]
    sys.argv = [script, *arguments]
    sys.path[0] = str(Path(script).parent)
    if sdk == "asyncio":
        import suprsend

        sys.path.insert(1, str(Path(__file__).parent))
        from driven import Driven

        suprsend.Suprsend = Driven  # type: ignore[misc, assignment]
    sys.setprofile(watch)
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        sys.setprofile(None)
        Path(file).write_text(json.dumps(calls, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
