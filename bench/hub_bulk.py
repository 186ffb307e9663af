"""A bulk run of our SDK in a process of its own: ``hub_bulk.py URL USERS PLAN``. Prints its figures as JSON."""

import json
import resource
import sys
import time

import suprsend
from hub_load import KEY, SECRET


def main() -> None:
    url, users, plan = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    client = suprsend.Suprsend(KEY, SECRET, base_url=url)

    def edits():
        for number in range(users):
            user = client.users.get_edit_instance(f"user-{number:08d}")
            user.add_email(f"user{number}@example.com")
            user.add_sms(f"+1555{number:07d}")
            user.set(
                {
                    "name": f"User Number {number}",
                    "plan": plan,
                    "age": number % 90,
                    "city": "Bengaluru",
                    "score": number * 1.5,
                    "vip": number % 2 == 0,
                }
            )
            yield user

    start = time.perf_counter()
    result = client.users.bulk_edit(edits()).result()
    seconds = time.perf_counter() - start
    print(
        json.dumps(
            {
                "per_second": users / seconds,
                "success": result.success,
                "failure": result.failure,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


main()
