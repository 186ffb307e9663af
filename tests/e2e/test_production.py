"""A hub as it runs in production: `serve` with two workers on a PostgreSQL that was there before."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
import suprsend

WRITERS = 8
INCREMENTS = 500


@pytest.fixture(scope="module")
def settings(command, postgres_url) -> dict[str, str]:
    key = command("master-key").stdout.strip()
    return {"DATABASE_URL": postgres_url, "MASTER_KEY": key}


@pytest.fixture(scope="module")
def create_workspace(command, settings):
    """Create a workspace and return its credentials by name, as the command prints them."""
    migrated = command("db", "migrate", **settings)
    assert migrated.returncode == 0, migrated.stderr

    def create(name: str) -> dict[str, str]:
        created = command("workspace", "create", name, **settings)
        assert created.returncode == 0, created.stderr
        return dict(re.findall(r"^(.+?):\s+(\S+)$", created.stdout, re.MULTILINE))

    return create


@pytest.fixture(scope="module")
def workspace(create_workspace) -> dict[str, str]:
    return create_workspace("production")


@pytest.fixture(scope="module")
def production(workspace, start_hub, settings):
    with start_hub("serve", "--port", "0", "--workers", "2", **settings) as hub:
        yield hub


def client_of(workspace: dict[str, str], base_url: str) -> suprsend.Suprsend:
    return suprsend.Suprsend(workspace["Workspace key"], workspace["Workspace secret"], base_url=base_url)


def test_concurrent_increments_of_one_user_all_count(production, workspace, prefix):
    """Eight writers, each with its own connection, through two hub processes: nothing is lost, nothing counts twice."""
    distinct_id = f"{prefix}counter"

    def write(number: int) -> None:
        with client_of(workspace, production.base_url) as client:
            send = client.users.async_edit if number % 2 else client.users.edit
            for _ in range(INCREMENTS):
                user = client.users.get_edit_instance(distinct_id)
                user.increment("count", 1)
                send(user)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    with client_of(workspace, production.base_url) as client:
        assert client.users.get(distinct_id)["properties"] == {"count": WRITERS * INCREMENTS}


def test_a_workspace_does_not_see_another(production, workspace, create_workspace, prefix):
    """The same distinct_id in two workspaces is two users; credentials of one open nothing of the other."""
    other = create_workspace("other")
    with client_of(workspace, production.base_url) as ours, client_of(other, production.base_url) as theirs:
        user = ours.users.get_edit_instance(f"{prefix}1")
        user.set("owner", "ours")
        ours.users.edit(user)
        with pytest.raises(suprsend.SuprsendAPIException, match=r"\[code: 404\]"):
            theirs.users.get(f"{prefix}1")
        assert theirs.users.list()["meta"]["count"] == 0
        with pytest.raises(suprsend.SuprsendAPIException, match=r"\[code: 404\]"):
            theirs.users.delete(f"{prefix}1")
        assert ours.users.get(f"{prefix}1")["properties"] == {"owner": "ours"}


def test_the_development_credentials_open_nothing(production):
    dev = {"Workspace key": "workspace_key", "Workspace secret": "workspace_secret"}
    refused = pytest.raises(suprsend.SuprsendAPIException, match=r"\[code: 401\]")
    with client_of(dev, production.base_url) as client, refused:
        client.users.list()


def test_a_revoked_key_is_refused(production, workspace, command, settings):
    """A key that has never been used is refused at once; a used one within seconds."""
    created = command("key", "create", "production", "--name", "to be revoked", **settings)
    key = dict(re.findall(r"^(.+?):\s+(\S+)$", created.stdout, re.MULTILINE))
    revoked = command("key", "revoke", "production", key["Id"], **settings)
    assert revoked.returncode == 0, revoked.stderr
    headers = {"Authorization": f"Bearer {key['API key']}"}
    assert httpx2.get(f"{production.base_url}v1/user/", headers=headers, trust_env=False).status_code == 401
    headers = {"Authorization": f"Bearer {workspace['API key']}"}
    assert httpx2.get(f"{production.base_url}v1/user/", headers=headers, trust_env=False).status_code == 200


@pytest.mark.parametrize("missing", ["DATABASE_URL", "MASTER_KEY"])
def test_serve_refuses_to_start_without_a_setting_and_names_it(command, settings, missing):
    given = {name: value for name, value in settings.items() if name != missing}
    refused = command("serve", "--port", "0", **given)
    assert refused.returncode != 0
    assert f"SUPRSEND_HUB_{missing}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_settings_are_listed_with_their_origin_and_without_secrets(command, settings):
    listed = command("settings", **settings).stdout
    assert "SUPRSEND_HUB_MASTER_KEY" in listed
    assert "environment" in listed
    for secret in settings.values():
        assert secret not in listed


def test_what_could_not_be_applied_is_listed_with_its_reason(production, workspace, command, settings, prefix):
    with client_of(workspace, production.base_url) as client:
        user = client.users.get_edit_instance(f"{prefix}rejected")
        user.add_email("no address")
        client.users.async_edit(user)
    listed = command("rejected", "list", "production", **settings)
    assert listed.returncode == 0, listed.stderr
    assert f"{prefix}rejected" in listed.stdout
