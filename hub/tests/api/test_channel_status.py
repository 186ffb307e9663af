"""`/hub/v1/channel_status/`: what deliveries came to sets the status of addresses."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cast import TESTER
from suprsend_hub.console.recipient.differences import change_of
from suprsend_hub.domain.before import rewind
from suprsend_hub.domain.profile import decode_profile
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service import feedback
from suprsend_hub.service.console_search import UserFilter
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .support import ApiClient, assert_error

pytestmark = pytest.mark.anyio

PATH = "/hub/v1/channel_status/"
WEBPUSH = {"endpoint": "https://push.example/1", "keys": {"p256dh": "a", "auth": "b"}}


async def report(client: ApiClient, *reports: object, **headers: str) -> list[dict]:
    answer = await client.post(PATH, {"reports": list(reports)}, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def about(value: object, event: str, channel: str = "email", **more: object) -> dict:
    return {"channel": channel, "value": value, "event": event, **more}


async def statuses(client: ApiClient, distinct_id: str, channel: str = "$email", tenant: str = "") -> list[tuple]:
    """Status, permanent status and reason of each address of a user."""
    path = f"/v1/user/{distinct_id}/" + (f"tenant/{tenant}/" if tenant else "")
    user = (await client.get(path)).json()
    return [(each["status"], each["perma_status"], each.get("status_reason")) for each in user.get(channel, [])]


APPLIED = {"outcome": "applied", "profiles": 1}
BOUNCED = ("inactive", "disabled", "hard_bounce")
FRESH = ("active", "active", None)


@pytest.mark.parametrize(
    ("event", "status", "perma_status"),
    [
        ("hard_bounce", "inactive", "disabled"),
        ("complaint", "inactive", "disabled"),
        ("dead_token", "inactive", "disabled"),
        ("stop", "inactive", "active"),
        ("recovered", "active", "active"),
    ],
)
async def test_an_event_sets_status_reason_and_time(a: ApiClient, event: str, status: str, perma_status: str) -> None:
    """Of the address in any spelling, and of no other."""
    await a.upsert("ada", {"$email": ["Ada@example.com", "a@example.com"]})
    time = "2026-01-02T03:04:05.000006+01:00"
    assert await report(a, about("ADA@example.com", event, time=time)) == [APPLIED]
    ada, other = (await a.get("/v1/user/ada/")).json()["$email"]
    assert ada == {
        "value": "Ada@example.com",
        "status": status,
        "perma_status": perma_status,
        "status_reason": event,
        "status_at": "2026-01-02T02:04:05.000006+00:00",
    }
    assert other == {"value": "a@example.com", "status": "active", "perma_status": "active"}


async def test_what_is_added_again_follows_the_contract(a: ApiClient) -> None:
    """An inactive address becomes active, a disabled one stays disabled, and only `recovered` undoes that."""
    await a.upsert("ada", {"$email": ["stop@example.com", "bounce@example.com"]})
    await report(a, about("stop@example.com", "stop"), about("bounce@example.com", "hard_bounce"))
    await a.upsert("ada", {"$email": ["stop@example.com", "bounce@example.com"]})
    assert await statuses(a, "ada") == [FRESH, ("active", "disabled", "hard_bounce")]
    await report(a, about("bounce@example.com", "stop"))
    assert await statuses(a, "ada") == [FRESH, ("inactive", "disabled", "stop")]
    await report(a, about("bounce@example.com", "recovered"))
    assert (await statuses(a, "ada"))[1] == ("active", "active", "recovered")


async def test_a_profile_can_be_written_back_as_it_was_read(a: ApiClient) -> None:
    """With reason and time in it: addresses that are out of use stay so."""
    await a.upsert("ada", {"$email": ["ada@example.com"], "$androidpush": ["token"]})
    await report(a, about("ada@example.com", "stop"), about("token", "recovered", "androidpush", distinct_id="ada"))
    user = (await a.get("/v1/user/ada/")).json()
    await a.upsert("ada", {name: user[name] for name in ("$email", "$androidpush")})
    assert (await a.get("/v1/user/ada/")).json() == user


async def test_reports_may_arrive_in_any_order(a: ApiClient) -> None:
    """What is older than the last report about the address changes nothing; a future time counts as now."""
    await a.upsert("ada", {"$email": ["ada@example.com"]})
    now = datetime.now(UTC)
    early, late = (now - timedelta(days=2)).isoformat(), int((now - timedelta(days=1)).timestamp() * 1000)
    await report(a, about("ada@example.com", "recovered", time=late))
    assert await report(a, about("ada@example.com", "hard_bounce", time=early)) == [APPLIED]
    assert await statuses(a, "ada") == [("active", "active", "recovered")]
    await report(a, about("ada@example.com", "hard_bounce", time=(now + timedelta(days=365)).isoformat()))
    await report(a, about("ada@example.com", "recovered"))
    assert await statuses(a, "ada") == [("active", "active", "recovered")]


async def test_a_report_reaches_whoever_has_the_address_in_every_profile(a: ApiClient, b: ApiClient) -> None:
    """Users, objects, profiles for tenants; on the channel that it names; never in another workspace."""
    for client in (a, b):
        await client.post("/v1/tenant/acme/", {"tenant_name": "Acme"})
        for name in ("ada", "bo"):
            await client.upsert(name, {"$sms": ["+15550100"]})
        await client.upsert("cy", {"$whatsapp": ["+15550100"]})
        await client.post("/v1/object/teams/core/", {"$sms": ["+15550100"]})
        await client.post("/v1/user/bo/tenant/acme/", {"$sms": ["+15550100"]})
    assert await report(a, about("+1 (555) 0100", "stop", "sms")) == [{"outcome": "applied", "profiles": 4}]
    stopped = [("inactive", "active", "stop")]
    for name, tenant in (("ada", ""), ("bo", ""), ("bo", "acme")):
        assert await statuses(a, name, "$sms", tenant) == stopped
        assert await statuses(b, name, "$sms", tenant) == [FRESH]
    assert (await a.get("/v1/object/teams/core/")).json()["$sms"][0]["status"] == "inactive"
    assert await statuses(a, "cy", "$whatsapp") == [FRESH]


async def test_a_report_about_a_user_reaches_no_other_user(a: ApiClient) -> None:
    """In the global profile and those for tenants, on every channel."""
    await a.post("/v1/tenant/acme/", {"tenant_name": "Acme"})
    for name in ("ada", "bo"):
        await a.upsert(name, {"$email": ["x@example.com"], "$webpush": [WEBPUSH], "$iospush": ["token"]})
    await a.post("/v1/user/ada/tenant/acme/", {"$email": ["x@example.com"]})
    results = await report(
        a,
        about("x@example.com", "hard_bounce", distinct_id="ada"),
        about(WEBPUSH, "dead_token", "webpush", distinct_id="ada"),
        about({"endpoint": WEBPUSH["endpoint"]}, "recovered", "webpush", distinct_id="ada"),
        about("token", "dead_token", "iospush", distinct_id="ada"),
    )
    assert results == [{"outcome": "applied", "profiles": 2}, APPLIED, APPLIED, APPLIED]
    assert await statuses(a, "ada") == await statuses(a, "ada", tenant="acme") == [BOUNCED]
    assert await statuses(a, "ada", "$webpush") == [("active", "active", "recovered")]
    assert await statuses(a, "ada", "$iospush") == [("inactive", "disabled", "dead_token")]
    for channel in ("$email", "$webpush", "$iospush"):
        assert await statuses(a, "bo", channel) == [FRESH]


async def test_a_report_about_an_object_reaches_it(a: ApiClient) -> None:
    await a.post("/v1/object/teams/core/", {"$slack": [{"incoming_webhook": {"url": "https://hooks.slack.com/x"}}]})
    slack = {"incoming_webhook": {"url": "https://hooks.slack.com/x"}}
    core = {"object_type": "teams", "id": "core"}
    assert await report(a, about(slack, "dead_token", "slack", object=core)) == [APPLIED]
    [identity] = (await a.get("/v1/object/teams/core/")).json()["$slack"]
    assert (identity["status"], identity["perma_status"]) == ("inactive", "disabled")


async def test_what_nobody_has_is_not_found_and_creates_nobody(a: ApiClient, hub: Services) -> None:
    """No user, no profile for a tenant, no link, no history."""
    await a.post("/v1/tenant/acme/", {"tenant_name": "Acme"})
    await a.upsert("ada", {"$email": ["ada@example.com"]})
    await a.patch("/v1/user/ada/preference/channel_preference/?tenant_id=acme",
                  {"channel_preferences": [{"channel": "sms", "is_restricted": True}]})  # fmt: skip
    results = await report(
        a,
        about("b@example.com", "hard_bounce"),
        about("b@example.com", "hard_bounce", distinct_id="ada"),
        about("ada@example.com", "hard_bounce", distinct_id="nobody"),
        about("x", "dead_token", "iospush", object={"object_type": "teams", "id": "core"}),
    )
    assert [(each["outcome"], each["profiles"], each["error_code"]) for each in results] == [
        ("not_found", 0, "identity_not_found"),
        ("not_found", 0, "identity_not_found"),
        ("not_found", 0, "user_not_found"),
        ("not_found", 0, "object_not_found"),
    ]
    await report(a, about("ada@example.com", "hard_bounce", distinct_id="ada"))
    assert await a.count() == 1
    assert (await a.get("/v1/user/ada/tenant/")).json()["results"] == []
    async with hub.database.connection() as connection:
        rows = await connection.fetch("SELECT operations FROM history WHERE operations::text LIKE '%channel_status%'")
    assert len(rows) == 1
    assert await hub.maintenance.check() == []


async def test_a_report_counts_once(a: ApiClient) -> None:
    """By its insert id, whatever happened in between, or by the key of its request."""
    await a.upsert("ada", {"$email": ["ada@example.com"]})
    bounce = about("ada@example.com", "hard_bounce", insert_id="b-1")
    assert await report(a, bounce) == [APPLIED]
    await report(a, about("ada@example.com", "recovered"))
    duplicate = {"outcome": "duplicate", "profiles": 1}
    assert await report(a, bounce, bounce) == [duplicate, duplicate]
    assert await statuses(a, "ada") == [("active", "active", "recovered")]
    both = [about("ada@example.com", "stop"), about("ada@example.com", "recovered")]
    assert await report(a, *both, **{"idempotency-key": "k"}) == [APPLIED, APPLIED]
    await report(a, about("ada@example.com", "stop"))
    assert await report(a, *both, **{"idempotency-key": "k"}) == [duplicate, duplicate]
    assert await statuses(a, "ada") == [("inactive", "active", "stop")]
    [other] = await report(a, about("ada@example.com", "recovered"), **{"idempotency-key": "k"})
    assert (other["outcome"], other["error_code"]) == ("refused", "idempotency_key_reused")


async def test_an_insert_id_of_an_event_is_not_that_of_a_report(a: ApiClient) -> None:
    await a.upsert("ada", {"$email": ["ada@example.com"]})
    await a.post("/event/", {"distinct_id": "ada", "$insert_id": "m-1", "$user_operations": [{"$set": {"n": 1}}]})
    assert await report(a, about("ada@example.com", "stop", insert_id="m-1")) == [APPLIED]


async def test_each_wrong_report_is_refused_and_the_others_are_applied(a: ApiClient) -> None:
    await a.upsert("ada", {"$email": ["ada@example.com"]})
    good = about("ada@example.com", "stop")
    wrong = [
        5,
        {},
        about("ada@example.com", "soft_bounce"),
        about("ada@example.com", "stop", "carrier pigeon"),
        about("x", "stop", "inbox", distinct_id="ada"),
        about("not an address", "stop"),
        about(None, "stop"),
        about("token", "dead_token", "androidpush"),
        about("ada@example.com", "stop", time="yesterday"),
        about("ada@example.com", "stop", time="2026-01-01T00:00:00"),
        about("ada@example.com", "stop", time=10**30),
        about("ada@example.com", "stop", time=True),
        about("ada@example.com", "stop", insert_id=""),
        about("ada@example.com", "stop", insert_id="x" * 256),
        about("ada@example.com", "stop", distinct_id=5),
        about("ada@example.com", "stop", distinct_id="ada", object={"object_type": "teams", "id": "core"}),
        about("ada@example.com", "stop", object={"object_type": "teams"}),
        about("ada@example.com", "stop", tenant_id="acme"),
        about({"x": "\0"}, "dead_token", "webpush", distinct_id="ada"),
    ]
    results = await report(a, *wrong, good)
    assert [each["outcome"] for each in results] == ["refused"] * len(wrong) + ["applied"]
    assert all(each["message"] and each["error_code"] for each in results[:-1])
    for body, code in (
        ([], "invalid_body"),
        ({}, "invalid_body"),
        ({"reports": {}}, "invalid_body"),
        ({"reports": [good] * 1001}, "too_many_ids"),
    ):
        assert_error(await a.send("POST", PATH, body), 400, code)
    assert await report(a) == []


async def test_an_address_of_too_many_is_refused_and_nothing_is_done(
    a: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound is for all reports of a request together."""
    monkeypatch.setattr(feedback, "MAX_REPORTED_PROFILES", 3)
    for name in ("ada", "bo", "cy"):
        await a.upsert(name, {"$email": ["all@example.com"]})
    assert await report(a, about("all@example.com", "stop")) == [{"outcome": "applied", "profiles": 3}]
    for more in (about("all@example.com", "recovered"), about("all@example.com", "recovered", distinct_id="ada")):
        answer = await a.post(PATH, {"reports": [about("all@example.com", "recovered"), more]})
        assert_error(answer, 400, "too_many_ids")
    assert await statuses(a, "ada") == [("inactive", "active", "stop")]


async def test_a_thousand_reports_are_applied_in_order(a: ApiClient) -> None:
    """To many users and to one, in several transactions."""
    events = [
        {"distinct_id": f"u{n}", "$user_operations": [{"$append": {"$email": f"u{n}@example.com"}}]} for n in range(333)
    ]
    await a.post("/event/", events)
    await a.upsert("ada", {"$email": ["ada@example.com"]})
    reports = []
    for n in range(333):
        reports += [
            about(f"u{n}@example.com", "hard_bounce"),
            about("ada@example.com", "stop" if n % 2 else "recovered"),
        ]
    reports += [about("nobody@example.com", "stop")]
    results = await report(a, *reports)
    assert [each["outcome"] for each in results] == ["applied"] * 666 + ["not_found"]
    assert await statuses(a, "u332") == [BOUNCED]
    assert await statuses(a, "ada") == [("active", "active", "recovered")]


async def test_renamed_and_merged_users_are_reached(a: ApiClient, hub: Services, workspace_a: NewWorkspace) -> None:
    """An alias leads on; a merged user's address counts where it went."""
    old = RecipientKey.user(workspace_a.workspace_id, "old")
    for name in ("old", "ada", "anon"):
        await a.upsert(name, {"$email": [f"{name}@example.com"]})
    await hub.renaming.rename(TESTER, old, old._replace(recipient_id="new"))
    await a.post("/v1/user/ada/merge/", {"from_user_id": "anon"})
    results = await report(
        a,
        about("old@example.com", "hard_bounce", distinct_id="old"),
        about("anon@example.com", "hard_bounce"),
        about("anon@example.com", "hard_bounce", distinct_id="anon"),
    )
    assert [each["outcome"] for each in results] == ["applied", "applied", "not_found"]
    assert await statuses(a, "new") == [BOUNCED]
    assert await statuses(a, "ada") == [FRESH, BOUNCED]


async def test_callers_cannot_send_the_operator_themselves(a: ApiClient) -> None:
    operation = {"$channel_status": {"$email": "ada@example.com", "event": "stop", "time": "2026"}}
    await a.upsert("ada", {"$email": ["ada@example.com"]})
    assert_error(await a.patch("/v1/user/ada/", {"operations": [operation]}), 400, "unknown_operator")
    await a.post("/event/", {"distinct_id": "ada", "$user_operations": [operation, {"$set": {"n": 1}}]})
    assert await statuses(a, "ada") == [FRESH]


async def test_the_history_has_it_and_its_way_back(a: ApiClient, hub: Services, workspace_a: NewWorkspace) -> None:
    """Who reported what, with the token masked on the page, and the status before."""
    await a.upsert("ada", {"$androidpush": ["a very long push token"]})
    before = (await a.get("/v1/user/ada/")).json()["$androidpush"]
    await report(
        a, about("a very long push token", "dead_token", "androidpush", distinct_id="ada", time=1_700_000_000_000)
    )
    key = RecipientKey.user(workspace_a.workspace_id, "ada")
    stored = await hub.recipients.get(key)
    entry = (await hub.recipients.history(key))[0]
    assert entry.actor
    change = change_of(entry)
    assert change.operations == [
        {
            "$channel_status": {
                "$androidpush": "a ve…",
                "event": "dead_token",
                "time": "2023-11-14T22:13:20.000000+00:00",
            }
        }
    ]
    [line] = change.lines
    assert (line.key, line.kind) == ("$androidpush", "changed")
    assert line.came[0]["status_reason"] == "dead_token"
    after = decode_profile(stored.properties, stored.channels)
    earlier = rewind(after, msgspec.json.decode(entry.before))
    assert earlier is not None
    assert [
        (each.status, each.perma_status, each.status_reason, each.status_at)
        for each in earlier.channels["$androidpush"]
    ] == [(before[0]["status"], before[0]["perma_status"], None, None)]


async def test_the_consoles_search_finds_the_users(a: ApiClient, hub: Services, workspace_a: NewWorkspace) -> None:
    """By status, by permanent status and by reason, on a channel or on any."""
    for name, event in (("ada", "hard_bounce"), ("bo", "stop"), ("cy", "recovered"), ("di", "complaint")):
        await a.upsert(name, {"$email": [f"{name}@example.com"], "$sms": ["+15550100"]})
        await report(a, about(f"{name}@example.com", event))

    async def found(**wanted: str) -> set[str]:
        view = await hub.console_search.find(workspace_a.workspace_id, UserFilter(**wanted), after=None, limit=10)
        return {row.key.recipient_id for row in view.rows}

    assert await found(state="inactive") == {"ada", "bo", "di"}
    assert await found(state="disabled", channel="$email") == {"ada", "di"}
    assert await found(state="disabled", channel="$sms") == set()
    assert await found(state="hard_bounce") == {"ada"}
    assert await found(state="complaint", channel="$email") == {"di"}


async def test_a_report_and_edits_at_the_same_time_both_count(a: ApiClient) -> None:
    """Reports race with edits of the same profile, and none is lost."""
    await a.upsert("ada", {"$email": [f"a{n}@example.com" for n in range(10)]})
    await asyncio.gather(
        *(report(a, about(f"a{n}@example.com", "hard_bounce")) for n in range(10)),
        *(a.patch("/v1/user/ada/", {"operations": [{"$add": {"n": 1}}]}) for _ in range(10)),
    )
    assert await statuses(a, "ada") == [BOUNCED] * 10
    assert await a.properties("ada") == {"n": 10}


async def test_a_deleted_user_does_not_come_back_by_a_report(a: ApiClient) -> None:
    await a.upsert("ada", {"$email": ["ada@example.com"]})
    await a.delete("/v1/user/ada/")
    results = await report(a, about("ada@example.com", "stop"), about("ada@example.com", "stop", distinct_id="ada"))
    assert [each["outcome"] for each in results] == ["not_found", "not_found"]
    assert await a.count() == 0
    await a.upsert("ada", {"$email": ["ada@example.com"]})
    assert await statuses(a, "ada") == [FRESH]
