"""The promises of the write path, at real PostgreSQL of every supported version."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import msgspec
import pytest
from cast import TESTER
from interleaving import held, until_waiting
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.services import Services
from suprsend_hub.service.writing import FAST_PATH_EDITS, Edit, EditStatus, Outcome
from suprsend_hub.service.writing.group import first_version
from suprsend_hub.store import profiles

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("postgres_version", [16, 18])]

WORKSPACE = 1


@pytest.fixture(params=[FAST_PATH_EDITS, 1], ids=["slow", "fast"])
def fast_path_edits(request: pytest.FixtureRequest) -> int:
    """All promises hold whether a batch takes the fast path first or not."""
    return request.param


MakeHub = Callable[[], Services]


def edit(distinct_id: str, *operations: object, key: uuid.UUID | None = None, strict: bool = False) -> Edit:
    return Edit(RecipientKey.user(WORKSPACE, distinct_id), key or uuid.uuid4(), list(operations), TESTER, strict)


async def apply(hub: Services, *edits: Edit) -> Sequence[Outcome]:
    return await hub.batcher.submit(WORKSPACE, edits)


def properties(profile: StoredProfile | None) -> dict:
    assert profile is not None
    return msgspec.json.decode(profile.properties)


async def stored(hub: Services, distinct_id: str) -> StoredProfile | None:
    async with hub.database.connection() as connection:
        return await profiles.find(connection, RecipientKey.user(WORKSPACE, distinct_id))


async def user_count(hub: Services) -> int:
    return (await hub.recipients.page(WORKSPACE, PageRequest())).count


async def test_a_new_profile_is_written_once(hub: Services) -> None:
    """Its first version is that of its creation, and no second one follows in the same batch."""
    await apply(hub, edit("ada", {"$set": {"n": 1}}), edit("bo", {"$set": {"n": 1}}), edit("ada", {"$set": {"n": 2}}))
    for name in ("ada", "bo"):
        profile = await stored(hub, name)
        assert profile is not None
        assert profile.version == first_version(profile.created_at)
    async with hub.database.connection() as connection:
        assert await connection.fetchval("SELECT count(DISTINCT ctid) FROM profile") == 2
        assert await connection.fetchval("SELECT max(ctid::text) FROM profile") == "(0,2)"  # no row has been replaced


async def test_an_acknowledged_edit_is_what_the_next_read_sees(hub: Services) -> None:
    [outcome] = await apply(hub, edit("ada", {"$set": {"name": "Ada"}}, {"$append": {"$email": "ada@example.com"}}))
    profile = await stored(hub, "ada")
    assert outcome.status is EditStatus.APPLIED
    assert outcome.profile is not None
    assert profile is not None
    assert profile.profile_id == outcome.profile.profile_id
    assert properties(profile) == {"name": "Ada"}
    assert "ada@example.com" in profile.channels


async def test_the_same_insert_key_counts_once_in_later_batches(hub: Services) -> None:
    once = edit("ada", {"$add": {"n": 1}})
    await apply(hub, once)
    [outcome] = await apply(hub, once)
    assert outcome.status is EditStatus.DUPLICATE
    assert properties(outcome.profile) == {"n": 1}
    assert properties(await stored(hub, "ada")) == {"n": 1}


async def test_the_same_insert_key_counts_once_within_a_batch(hub: Services) -> None:
    once = edit("ada", {"$add": {"n": 1}})
    outcomes = await apply(hub, once, edit("ada", {"$add": {"n": 10}}), once)
    assert [outcome.status.value for outcome in outcomes] == ["applied", "applied", "duplicate"]
    assert properties(await stored(hub, "ada")) == {"n": 11}


async def test_an_insert_key_belongs_to_its_user(hub: Services) -> None:
    key = uuid.uuid4()
    outcomes = await apply(hub, edit("ada", {"$add": {"n": 1}}, key=key), edit("bo", {"$add": {"n": 1}}, key=key))
    assert [outcome.status for outcome in outcomes] == [EditStatus.APPLIED] * 2
    assert await user_count(hub) == 2


async def test_a_duplicate_beside_a_new_edit_leaves_the_new_one_in_force(hub: Services) -> None:
    first = edit("ada", {"$add": {"n": 1}})
    await apply(hub, first)
    outcomes = await apply(hub, first, edit("ada", {"$add": {"n": 10}}))
    assert [outcome.status.value for outcome in outcomes] == ["duplicate", "applied"]
    assert properties(await stored(hub, "ada")) == {"n": 11}


async def test_edits_of_one_user_in_a_batch_apply_in_order(hub: Services) -> None:
    await apply(hub, *(edit("ada", {"$append": {"seen": n}}) for n in range(50)))
    assert properties(await stored(hub, "ada")) == {"seen": list(range(50))}


async def test_users_of_a_batch_are_listed_in_the_order_they_came(hub: Services) -> None:
    await apply(hub, edit("b", {"$set": {"n": 1}}), edit("c"), edit("a"), edit("b", {"$set": {"n": 2}}))
    page = await hub.recipients.page(WORKSPACE, PageRequest())
    assert [row.key.recipient_id for row in page.rows] == ["a", "c", "b"]


async def test_a_refused_strict_edit_changes_nothing_and_is_not_in_the_history(hub: Services) -> None:
    outcomes = await apply(
        hub,
        edit("ada", {"$set": {"n": 1}}),
        edit("ada", {"$set": {"n": 2}}, {"$append": {"$email": "no address"}}, strict=True),
        edit("ada", {"$add": {"n": 10}}),
    )
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert properties(await stored(hub, "ada")) == {"n": 11}
    async with hub.database.connection() as connection:
        history = await profiles.page_history(connection, RecipientKey.user(WORKSPACE, "ada"), before=None, limit=10)
    assert len(history) == 2


async def test_a_refused_strict_edit_creates_nobody(hub: Services) -> None:
    [outcome] = await apply(hub, edit("ada", {"$append": {"$email": "no address"}}, strict=True))
    assert outcome.error is not None
    assert await stored(hub, "ada") is None
    assert await user_count(hub) == 0


async def test_what_an_event_could_not_apply_is_in_the_log_with_its_key(hub: Services) -> None:
    await apply(hub, edit("ada", {"$set": {"name": "Ada"}}, {"$append": {"$email": "no address"}}))
    [row] = await hub.rejected.page_of_user(WORKSPACE, "ada")
    assert row.property_key == "$email"
    assert properties(await stored(hub, "ada")) == {"name": "Ada"}


async def test_a_resent_event_does_not_fill_the_log_twice(hub: Services) -> None:
    """Its key is known, because a part of it was applied; of an event that is refused as a whole no key is kept."""
    bad = edit("ada", {"$set": {"n": 1}}, {"$append": {"$email": "no address"}})
    await apply(hub, bad)
    await apply(hub, bad)
    assert len(await hub.rejected.page(WORKSPACE)) == 1


async def test_concurrent_increments_from_two_hubs_all_count(hub: Services, make_hub: MakeHub) -> None:
    other = make_hub()
    async with other.database:
        other.batcher.start()
        await asyncio.gather(
            *(
                apply(writer, edit("ada", {"$add": {"n": 1}}), edit(f"user-{n % 7}", {"$add": {"n": 1}}))
                for n in range(200)
                for writer in (hub, other)
            )
        )
        await other.batcher.stop()
    assert properties(await stored(hub, "ada")) == {"n": 400}
    assert sum([properties(await stored(hub, f"user-{n}"))["n"] for n in range(7)]) == 400
    assert await user_count(hub) == 8


async def test_the_same_edits_sent_to_two_hubs_at_once_count_once(hub: Services, make_hub: MakeHub) -> None:
    edits = [edit(f"user-{n % 10}", {"$add": {"n": 1}}) for n in range(200)]
    other = make_hub()
    async with other.database:
        other.batcher.start()
        await asyncio.gather(
            *(
                apply(writer, *edits[start : start + 20])
                for start in range(0, 200, 20)
                for writer in (hub, other, hub, other)
            )
        )
        await other.batcher.stop()
    assert [properties(await stored(hub, f"user-{n}"))["n"] for n in range(10)] == [20] * 10
    assert await user_count(hub) == 10


async def test_an_edit_racing_a_deletion_never_brings_deleted_data_back(hub: Services, make_hub: MakeHub) -> None:
    other = make_hub()
    async with other.database:
        other.batcher.start()
        for round_number in range(30):
            await apply(hub, edit("ada", {"$set": {"secret": round_number}}, {"$set": {"n": 0}}))
            await asyncio.gather(
                hub.recipients.delete(TESTER, RecipientKey.user(WORKSPACE, "ada")),
                *(apply(writer, edit("ada", {"$add": {"n": 1}})) for writer in (hub, other, hub, other)),
            )
            profile = await stored(hub, "ada")
            if profile is None:
                assert await user_count(hub) == 0
            else:
                assert await user_count(hub) == 1
                # Edits before the deletion went with it; those after it found a new, empty user.
                assert "secret" not in properties(profile)
                assert 1 <= properties(profile)["n"] <= 4
                await hub.recipients.delete(TESTER, RecipientKey.user(WORKSPACE, "ada"))
        await other.batcher.stop()


async def test_deletion_scrubs_history_and_log_but_a_late_resend_still_counts_as_known(hub: Services) -> None:
    sent = edit("ada", {"$set": {"name": "Ada"}}, {"$append": {"$email": "no address"}})
    await apply(hub, sent)
    await hub.recipients.delete(TESTER, RecipientKey.user(WORKSPACE, "ada"))
    [outcome] = await apply(hub, sent)
    assert outcome.status is EditStatus.DUPLICATE
    assert await stored(hub, "ada") is None
    assert await hub.rejected.page(WORKSPACE) == []
    async with hub.database.connection() as connection:
        assert "Ada" not in str(await connection.fetch("SELECT operations, before FROM history"))


async def test_an_edit_without_effect_leaves_updated_at_alone(hub: Services) -> None:
    await apply(hub, edit("ada", {"$set": {"name": "Ada"}}))
    before = await stored(hub, "ada")
    await apply(hub, edit("ada", {"$set": {"name": "Ada"}}))
    assert await stored(hub, "ada") == before


async def test_history_keeps_what_an_edit_replaced(hub: Services) -> None:
    await apply(hub, edit("ada", {"$set": {"plan": "free"}}))
    await apply(hub, edit("ada", {"$set": {"plan": "pro"}}))
    async with hub.database.connection() as connection:
        newest, oldest = await profiles.page_history(
            connection, RecipientKey.user(WORKSPACE, "ada"), before=None, limit=10
        )
    assert oldest.before is None
    assert msgspec.json.decode(newest.before or "") == {"$set": {"plan": "free"}}
    assert newest.edit_id > oldest.edit_id


async def test_a_user_is_found_by_each_address_as_long_as_it_has_it(hub: Services) -> None:
    await apply(hub, edit("ada", {"$append": {"$email": ["Ada@Example.com", "a@b.io"], "$sms": "+1 555-010-0100"}}))
    await apply(hub, edit("bo", {"$append": {"$whatsapp": "+15550100100"}}))
    assert await hub.recipients.find_by_address(WORKSPACE, " ada@example.COM ") == ["ada"]
    assert await hub.recipients.find_by_address(WORKSPACE, "+1 (555) 0100100") == ["ada", "bo"]
    assert await hub.recipients.find_by_address(2, "ada@example.com") == []
    assert await hub.recipients.find_by_address(WORKSPACE, "ada") == []
    await apply(hub, edit("ada", {"$remove": {"$email": "ada@example.com"}}))
    assert await hub.recipients.find_by_address(WORKSPACE, "ada@example.com") == []
    assert await hub.recipients.find_by_address(WORKSPACE, "a@b.io") == ["ada"]


async def test_one_workspace_never_sees_another(hub: Services) -> None:
    await apply(hub, edit("ada", {"$set": {"name": "Ada"}}))
    foreign = Edit(RecipientKey.user(2, "ada"), uuid.uuid4(), [{"$set": {"name": "Eve"}}], TESTER)
    await hub.batcher.submit(2, [foreign])
    assert properties(await stored(hub, "ada")) == {"name": "Ada"}
    assert [row.key.workspace_id for row in (await hub.recipients.page(2, PageRequest())).rows] == [2]
    await hub.recipients.delete(TESTER, RecipientKey.user(2, "ada"))
    assert properties(await stored(hub, "ada")) == {"name": "Ada"}


async def test_a_request_the_database_cannot_take_fails_alone(hub: Services) -> None:
    # A lone surrogate gets past nothing in the API; here it stands for any value that PostgreSQL refuses.
    poison = Edit(RecipientKey.user(WORKSPACE, "ada"), uuid.uuid4(), [{"$set": {"ok": 1}}], "\ud800")
    results = await asyncio.gather(
        apply(hub, edit("bo", {"$set": {"n": 1}})),
        apply(hub, poison),
        apply(hub, edit("cy", {"$set": {"n": 1}})),
        return_exceptions=True,
    )
    assert isinstance(results[1], Exception)
    assert await stored(hub, "bo") is not None
    assert await stored(hub, "cy") is not None
    assert await stored(hub, "ada") is None


def before_its_history(database_url: str, stopped: Edit) -> AbstractAsyncContextManager[None]:
    """Stop whoever records this edit between reading its profile and writing, until the end of the block."""
    return held(
        database_url,
        "INSERT INTO history (workspace_id, object_type, recipient_id, tenant_no, insert_key, edit_id, version, position, "
        "source, actor) VALUES ($1, $2, $3, $4, $5, $5, 0, 0, 'gate', '')",
        *stopped.key,
        stopped.insert_key,
    )


async def test_the_content_of_an_edit_without_effect_does_not_outlive_a_deletion(
    hub: Services, database_url: str
) -> None:
    """The edit has read the profile when that is deleted: it counts as made afterwards, or leaves no content."""
    await apply(hub, edit("ada", {"$set": {"ssn": "secret"}}))
    again = edit("ada", {"$set": {"ssn": "secret"}})
    async with before_its_history(database_url, again):
        editing = asyncio.create_task(apply(hub, again))
        await until_waiting(database_url)
        await hub.recipients.delete(TESTER, RecipientKey.user(WORKSPACE, "ada"))
    [outcome] = await editing
    assert properties(outcome.profile) == {"ssn": "secret"}
    assert await stored(hub, "ada") == outcome.profile
    await hub.recipients.delete(TESTER, RecipientKey.user(WORKSPACE, "ada"))
    async with hub.database.connection() as connection:
        assert "secret" not in str(await connection.fetch("SELECT operations, before FROM history"))
    assert await hub.maintenance.check() == []


async def test_a_deletion_waits_for_an_edit_without_effect(hub: Services, database_url: str) -> None:
    """The edit holds its profile until it commits, so the deletion scrubs what it recorded."""
    await apply(hub, edit("ada", {"$set": {"ssn": "secret"}}), edit("bo", {"$set": {"n": 1}}))
    again = [edit("ada", {"$set": {"ssn": "secret"}}), edit("bo", {"$set": {"n": 2}})]
    async with held(database_url, "SELECT FROM profile WHERE recipient_id = 'bo' FOR NO KEY UPDATE"):
        editing = asyncio.create_task(apply(hub, *again))
        await until_waiting(database_url, "profile")  # it holds ada's, and cannot change bo's yet
        deleting = asyncio.create_task(hub.recipients.delete(TESTER, RecipientKey.user(WORKSPACE, "ada")))
        await until_waiting(database_url, "FOR UPDATE OF p")
    await asyncio.gather(editing, deleting)
    async with hub.database.connection() as connection:
        assert "secret" not in str(await connection.fetch("SELECT operations, before FROM history"))


async def test_a_strict_edit_is_not_refused_for_an_edit_that_does_not_count(hub: Services) -> None:
    """A resend made the stored number look like a text while the batch was folded for the first time."""
    old = edit("ada", {"$set": {"n": "x"}})
    await apply(hub, old)
    await apply(hub, edit("ada", {"$set": {"n": 5}}))
    add = edit("ada", {"$add": {"n": 1}}, strict=True)
    resent, added = await apply(hub, old, add)
    assert (resent.status, added.status, added.error) == (EditStatus.DUPLICATE, EditStatus.APPLIED, None)
    assert [outcome.status for outcome in await apply(hub, add)] == [EditStatus.DUPLICATE]  # it is on record
    assert properties(await stored(hub, "ada")) == {"n": 6}


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "event"])
async def test_an_edit_is_judged_by_the_profile_it_is_applied_to(
    hub: Services, make_hub: MakeHub, database_url: str, strict: bool
) -> None:
    """Somebody else makes a number of the text while the batch that refuses to add to it is being written."""
    await apply(hub, edit("ada", {"$set": {"n": "x"}}))
    other = make_hub()
    setting = edit("ada", {"$set": {"city": "Rome"}})
    async with other.database:
        other.batcher.start()
        async with before_its_history(database_url, setting):
            add = edit("ada", {"$add": {"n": 1}}, strict=strict)
            editing = asyncio.create_task(apply(hub, add, setting))
            await until_waiting(database_url)
            await apply(other, edit("ada", {"$set": {"n": 5}}))
        outcomes = await editing
        await other.batcher.stop()
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert [outcome.status for outcome in await apply(hub, add)] == [EditStatus.DUPLICATE]
    assert properties(await stored(hub, "ada")) == {"n": 6, "city": "Rome"}
    assert await hub.rejected.page(WORKSPACE) == []
    assert await hub.maintenance.check() == []


async def test_an_event_that_a_race_makes_impossible_is_refused_as_a_whole(
    hub: Services, make_hub: MakeHub, database_url: str
) -> None:
    """Somebody else makes a text of the number after the event was accepted and recorded: the record is taken back."""
    await apply(hub, edit("ada", {"$set": {"n": 1}}))
    other = make_hub()
    setting = edit("ada", {"$set": {"city": "Rome"}})
    async with other.database:
        other.batcher.start()
        async with before_its_history(database_url, setting):
            add = edit("ada", {"$add": {"n": 1}})
            editing = asyncio.create_task(apply(hub, add, setting))
            await until_waiting(database_url)
            await apply(other, edit("ada", {"$set": {"n": "x"}}))
        refused, applied = await editing
        await other.batcher.stop()
    assert refused.error is not None
    assert applied.error is None
    assert properties(await stored(hub, "ada")) == {"n": "x", "city": "Rome"}
    assert [row.code for row in await hub.rejected.page(WORKSPACE)] == ["not_a_number"]
    await apply(hub, edit("ada", {"$set": {"n": 1}}), edit("ada", {"$add": {"n": 1}}, key=add.insert_key))
    assert properties(await stored(hub, "ada")) == {"n": 2, "city": "Rome"}
    assert await hub.maintenance.check() == []


async def test_edits_that_go_together_apply_all_or_none(hub: Services) -> None:
    token = object()
    together = [
        edit("ada", {"$set": {"n": 1}}),
        edit("bo", {"$append": {"$email": "no address"}}),
        edit("cy", {"$set": {"n": 1}}),
    ]
    outcomes = await apply(
        hub,
        edit("di", {"$set": {"n": 1}}),
        *(msgspec.structs.replace(e, strict=True, together=token) for e in together),
    )
    assert [outcome.error is None for outcome in outcomes] == [True, False, False, False]
    assert {outcome.error.code for outcome in outcomes[1:] if outcome.error} == {"invalid_channel_value"}
    assert [await stored(hub, name) is None for name in ("ada", "bo", "cy", "di")] == [True, True, True, False]
    outcomes = await apply(hub, *(msgspec.structs.replace(e, strict=True, together=token) for e in together[::2]))
    assert [outcome.error for outcome in outcomes] == [None, None]


async def test_edits_that_go_together_stay_together_when_one_is_refused_in_a_race(
    hub: Services, make_hub: MakeHub, database_url: str
) -> None:
    """Somebody else makes a text of the number while the edits, which were good when read, are being written."""
    await apply(hub, edit("bo", {"$set": {"n": 5}}))
    token = object()
    first, second = (
        msgspec.structs.replace(edit(name, {"$add": {"n": 1}}), strict=True, together=token) for name in ("ada", "bo")
    )
    other = make_hub()
    async with other.database:
        other.batcher.start()
        async with before_its_history(database_url, first):
            editing = asyncio.create_task(apply(hub, first, second))
            await until_waiting(database_url)
            await apply(other, edit("bo", {"$set": {"n": "x"}}))
        outcomes = await editing
        await other.batcher.stop()
    assert [outcome.error is None for outcome in outcomes] == [False, False]
    assert await stored(hub, "ada") is None
    assert properties(await stored(hub, "bo")) == {"n": "x"}
    assert await hub.maintenance.check() == []


REFUSED = {
    "a property": [{"$add": {"n": "one"}}],
    "an address": [{"$append": {"$email": ["no address", "neither"]}}],
    "a push token with its companion": [{"$append": {"$androidpush": " ", "$id_provider": None}}],
    "no operations": ["text", {"$nonsense": {"n": 1}}],
    "refused and ignored": [{"$set": {"$reserved": 1}}, {"$set": {"n": 2**64}}],
}


@pytest.mark.parametrize("operations", REFUSED.values(), ids=REFUSED)
async def test_of_an_event_that_is_refused_as_a_whole_nothing_is_stored_but_the_refusals(
    hub: Services, operations: list[object]
) -> None:
    """Neither the user nor its history nor the key, so that the corrected event may carry the same key."""
    refused = edit("ada", *operations)
    for _ in range(2):
        [outcome] = await apply(hub, refused)
        assert outcome.error is not None
        assert outcome.refusals
    assert await stored(hub, "ada") is None
    assert await user_count(hub) == 0
    assert not await hub.recipients.history(refused.key)
    logged = await hub.rejected.page(WORKSPACE)
    assert len(logged) == 2 * len(outcome.refusals)
    [outcome] = await apply(hub, edit("ada", {"$set": {"n": 1}}, key=refused.insert_key))
    assert (outcome.status, outcome.error) == (EditStatus.APPLIED, None)
    assert properties(await stored(hub, "ada")) == {"n": 1}


APPLIED = {
    "without operations": [],
    "only ignored": [{"$set": {"$reserved": 1}}],
    "without effect": [{"$unset": ["n"]}, {"$add": {"n": "one"}}],
    "a removal without effect": [{"$remove": {"$email": ["ada@example.com", "no address"]}}],
    "in part": [{"$append": {"$email": ["ada@example.com", "no address"]}}],
}


@pytest.mark.parametrize("operations", APPLIED.values(), ids=APPLIED)
async def test_an_event_of_which_anything_is_accepted_counts(hub: Services, operations: list[object]) -> None:
    """Accepted includes operations without effect, and reserved keys, which PATCH ignores as well."""
    [outcome] = await apply(hub, edit("ada", *operations))
    assert outcome.error is None
    assert await stored(hub, "ada") is not None
    assert len(await hub.recipients.history(RecipientKey.user(WORKSPACE, "ada"))) == 1


async def test_a_refused_event_changes_nothing_for_its_neighbours(hub: Services) -> None:
    """In one batch: the refused one leaves its key to another event, and the user's other events apply."""
    key = uuid.uuid4()
    outcomes = await apply(
        hub,
        edit("ada", {"$add": {"n": "one"}}, key=key),
        edit("ada", {"$add": {"n": 1}}, key=key),
        edit("ada", {"$add": {"n": 1}}, key=key),
        edit("bo", {"$add": {"n": "one"}}),
        edit("ada", {"$add": {"n": 10}}),
    )
    assert [outcome.error is not None for outcome in outcomes] == [True, False, False, True, False]
    assert properties(await stored(hub, "ada")) == {"n": 11}
    assert await stored(hub, "bo") is None
    assert await user_count(hub) == 1


async def test_a_repeated_event_is_no_refusal_though_it_could_not_be_applied_now(hub: Services) -> None:
    """It was applied when it came first; its repetition after a lost answer must not say otherwise."""
    once = edit("ada", {"$add": {"n": 1}})
    await apply(hub, once)
    await apply(hub, edit("ada", {"$set": {"n": "text"}}))
    [outcome] = await apply(hub, once)
    assert (outcome.status, outcome.error, list(outcome.refusals)) == (EditStatus.DUPLICATE, None, [])
    assert await hub.rejected.page(WORKSPACE) == []
