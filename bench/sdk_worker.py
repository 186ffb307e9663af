"""One measurement in a process of its own, with whichever ``suprsend`` this interpreter has.

``sdk_worker.py save|bulk_edit|async_edit URL COUNT`` prints ``{"seconds": s, "peak_mb": m}``. Builds COUNT users with
e-mail, name and time zone; the time is that of building, encoding, signing and posting.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator

import suprsend

scenario, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = suprsend.Suprsend("workspace_key_0123456789", "workspace_secret", base_url=url)


def edits() -> Iterator[suprsend.UserEdit]:
    for index in range(count):
        user = client.users.get_edit_instance(f"user-{index}")
        user.add_email(f"user-{index}@example.com")
        user.set("name", "Ada Lovelace")
        user.set_timezone("America/Los_Angeles")
        yield user


def save() -> int:
    bulk = client.users.get_bulk_edit_instance()
    for user in edits():
        bulk.append(user)
    return bulk.save().success


def bulk_edit() -> int:
    return client.users.bulk_edit(edits()).result().success


def async_edit() -> int:
    return sum(client.users.async_edit(user)["success"] for user in edits())


# The first call opens what is opened once, on both sides.
client.users.async_edit(client.users.get_edit_instance("warm-up"))
started = time.perf_counter()
success = {"save": save, "bulk_edit": bulk_edit, "async_edit": async_edit}[scenario]()
seconds = time.perf_counter() - started
if success != count:
    sys.exit(f"only {success} of {count} succeeded")
peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if sys.platform == "darwin":
    peak_kib /= 1024
print(json.dumps({"seconds": seconds, "peak_mb": peak_kib / 1024}))
