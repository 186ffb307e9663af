"""What a hub refuses of events reaches the caller; the hub's report is that of `contract/openapi.yaml`."""

import asyncio
from typing import Any

import pytest
from suprsend import AsyncSuprsend, Suprsend, SuprsendRefusedError, SuprsendResponseError

from ..conftest import KEY, OK, SECRET, Recorded, Stub, answer  # noqa: TID252 - the absolute name depends on the start


def refusal(index: int, *, applied: bool, code: int = 400, omitted: int = 0) -> dict[str, Any]:
    """What a hub says about one event."""
    return {
        "index": index,
        "distinct_id": f"u-{index}",
        "applied": applied,
        "code": 202 if applied else code,
        "refusals": [{"error_code": "not_a_number", "key": "n", "message": "$add 'n': not a number"}],
        "omitted": omitted,
        "news": "fields of later versions are ignored",
    }


def report(*refused: dict[str, Any], repeated: int = 0) -> Any:
    return answer(202, {"refused": list(refused), "repeated": repeated})


def edit(client: Suprsend | AsyncSuprsend, distinct_id: str = "u-0") -> Any:
    user = client.users.get_edit_instance(distinct_id)
    user.set("n", 1)
    return user


@pytest.fixture
def client(stub: Stub) -> Suprsend:
    return Suprsend(KEY, SECRET, stub.url)


@pytest.fixture
def strict(stub: Stub) -> Suprsend:
    return Suprsend(KEY, SECRET, stub.url, strict=True)


def test_only_events_ask_for_the_report(stub: Stub, client: Suprsend) -> None:
    client.users.async_edit(edit(client))
    client.users.edit(edit(client))
    assert [request.headers.get("suprsend-report") for request in stub.requests] == ["refusals", None]


def test_a_part_that_is_refused_is_a_warning(stub: Stub, client: Suprsend) -> None:
    stub.rule = lambda _: report(refusal(0, applied=True, omitted=2))
    answered = client.users.async_edit(edit(client))
    warning = "[distinct_id: u-0] the hub refused: $add 'n': not a number; and 2 more; the rest of the edit was applied"
    assert answered == {
        "success": True, "status": "success", "status_code": 202, "message": "OK", "warnings": [warning]
    }  # fmt: skip
    with pytest.deprecated_call():
        subscriber = client.user.get_instance("u-0")
    assert subscriber.save() == answered


def test_an_edit_that_is_refused_as_a_whole_has_failed(stub: Stub, client: Suprsend) -> None:
    stub.rule = lambda _: report(refusal(0, applied=False, code=404))
    text = "[distinct_id: u-0] the hub refused: $add 'n': not a number"
    answered = client.users.async_edit(edit(client))
    assert answered == {"success": False, "status": "fail", "status_code": 404, "message": text, "warnings": [text]}


@pytest.mark.parametrize("applied", [True, False])
def test_strict_mode_raises(stub: Stub, strict: Suprsend, applied: bool) -> None:
    """Whether a part or all of it was refused; `save`, which never raises, says that it failed."""
    stub.rule = lambda _: report(refusal(0, applied=applied))
    with pytest.raises(SuprsendRefusedError, match=r"u-0\] the hub refused: \$add 'n': not a number") as caught:
        strict.users.async_edit(edit(strict))
    assert caught.value.partly_applied is applied
    assert (caught.value.status_code, caught.value.code) == (400, "not_a_number")
    assert caught.value.refusals == [{"error_code": "not_a_number", "key": "n", "message": "$add 'n': not a number"}]
    with pytest.deprecated_call():
        answered = strict.user.get_instance("u-0").save()
    assert (answered["success"], answered["status_code"]) == (False, 400)
    assert answered["message"] == caught.value.message


def by_user(request: Recorded) -> Any:
    """Refuse a part of each third event, and all of each third but one."""
    refused = [
        refusal(index, applied=number % 3 == 0, code=413)
        for index, event in enumerate(request.json())
        if (number := int(event["distinct_id"][2:])) % 3 < 2
    ]
    return report(*refused)


@pytest.mark.parametrize("is_strict", [False, True])
def test_bulk_outcomes_are_those_of_each_record(
    stub: Stub, client: Suprsend, strict: Suprsend, is_strict: bool
) -> None:
    """Over several chunks, in order: a record is a success, a success with a warning, or a failure with the record."""
    stub.rule = by_user
    chosen = strict if is_strict else client
    edits = [edit(chosen, f"u-{number}") for number in range(1000)]
    outcomes = list(chosen.users.bulk_edit(edits))
    failing = (0, 1) if is_strict else (1,)
    for number, outcome in enumerate(outcomes):
        assert (outcome.index, outcome.distinct_id, outcome.ok) == (number, f"u-{number}", number % 3 not in failing)
        assert bool(outcome.warnings) == (outcome.ok and number % 3 == 0)
        if not outcome.ok:
            assert outcome.record is not None
            assert outcome.record["distinct_id"] == f"u-{number}"
            assert outcome.error is not None
            assert f"u-{number}" in outcome.error
            assert outcome.status_code == (400 if number % 3 == 0 else 413)
    bulk = chosen.users.get_bulk_edit_instance()
    bulk.append(*edits)
    response = bulk.save()
    failures = [outcome for outcome in outcomes if not outcome.ok]
    assert (response.status, response.total, response.failure) == ("partial", 1000, len(failures))
    assert [failed["error"] for failed in response.failed_records] == [outcome.error for outcome in failures]
    assert [failed["record"]["distinct_id"] for failed in response.failed_records] == [o.distinct_id for o in failures]
    assert response.warnings == [warning for outcome in outcomes for warning in outcome.warnings]


def test_asyncio_says_the_same(stub: Stub) -> None:
    stub.rule = lambda request: report(refusal(0, applied=isinstance(request.json(), list)))

    async def run() -> None:
        async with (
            AsyncSuprsend(KEY, SECRET, stub.url) as client,
            AsyncSuprsend(KEY, SECRET, stub.url, strict=True) as strict,
        ):
            assert (await client.users.async_edit(edit(client)))["success"] is False
            with pytest.raises(SuprsendRefusedError):
                await strict.users.async_edit(edit(strict))
            assert (await client.users.bulk_edit([edit(client)]).result()).warnings
            assert (await strict.users.bulk_edit([edit(strict)]).result()).failure == 1

    asyncio.run(run())


def test_a_lost_answer_may_hide_refusals(stub: Stub, client: Suprsend) -> None:
    """The repetition learns that the first attempt was applied, not what was refused of it, and says so."""
    stub.rule = lambda _: report(repeated=1)
    [warning] = client.users.async_edit(edit(client))["warnings"]
    assert "that attempt applied 1 edit" in warning
    bulk = client.users.get_bulk_edit_instance()
    bulk.append(edit(client))
    assert bulk.save().warnings == [warning]


def test_a_hub_that_knows_no_reports_is_believed(stub: Stub, client: Suprsend) -> None:
    """Such as the hosted service."""
    stub.rule = lambda _: OK
    assert "warnings" not in client.users.async_edit(edit(client))


@pytest.mark.parametrize(
    "body", [{}, {"refused": 1}, {"refused": [{}]}, {"refused": [{"index": "0"}]}, [], "[" * 5000], ids=str
)
def test_what_is_not_a_report_is_not_the_answer_of_a_hub(stub: Stub, client: Suprsend, body: Any) -> None:
    stub.rule = lambda _: answer(202, body)
    with pytest.raises(SuprsendResponseError):
        client.users.async_edit(edit(client))
    bulk = client.users.get_bulk_edit_instance()
    bulk.append(edit(client))
    assert bulk.save().failure == 1


def test_the_log_says_it_once_for_each_request(stub: Stub, client: Suprsend, caplog: pytest.LogCaptureFixture) -> None:
    stub.rule = by_user
    client.users.bulk_edit([edit(client, f"u-{number}") for number in range(300)]).result()
    [record] = caplog.records
    assert record.getMessage().startswith("the hub refused something of 200 edits: ")
