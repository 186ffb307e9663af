"""What a hub refuses reaches the program that sent it, with our SDK and, as far as its wire allows, with the vendor's.

Public reports of the kind, services that answer success and drop what was sent:
https://github.com/weaviate/weaviate/issues/1563, https://github.com/Openpanel-dev/openpanel/issues/345,
https://github.com/PostHog/posthog-python/issues/731
"""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import suprsend
from hub_process import HubProcess, data_directory, run_command, scrubbed_environment
from suprsend import AsyncSuprsend, Suprsend, SuprsendError, SuprsendNotFoundError, UserEdit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
OFFICIAL = ROOT / ".venv-official/bin/python"
CREDENTIALS = ("workspace_key", "workspace_secret")


@dataclass(frozen=True)
class Case:
    """An edit of which the hub refuses something.

    Attributes:
        fill: makes the edit.
        before: the user's properties beforehand, or None for a new user.
        whole: nothing of the edit can be applied.
    """

    fill: Callable[[Any], object]
    before: dict[str, Any] | None = None
    whole: bool = True


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def addresses(number: int) -> dict[str, list[str]]:
    return {"$email": [f"user-{n}@example.com" for n in range(number)]}


def and_a_good_part(edit: Any) -> None:
    edit.set("good", 1)
    edit.add_email("no address")


CASES = {
    "integer beyond 64 bits": Case(lambda edit: edit.set("n", 2**63)),
    "nested integer beyond 64 bits": Case(lambda edit: edit.set("n", {"a": [2**64]})),
    "NUL": Case(lambda edit: edit.set("text", "a\0b")),
    "key of 256 characters": Case(lambda edit: edit.set("k" * 256, 1)),
    "nesting over 64": Case(lambda edit: edit.set("deep", nested(65))),
    "blank push token": Case(lambda edit: edit.add_androidpush(" ")),
    "bundle id over 255": Case(lambda edit: edit.add_iospush("token", bundle_id="b" * 256)),
    "webpush without keys": Case(lambda edit: edit.add_webpush({"endpoint": "https://push.example.com/1"})),
    "Slack object without recipient": Case(lambda edit: edit.add_slack({"access_token": "xoxb"})),
    "e-mail with NUL": Case(lambda edit: edit.add_email("a\0b@example.com")),
    "101st address": Case(lambda edit: edit.append(addresses(101)), whole=False),
    "513th property": Case(lambda edit: edit.set("one more", 1), {f"k{n}": n for n in range(512)}),
    "increment of a text": Case(lambda edit: edit.increment("n", 1), {"n": "text"}),
    "increment over 64 bits": Case(lambda edit: edit.increment("n", 1), {"n": 2**63 - 1}),
    "a good part": Case(and_a_good_part, whole=False),
}
IDS = {
    "over 255 characters": ("x" * 256, None),
    "with a control character": ("a\nb", None),
    "with U+0085": ("a\u0085b", None),
    "unknown tenant": ("ada", "acme"),
}


@pytest.fixture(scope="module")
def hub() -> Iterator[HubProcess]:
    with data_directory() as data:
        data.parent.mkdir(exist_ok=True)
        running = HubProcess("dev", "--port", "0", "--data-dir", str(data), complaints=data.parent / "stderr")
        try:
            yield running.start()
        finally:
            running.end()


@pytest.fixture
def client(hub: HubProcess) -> Iterator[Suprsend]:
    with Suprsend(*CREDENTIALS, hub.base_url) as opened:
        yield opened


@pytest.fixture
def strict(hub: HubProcess) -> Iterator[Suprsend]:
    with Suprsend(*CREDENTIALS, hub.base_url, strict=True) as opened:
        yield opened


@pytest.fixture
def prefix() -> str:
    return f"r{secrets.token_hex(6)}-"


def told(result: Any) -> str:
    """What a call said of refusals, whichever way it was made: 'failed', 'warned' or nothing."""
    if isinstance(result, dict):
        failed, warned = not result["success"], bool(result.get("warnings"))
    elif isinstance(result, suprsend.Outcome):
        failed, warned = not result.ok, bool(result.warnings)
    else:
        failed, warned = result.failure == 1 and len(result.failed_records) == 1, bool(result.warnings)
    return "failed" if failed else "warned" if warned else ""


def by_bulk(client: Suprsend, edit: UserEdit) -> Any:
    bulk = client.users.get_bulk_edit_instance()
    bulk.append(edit)
    return bulk.save()


def subscriber(client: Suprsend, distinct_id: str) -> Any:
    with pytest.deprecated_call():
        return client.user.get_instance(distinct_id)


WAYS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "async_edit": (
        lambda client, user: client.users.get_edit_instance(user),
        lambda client, edit: client.users.async_edit(edit),
    ),
    "bulk": (lambda client, user: client.users.get_edit_instance(user), by_bulk),
    "bulk_edit": (
        lambda client, user: client.users.get_edit_instance(user),
        lambda client, edit: next(iter(client.users.bulk_edit([edit]))),
    ),
    "save": (subscriber, lambda _, edit: edit.save()),
}


def profile(client: Suprsend, distinct_id: str) -> dict[str, Any] | None:
    try:
        return dict(client.users.get(distinct_id))
    except SuprsendNotFoundError:
        return None


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_is_a_warning_or_a_failure(client: Suprsend, prefix: str, name: str, way: str) -> None:
    """A part that is refused is a warning; an edit that is refused as a whole has failed and left nothing."""
    case, user = CASES[name], f"{prefix}1"
    make, send = WAYS[way]
    if case.before is not None:
        client.users.upsert(user, case.before)
    edit = make(client, user)
    case.fill(edit)
    before = profile(client, user)
    assert told(send(client, edit)) == ("failed" if case.whole else "warned")
    if case.whole:
        assert profile(client, user) == before
    else:
        assert profile(client, user) is not None


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("way", WAYS)
def test_in_strict_mode_it_is_an_error(strict: Suprsend, prefix: str, name: str, way: str) -> None:
    """At the call that makes the mistake, or from the hub; in a bulk edit and in `save` the edit has failed."""
    case, user = CASES[name], f"{prefix}1"
    make, send = WAYS[way]
    if case.before is not None:
        strict.users.upsert(user, case.before)
    edit = make(strict, user)
    try:
        case.fill(edit)
        if way == "async_edit":
            with pytest.raises(suprsend.SuprsendRefusedError):
                send(strict, edit)
        else:
            assert told(send(strict, edit)) == "failed"
    except suprsend.InputValueError:
        assert profile(strict, user) is None


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("is_strict", [False, True])
def test_an_edit_of_nobody_is_a_failure(client: Suprsend, strict: Suprsend, name: str, is_strict: bool) -> None:
    """Ids that no hub accepts raise when the edit is made; where they get through, and for tenants, the hub says so."""
    chosen = strict if is_strict else client
    distinct_id, tenant_id = IDS[name]
    if tenant_id is None:
        with pytest.raises(suprsend.SuprsendValidationError):
            chosen.users.get_edit_instance(distinct_id)
        with pytest.raises(suprsend.SuprsendValidationError):
            subscriber(chosen, distinct_id)
    for send in (by_bulk, WAYS["bulk_edit"][1]):
        edit = UserEdit(chosen, distinct_id, tenant_id)
        edit.set("n", 1)
        assert told(send(chosen, edit)) == "failed"
    with pytest.raises(SuprsendError):
        chosen.users.async_edit(edit)


def test_asyncio_is_told_the_same(hub: HubProcess, client: Suprsend, prefix: str) -> None:
    """Every case in one bulk edit of good and bad records: each has its own outcome, in order."""

    async def run(*, strict: bool) -> list[str]:
        results = []
        async with (
            AsyncSuprsend(*CREDENTIALS, hub.base_url) as lenient,
            AsyncSuprsend(*CREDENTIALS, hub.base_url, strict=strict) as sender,
        ):
            edits = []
            for number, case in enumerate(CASES.values()):
                user = f"{prefix}{strict}-{number}"
                await lenient.users.upsert(user, case.before or {})
                edit = lenient.users.get_edit_instance(user)  # what strict mode sees is not the matter here
                case.fill(edit)
                good = lenient.users.get_edit_instance(user)
                good.set("k0", "good")
                edits += [good, edit]
            async for outcome in sender.users.bulk_edit(edits):
                results.append(told(outcome))  # noqa: PERF401 - a comprehension would hide what is awaited
            for edit in edits[1::2]:
                try:
                    results.append(told(await sender.users.async_edit(edit)))
                except suprsend.SuprsendRefusedError:
                    results.append("failed")
        return results

    expected = ["failed" if case.whole else "warned" for case in CASES.values()]
    lenient = asyncio.run(run(strict=False))
    assert lenient[: 2 * len(CASES) : 2] == [""] * len(CASES)
    assert lenient[1 : 2 * len(CASES) : 2] == expected
    assert lenient[2 * len(CASES) :] == expected
    strict = asyncio.run(run(strict=True))
    assert strict[: 2 * len(CASES) : 2] == [""] * len(CASES)
    assert strict[1 : 2 * len(CASES) : 2] == strict[2 * len(CASES) :] == ["failed"] * len(CASES)


def test_one_missing_cell_does_not_cost_the_others_their_edits(hub: HubProcess, client: Suprsend, prefix: str) -> None:
    """The vendor's SDK writes NaN: 4 of 5 are stored, the fifth is in the log. Alone, its key is named.

    https://github.com/customerio/customerio-python/issues/34
    """
    if not OFFICIAL.exists():
        pytest.fail(f"{OFFICIAL} is missing; `make test` creates it")
    done = subprocess.run(
        [OFFICIAL, Path(__file__).parent / "scripts/official_refusals.py", prefix, hub.base_url],
        capture_output=True, text=True, timeout=120, check=False,
        env=scrubbed_environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["batch"] == ["success", 5, 0, [], []]
    stored = [profile(client, f"{prefix}{number}") for number in range(5)]
    assert [user and user["properties"]["score"] for user in stored] == [1.5, 1.5, None, 1.5, 1.5]
    status, error, code = said["alone"]
    assert (status, code) == ("fail", 400)
    assert "Infinity under the key 'score'" in error
    # Those who do not ask are answered as ever, and nothing is stored of an edit that is refused as a whole.
    ok = {"success": True, "status": "success", "status_code": 202, "message": "OK"}
    assert said["refused"] == said["in part"] == ok
    refused = profile(client, f"{prefix}refused")
    assert refused is not None
    assert refused["properties"] == {"name": "Ada"}
    listed = run_command("rejected", "list", "development", "--user", f"{prefix}2", "--data-dir", str(hub.command[-1]))
    assert "NaN under the key 'score'" in listed.stdout, listed.stderr
