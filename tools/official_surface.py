"""Print what the vendor's SDK offers in public, as JSON. Run by the interpreter that has it, in `.venv-official`.

    {"recipients": {"UsersApi": {"reached_by": "users", "methods": [...]}, ...},   what this project has to have
     "left_out": [["messages", "list"], ["track_event"], ["Event"], ...]}          what has to raise

Nothing is listed by hand but the names by which a client offers users, objects, lists and tenants. Classes that their
methods hand out (`UserEdit`) are found by calling those methods.
"""

from __future__ import annotations

import inspect
import json
import sys
import warnings

import suprsend

RECIPIENTS = ("users", "objects", "subscriber_lists", "tenants", "brands", "user", "bulk_users")
"""Attributes of a client that are about recipients; `user` and `bulk_users` are the deprecated forms of `users`."""
ELSEWHERE = frozenset({"broadcast"})
"""Methods of these that send messages."""
REQUESTS = frozenset(
    {"with_workspace_api_key", "workspace_identifier", "default_headers", "prepare_request", "request"}
)
"""Methods of a client that are about requests, whatever they carry."""
SUPPORT = frozenset({"Suprsend", "AppInfo", "BulkResponse"})
"""Exported names that are not about messages either; exceptions and the classes handed out are found."""


def methods_of(kind: type) -> list[str]:
    """Return the public methods of a class."""
    return [name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")]


def handed_out(api: object, reached_by: str) -> dict[str, object]:
    """Return what the API's factories return, by the call that returns it."""
    found = {}
    for name in methods_of(type(api)):
        if name == "new" or name.endswith("instance"):
            factory = getattr(api, name)
            found[f"{reached_by}.{name}()"] = factory(*("x" for _ in inspect.signature(factory).parameters))
    return found


def surface() -> dict[str, object]:
    """Return both halves."""
    client = suprsend.Suprsend("workspace_key", "workspace_secret", base_url="http://127.0.0.1:9/")
    parts = {name: getattr(client, name) for name in dir(client) if not name.startswith("_")}
    recipients: dict[str, dict[str, object]] = {}
    left_out = []
    for reached_by in RECIPIENTS:
        for path, part in {reached_by: parts[reached_by], **handed_out(parts[reached_by], reached_by)}.items():
            names = methods_of(type(part))
            recipients.setdefault(type(part).__name__, {"reached_by": path, "methods": names})
            left_out += [[reached_by, name] for name in names if name in ELSEWHERE]
    for name, part in parts.items():
        if name in RECIPIENTS or isinstance(part, (str, bool, type(None))):
            continue
        if type(part).__module__.startswith("suprsend"):
            left_out += [[name, method] for method in methods_of(type(part))]
        elif inspect.ismethod(part) and name not in REQUESTS:
            left_out.append([name])
    for name, kind in vars(suprsend).items():
        exported = inspect.isclass(kind) and not name.startswith("_") and not issubclass(kind, Exception)
        if exported and name not in recipients and name not in SUPPORT:
            left_out.append([name])
    return {"recipients": recipients, "left_out": left_out}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    json.dump(surface(), sys.stdout)
