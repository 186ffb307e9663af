"""A client of the hub in a process of its own, with whichever ``suprsend`` this interpreter has.

``hub_client.py URL bulk|edit|get FIRST END PLAN`` sends users FIRST to END through `bulk_edit`, or edits or reads them
one by one, and prints its figures as JSON. A short warm-up with other users goes before and is not in the figures.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator

import suprsend
from hub_load import KEY, SECRET, operations

WARM_UP = 200


def filled(client: suprsend.Suprsend, name: str, number: int, plan: str) -> suprsend.UserEdit:
    """The record of `hub_load.operations` as an edit of the SDK."""
    email, sms, properties = operations(number, plan)
    user = client.users.get_edit_instance(f"{name}-{number:08d}")
    user.add_email(email["$append"]["$email"])
    user.add_sms(sms["$append"]["$sms"])
    user.set(properties["$set"])
    return user


def send(client: suprsend.Suprsend, scenario: str, name: str, numbers: range, plan: str) -> int:
    """Do it, and return how many records failed; single calls raise instead."""
    if scenario == "bulk":

        def edits() -> Iterator[suprsend.UserEdit]:
            for number in numbers:
                yield filled(client, name, number, plan)

        return int(client.users.bulk_edit(edits()).result().failure)
    for number in numbers:
        if scenario == "edit":
            client.users.edit(filled(client, name, number, plan))
        else:
            client.users.get(f"{name}-{number:08d}")
    return 0


def processor_s() -> float:
    """Processor time of this process with all its threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    url, scenario, first, end, plan = sys.argv[1:]
    numbers = range(int(first), int(end))
    client = suprsend.Suprsend(KEY, SECRET, base_url=url)
    send(client, "bulk", "warm", range(WARM_UP), plan)
    send(client, scenario, "warm", range(WARM_UP), plan)
    start, processor_start = time.perf_counter(), processor_s()
    failed = send(client, scenario, "user", numbers, plan)
    taken, seconds = processor_s() - processor_start, time.perf_counter() - start
    if failed:
        sys.exit(f"{failed} records failed")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps({"per_second": len(numbers) / seconds, "seconds": seconds, "processor_s": taken, "peak_mb": peak_mb})
    )


main()
