"""What a program with the vendor's SDK sends when a cell of its table is missing; prints what it was told."""

import json
import sys

from suprsend import Suprsend


def main(prefix: str, base_url: str) -> None:
    client = Suprsend("workspace_key", "workspace_secret", base_url=base_url)
    told = {}

    bulk = client.users.get_bulk_edit_instance()
    for number in range(5):
        user = client.users.get_edit_instance(f"{prefix}{number}")
        user.set({"name": f"User {number}", "score": float("nan") if number == 2 else 1.5})
        bulk.append(user)
    response = bulk.save()
    told["batch"] = [response.status, response.total, response.failure, response.failed_records, response.warnings]

    bulk = client.users.get_bulk_edit_instance()
    user = client.users.get_edit_instance(f"{prefix}nan")
    user.set("score", float("inf"))
    bulk.append(user)
    response = bulk.save()
    told["alone"] = [response.status, response.failed_records[0]["error"], response.failed_records[0]["code"]]

    user = client.users.get_edit_instance(f"{prefix}refused")
    user.increment("n", 2**64)
    told["refused"] = client.users.async_edit(user)
    user.set("name", "Ada")
    told["in part"] = client.users.async_edit(user)
    json.dump(told, sys.stdout)


main(*sys.argv[1:])
