"""Run the quickstart: create, edit, list and delete users, and show the hub's answer to each step.

This needs a hub in development mode, whose workspace has the key `workspace_key` and the secret `workspace_secret`.
`make run` starts one and runs this. If the hub is not at http://127.0.0.1:7877/, set SUPRSEND_BASE_URL.
"""

from __future__ import annotations

import inspect
import pprint
import textwrap
from typing import TYPE_CHECKING, Any

import suprsend

if TYPE_CHECKING:
    from collections.abc import Callable


def edit_a_user(supr_client: suprsend.Suprsend) -> Any:
    """Edit a user; an unknown user is created. The hub answers when the edit is stored."""
    user = supr_client.users.get_edit_instance("ada")
    user.set("name", "Ada Lovelace")
    user.set_timezone("Europe/London")
    user.add_email("ada@example.com")
    user.add_sms("+447700900123")
    return supr_client.users.async_edit(user)


def edit_and_see(supr_client: suprsend.Suprsend) -> Any:
    """Edit a user and get the profile in the same answer."""
    user = supr_client.users.get_edit_instance("ada")
    user.increment("logins", 1)
    user.append("interests", "engines")
    return supr_client.users.edit(user)


def edit_many_users(supr_client: suprsend.Suprsend) -> Any:
    """Edit any number of users in bulk; the SDK splits them into requests."""
    bulk_ins = supr_client.users.get_bulk_edit_instance()
    for number in range(1, 1001):
        user = supr_client.users.get_edit_instance(f"user-{number}")
        user.set("number", number)
        user.add_email(f"user-{number}@example.com")
        bulk_ins.append(user)
    return bulk_ins.save()


def get_a_user(supr_client: suprsend.Suprsend) -> Any:
    """Get a user."""
    return supr_client.users.get("user-1000")


def list_users(supr_client: suprsend.Suprsend) -> Any:
    """List users, newest first, a page at a time."""
    return supr_client.users.list({"limit": 2})


def subscribe_to_an_object(supr_client: suprsend.Suprsend) -> Any:
    """Subscribe users to an object, such as a team or a department."""
    supr_client.objects.upsert("teams", "engines", {"name": "Engines", "$email": ["engines@example.com"]})
    subscription = {"recipients": ["ada", "user-1"], "properties": {"role": "engineer"}}
    return supr_client.objects.create_subscriptions("teams", "engines", subscription)


def get_the_objects_of_a_user(supr_client: suprsend.Suprsend) -> Any:
    """Get the objects that a user is subscribed to."""
    return supr_client.users.get_objects_subscribed_to("ada", {"limit": 10})


def put_users_on_a_list(supr_client: suprsend.Suprsend) -> Any:
    """Put users on a list."""
    supr_client.subscriber_lists.create({"list_id": "newsletter", "list_name": "Newsletter"})
    return supr_client.subscriber_lists.add("newsletter", ["ada", "user-1", "user-2"])


def get_the_lists_of_a_user(supr_client: suprsend.Suprsend) -> Any:
    """Get the lists that a user is on."""
    return supr_client.users.get_lists_subscribed_to("ada", {"limit": 10})


def delete_a_user(supr_client: suprsend.Suprsend) -> Any:
    """Delete a user with its subscriptions and list memberships."""
    return supr_client.users.delete("ada")


def get_a_user_that_is_gone(supr_client: suprsend.Suprsend) -> Any:
    """Get the deleted user; the error says what happened."""
    return supr_client.users.get("ada")


STEPS: list[Callable[[suprsend.Suprsend], Any]] = [
    edit_a_user,
    edit_and_see,
    edit_many_users,
    get_a_user,
    list_users,
    subscribe_to_an_object,
    get_the_objects_of_a_user,
    put_users_on_a_list,
    get_the_lists_of_a_user,
    delete_a_user,
    get_a_user_that_is_gone,
]


def show(number: int, step: Callable[[suprsend.Suprsend], Any], supr_client: suprsend.Suprsend) -> None:
    """Print a step's title and code, run it, print what it returned or raised."""
    signature_and_title, code = inspect.getsource(step).split('"""\n', 1)
    title = signature_and_title.split('"""', 1)[1]
    print(f"\n{number}. {title}\n")
    print(textwrap.indent(textwrap.dedent(code).strip().replace("return ", "", 1), "    "))
    try:
        answer = step(supr_client)
        shown = pprint.pformat(answer, width=110, sort_dicts=False) if isinstance(answer, dict) else str(answer)
    except suprsend.SuprsendAPIException as error:
        shown = f"SuprsendAPIException: {error}"
    print("\n  → " + textwrap.indent(shown, "    ").strip())


def main() -> None:
    """Run all steps against the hub."""
    supr_client = suprsend.Suprsend("workspace_key", "workspace_secret")
    print(f"Quickstart against {supr_client.base_url}")
    for number, step in enumerate(STEPS, 1):
        show(number, step, supr_client)


if __name__ == "__main__":
    main()
