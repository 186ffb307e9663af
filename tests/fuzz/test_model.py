"""Random use of the SDK against a model in plain dicts: after every step the hub says what the model says."""

from __future__ import annotations

import json
import secrets
import uuid
from typing import TYPE_CHECKING, Any

import pytest
import suprsend
from fuzzing import FUZZ
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

if TYPE_CHECKING:
    from live_hub import LiveHub

pytestmark = pytest.mark.slow

NAMES = st.sampled_from(["ada", "bo/é", "cy ", "%2F"])
OBJECTS = st.sampled_from(["core", "web/shop"])
LISTS = st.sampled_from(["news", "beta"])
TENANTS = st.sampled_from(["acme", "other"])
VALUES = st.one_of(
    st.integers(-(2**31), 2**31), st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8),
    st.booleans(), st.lists(st.integers(0, 3), max_size=3), st.dictionaries(st.sampled_from("xyz"), st.integers(0, 9)),
)  # fmt: skip
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.sampled_from("ab"), VALUES),
        st.tuples(st.just("set_once"), st.sampled_from("abc"), VALUES),
        st.tuples(st.just("increment"), st.just("n"), st.integers(-5, 5)),
        st.tuples(st.just("append"), st.just("l"), st.integers(0, 4)),
        st.tuples(st.just("remove"), st.just("l"), st.integers(0, 4)),
        st.tuples(st.just("unset"), st.sampled_from("abcnl"), st.none()),
        st.tuples(st.just("add_email"), st.just(""), st.sampled_from(["a@example.com", "b@example.com"])),
        st.tuples(st.just("remove_email"), st.just(""), st.sampled_from(["a@example.com", "b@example.com"])),
    ),
    min_size=1,
    max_size=5,
)

Profile = dict[str, Any]


def fill(edit: Any, operations: list[tuple[str, str, Any]]) -> Any:
    """The operations on an edit of the SDK."""
    for name, key, value in operations:
        if name in ("add_email", "remove_email"):
            getattr(edit, name)(value)
        elif name == "unset":
            edit.unset(key)
        else:
            getattr(edit, name)(key, value)
    return edit


def fold(profile: Profile | None, operations: list[tuple[str, str, Any]]) -> Profile:
    """The operations on a profile of the model."""
    after: Profile = {"properties": {}, "emails": set()} if profile is None else profile
    properties, emails = dict(after["properties"]), set(after["emails"])
    for name, key, value in operations:
        if name == "set":
            properties[key] = value
        elif name == "set_once":
            properties.setdefault(key, value)
        elif name == "increment":
            properties[key] = properties.get(key, 0) + value
        elif name == "append":
            properties[key] = [*properties.get(key, []), value]
        elif name == "remove" and key in properties:
            properties[key] = [item for item in properties[key] if item != value]
        elif name == "unset":
            properties.pop(key, None)
        elif name == "add_email":
            emails.add(value)
        elif name == "remove_email":
            emails.discard(value)
    return {"properties": properties, "emails": emails}


class Directory(RuleBasedStateMachine):
    """Users, objects, subscriptions, lists and tenants; ids carry a prefix of their own in each run."""

    hub: LiveHub
    client: suprsend.Suprsend

    def __init__(self) -> None:
        super().__init__()
        self.prefix = secrets.token_hex(4)
        self.type = f"teams-{self.prefix}"
        self.users: dict[str, Profile] = {}
        self.objects: dict[str, Profile] = {}
        self.subscribers: dict[str, set[str]] = {}
        self.lists: dict[str, set[str]] = {}
        self.tenants: dict[str, dict[str, Profile]] = {}

    def user(self, name: str) -> str:
        """The id under which the hub knows a user of the model."""
        return f"{self.prefix}{name}".strip()

    def list_id(self, name: str) -> str:
        """The id of a list or a tenant."""
        return f"{name}-{self.prefix}"

    def expect(self, exists: bool, call: Any, *arguments: Any) -> Any:
        """Make a call that succeeds if and only if its subject exists."""
        if exists:
            return call(*arguments)
        with pytest.raises(suprsend.SuprsendAPIException) as refused:
            call(*arguments)
        assert refused.value.status_code == 404
        return None

    @rule(name=NAMES, operations=OPERATIONS, later=st.booleans())
    def edit_user(self, name: str, operations: Any, later: bool) -> None:
        edit = fill(self.client.users.get_edit_instance(self.user(name)), operations)
        (self.client.users.async_edit if later else self.client.users.edit)(edit)
        self.users[name] = fold(self.users.get(name), operations)

    @rule(records=st.lists(st.tuples(NAMES, OPERATIONS), min_size=1, max_size=8))
    def edit_in_bulk(self, records: Any) -> None:
        bulk = self.client.users.get_bulk_edit_instance()
        for name, operations in records:
            bulk.append(fill(self.client.users.get_edit_instance(self.user(name)), operations))
            self.users[name] = fold(self.users.get(name), operations)
        assert bulk.save().status == "success"

    @rule(name=NAMES, times=st.integers(2, 4))
    def send_an_event_several_times(self, name: str, times: int) -> None:
        """As after lost answers: it counts once."""
        event = {
            "$schema": "2", "$insert_id": str(uuid.uuid4()), "$time": 1748944800000, "properties": {},
            "env": self.hub.credentials["Workspace key"], "distinct_id": self.user(name),
            "$user_operations": [{"$add": {"n": 1}}],
        }  # fmt: skip
        assert self.client.request("POST", f"{self.client.base_url}event/", [event, event]).status_code == 202
        for _ in range(times - 1):
            assert self.client.request("POST", f"{self.client.base_url}event/", [event]).status_code == 202
        self.users[name] = fold(self.users.get(name), [("increment", "n", 1)])

    @rule(name=NAMES)
    def delete_user(self, name: str) -> None:
        self.expect(name in self.users, self.client.users.delete, self.user(name))
        self.users.pop(name, None)
        for group in (*self.subscribers.values(), *self.lists.values()):
            group.discard(name)
        for profiles in self.tenants.values():
            profiles.pop(name, None)

    @rule(name=OBJECTS, operations=OPERATIONS)
    def edit_object(self, name: str, operations: Any) -> None:
        self.client.objects.edit(fill(self.client.objects.get_edit_instance(self.type, name), operations))
        self.objects[name] = fold(self.objects.get(name), operations)
        self.subscribers.setdefault(name, set())

    @rule(name=OBJECTS)
    def delete_object(self, name: str) -> None:
        self.expect(name in self.objects, self.client.objects.delete, self.type, name)
        self.objects.pop(name, None)
        self.subscribers.pop(name, None)

    @rule(name=OBJECTS, users=st.sets(NAMES, min_size=1))
    def subscribe(self, name: str, users: set[str]) -> None:
        """Whoever is unknown is created."""
        payload = {"recipients": [self.user(user) for user in sorted(users)]}
        self.expect(name in self.objects, self.client.objects.create_subscriptions, self.type, name, payload)
        if name in self.objects:
            self.subscribers[name] |= users
            for user in users:
                self.users.setdefault(user, fold(None, []))

    @rule(name=OBJECTS, users=st.sets(NAMES, min_size=1))
    def unsubscribe(self, name: str, users: set[str]) -> None:
        payload = {"recipients": [self.user(user) for user in sorted(users)]}
        self.expect(name in self.objects, self.client.objects.delete_subscriptions, self.type, name, payload)
        if name in self.objects:
            self.subscribers[name] -= users

    @rule(name=LISTS)
    def create_list(self, name: str) -> None:
        self.client.subscriber_lists.create({"list_id": self.list_id(name)})
        self.lists.setdefault(name, set())

    @rule(name=LISTS, users=st.sets(NAMES, min_size=1))
    def add_to_list(self, name: str, users: set[str]) -> None:
        ids = [self.user(user) for user in sorted(users)]
        self.expect(name in self.lists, self.client.subscriber_lists.add, self.list_id(name), ids)
        if name in self.lists:
            self.lists[name] |= users & self.users.keys()

    @rule(name=LISTS, users=st.sets(NAMES, min_size=1))
    def remove_from_list(self, name: str, users: set[str]) -> None:
        ids = [self.user(user) for user in sorted(users)]
        self.expect(name in self.lists, self.client.subscriber_lists.remove, self.list_id(name), ids)
        if name in self.lists:
            self.lists[name] -= users

    @rule(name=LISTS, users=st.sets(NAMES, min_size=1), finish=st.booleans())
    def sync_list(self, name: str, users: set[str], finish: bool) -> None:
        api = self.client.subscriber_lists
        draft = self.expect(name in self.lists, api.start_sync, self.list_id(name))
        if draft is None:
            return
        api.add_to_version(self.list_id(name), draft["version_id"], [self.user(user) for user in sorted(users)])
        if finish:
            api.finish_sync(self.list_id(name), draft["version_id"])
            self.lists[name] = users & self.users.keys()
        else:
            api.delete_version(self.list_id(name), draft["version_id"])

    @rule(name=LISTS)
    def delete_list(self, name: str) -> None:
        self.expect(name in self.lists, self.client.subscriber_lists.delete, self.list_id(name))
        self.lists.pop(name, None)

    @rule(tenant=TENANTS)
    def create_tenant(self, tenant: str) -> None:
        self.client.tenants.upsert(self.list_id(tenant), {"tenant_name": tenant})
        self.tenants.setdefault(tenant, {})

    @rule(tenant=TENANTS)
    def delete_tenant(self, tenant: str) -> None:
        self.expect(tenant in self.tenants, self.client.tenants.delete, self.list_id(tenant))
        self.tenants.pop(tenant, None)

    @rule(tenant=TENANTS, name=NAMES, operations=OPERATIONS, later=st.booleans())
    def edit_within_tenant(self, tenant: str, name: str, operations: Any, later: bool) -> None:
        """An event creates its user; an edit needs one."""
        edit = fill(self.client.users.get_edit_instance(self.user(name), self.list_id(tenant)), operations)
        is_possible = tenant in self.tenants and (later or name in self.users)
        self.expect(is_possible, self.client.users.async_edit if later else self.client.users.edit, edit)
        if is_possible:
            self.tenants[tenant][name] = fold(self.tenants[tenant].get(name), operations)
            self.users.setdefault(name, fold(None, []))

    @rule(tenant=TENANTS, name=NAMES)
    def unlink(self, tenant: str, name: str) -> None:
        is_linked = name in self.tenants.get(tenant, {})
        self.expect(is_linked, self.client.users.unlink_tenant, self.user(name), self.list_id(tenant))
        self.tenants.get(tenant, {}).pop(name, None)

    @rule(primary=NAMES, secondary=NAMES)
    def merge(self, primary: str, secondary: str) -> None:
        """What the secondary had comes to the primary, unless the primary has it."""
        arguments = (self.user(primary), self.user(secondary))
        if primary == secondary:
            with pytest.raises(suprsend.SuprsendAPIException, match=r"\[code: 400\]"):
                self.client.users.merge(*arguments)
            return
        both = {primary, secondary} <= self.users.keys()
        self.expect(both, self.client.users.merge, *arguments)
        if both:
            self.move(secondary, primary)
            assert self.expect_gone(secondary) == {"merged_into": self.user(primary)}

    @rule(primary=NAMES, secondary=NAMES)
    def merge_and_take_it_back(self, primary: str, secondary: str) -> None:
        """At once, which changes nothing."""
        if primary != secondary and {primary, secondary} <= self.users.keys():
            self.client.users.merge(self.user(primary), self.user(secondary))
            assert self.client.users.unmerge(self.user(primary), self.user(secondary))["kept"] == []

    def move(self, old: str, new: str) -> None:
        """Let one user of the model become part of another."""
        for profiles in (self.users, *self.tenants.values()):
            if old in profiles:
                theirs, ours = profiles.pop(old), profiles.get(new, fold(None, []))
                properties = {**theirs["properties"], **ours["properties"]}
                profiles[new] = {"properties": properties, "emails": ours["emails"] | theirs["emails"]}
        for group in (*self.subscribers.values(), *self.lists.values()):
            if old in group:
                group.remove(old)
                group.add(new)

    def expect_gone(self, name: str) -> Any:
        """Return the detail of the error for a user who is not there."""
        with pytest.raises(suprsend.SuprsendNotFoundError) as refused:
            self.client.users.get(self.user(name))
        return json.loads(refused.value.response.text)["detail"]

    @invariant()
    def tenants_are_as_the_model_says(self) -> None:
        for tenant, profiles in self.tenants.items():
            page = self.client.users.list({"tenant_id": self.list_id(tenant), "limit": 100})
            assert {row["distinct_id"] for row in page["results"]} == {self.user(name) for name in profiles}
            assert page["meta"]["count"] == len(profiles)
            for name, profile in self.users.items():
                own = profiles.get(name, fold(None, []))
                found = self.client.users.get_for_tenant(self.user(name), self.list_id(tenant))
                same(found["tenant"], own)
                merged = {**profile["properties"], **own["properties"]}
                same(found, {"properties": merged, "emails": own["emails"] or profile["emails"]})
        for name in self.users:
            page = self.client.users.list_associated_tenants(self.user(name))
            ids = {self.list_id(tenant) for tenant, profiles in self.tenants.items() if name in profiles}
            assert {row["tenant"]["tenant_id"] for row in page["results"]} == ids
            assert page["meta"]["count"] == len(ids)

    @invariant()
    def the_hub_says_what_the_model_says(self) -> None:
        for name, profile in self.users.items():
            same(self.client.users.get(self.user(name)), profile)
            parents = {name_ for name_, group in self.subscribers.items() if name in group}
            page = self.client.users.get_objects_subscribed_to(self.user(name), {"limit": 100})
            assert {row["object"]["id"] for row in page["results"]} == parents
            assert page["meta"]["count"] == len(parents)
            page = self.client.users.get_lists_subscribed_to(self.user(name), {"limit": 100})
            lists = {self.list_id(name_) for name_, group in self.lists.items() if name in group}
            assert {row["list"]["list_id"] for row in page["results"]} == lists
        for name, profile in self.objects.items():
            found = self.client.objects.get(self.type, name)
            same(found, profile)
            assert found["subscriptions_count"] == len(self.subscribers[name])
            page = self.client.objects.get_subscriptions(self.type, name, {"limit": 100})
            ids = {row["user"]["distinct_id"] for row in page["results"]}
            assert ids == {self.user(user) for user in self.subscribers[name]}
        for name, members in self.lists.items():
            assert self.client.subscriber_lists.get(self.list_id(name))["subscribers_count"] == len(members)

    def teardown(self) -> None:
        page = self.client.objects.list(self.type)
        assert page["meta"]["count"] == len(self.objects) == len(page["results"])


def same(found: dict[str, Any], profile: Profile) -> None:
    """A profile of the hub is the one of the model; the order of properties does not matter, that of elements does."""
    assert found["properties"] == profile["properties"]
    assert {identity["value"] for identity in found.get("$email", [])} == profile["emails"]


def test_random_use_agrees_with_a_model_in_plain_dicts(hub: LiveHub) -> None:
    with hub.client(max_retries=0) as client:
        machine = type("Directory", (Directory,), {"hub": hub, "client": client})
        run_state_machine_as_test(machine, settings=settings(FUZZ, stateful_step_count=20))
    assert hub.run("db", "check") == "No faults found.\n"
