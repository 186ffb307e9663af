"""Workspaces and their secrets on a real database: what is created, rotated, disabled and deleted, and what of it is left."""

import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from cast import TESTER
from suprsend_hub.domain.errors import Conflict, InvalidRequest
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.service.secrets import SecretBox, generate_master_key
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import Reencrypted, WorkspaceService
from suprsend_hub.service.writing import RateLimits
from suprsend_hub.settings import Settings
from suprsend_hub.store import workspaces

pytestmark = pytest.mark.anyio


class SameUlid(UlidFactory):
    """Draws the same id each time: the second API key cannot be stored."""

    def __init__(self) -> None:
        self._ulid = uuid.UUID(int=1)

    def new(self) -> uuid.UUID:
        return self._ulid


async def test_a_workspace_is_created_with_its_first_key_or_not_at_all(hub: Services) -> None:
    """What fails between them must not leave a name that is taken, with a secret that nobody has seen."""
    service = WorkspaceService(
        hub.database,
        SecretBox(generate_master_key()),
        hub.audit,
        RateLimits(monotonic=time.monotonic),
        now=lambda: datetime.now(UTC),
        ulids=SameUlid(),
    )
    await service.create(TESTER, "first")
    with pytest.raises(Conflict):
        await service.create(TESTER, "second")
    assert [row.name for row in await hub.workspaces.list_all()] == ["first"]


def keyed(hub: Services, master_keys: str) -> WorkspaceService:
    """The service with other master keys, on the same database."""
    ulids = UlidFactory(lambda: 1, bytes)
    limits = RateLimits(monotonic=time.monotonic)
    return WorkspaceService(
        hub.database, SecretBox(master_keys), hub.audit, limits, now=lambda: datetime.now(UTC), ulids=ulids
    )


@pytest.fixture
def old_key(settings: Settings) -> str:
    assert settings.master_key is not None
    return settings.master_key.get_secret_value()


async def decrypted(hub: Services, master_key: str) -> dict[str, tuple[str, str | None]]:
    """Current and previous secret of each workspace, with that master key alone."""
    box = SecretBox(master_key)
    return {
        row.name: (
            box.decrypt(row.secret_encrypted),
            None if row.previous_secret is None else box.decrypt(row.previous_secret),
        )
        for row in await hub.workspaces.list_all()
    }


async def test_secrets_come_under_the_new_master_key_and_then_the_old_one_may_go(hub: Services, old_key: str) -> None:
    """The previous secret of a rotation too; what was interrupted is gone on with, and what is done is left alone."""
    for name in ("a", "b", "c"):
        await hub.workspaces.create(TESTER, name)
    await hub.workspaces.rotate_secret(TESTER, "b", overlap=timedelta(hours=1))
    before = await decrypted(hub, old_key)
    new_key = generate_master_key()
    both = keyed(hub, f"{new_key},{old_key}")
    interrupted = both.reencrypt_secrets(TESTER)
    assert await anext(interrupted) == Reencrypted("a", 1, 0)
    await interrupted.aclose()
    await both.create(TESTER, "made since")
    done = [each async for each in both.reencrypt_secrets(TESTER)]
    assert [(each.name, each.changed, each.lost) for each in done] == [
        ("a", 0, 0), ("b", 2, 0), ("c", 1, 0), ("made since", 0, 0),
    ]  # fmt: skip
    after = await decrypted(hub, new_key)
    assert {name: after[name] for name in before} == before
    assert [each.changed async for each in both.reencrypt_secrets(TESTER)] == [0, 0, 0, 0]


async def test_a_secret_that_no_key_decrypts_is_named_and_left_as_it_is(hub: Services, old_key: str) -> None:
    """It may be decrypted yet, once somebody finds its key."""
    await hub.workspaces.create(TESTER, "a")
    key = generate_master_key()
    stranger = keyed(hub, key)
    await keyed(hub, f"{key},{old_key}").create(TESTER, "b")
    assert [each async for each in stranger.reencrypt_secrets(TESTER)] == [
        Reencrypted("a", 0, 1),
        Reencrypted("b", 0, 0),
    ]
    assert SecretBox(old_key).decrypt((await hub.workspaces.get("a")).secret_encrypted)


async def test_a_secret_rotated_in_the_middle_of_re_encryption_stays(hub: Services, old_key: str) -> None:
    """The row was read before the rotation and is written after it."""
    await hub.workspaces.create(TESTER, "a")
    read = await hub.workspaces.get("a")
    rotated = await hub.workspaces.rotate_secret(TESTER, "a", overlap=timedelta(hours=1))
    box = SecretBox(f"{generate_master_key()},{old_key}")
    async with hub.database.connection() as connection:
        await workspaces.reencrypt_secrets(
            connection, read, secret=box.encrypt(box.decrypt(read.secret_encrypted)), previous_secret=None
        )
    now = await hub.workspaces.get("a")
    assert box.decrypt(now.secret_encrypted) == rotated.workspace_secret
    assert now.previous_secret == read.secret_encrypted


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=91)])
async def test_an_impossible_overlap_or_skew_is_refused(hub: Services, old_key: str, overlap: timedelta) -> None:
    before = await hub.workspaces.create(TESTER, "a")
    with pytest.raises(InvalidRequest):
        await hub.workspaces.rotate_secret(TESTER, "a", overlap=overlap)
    with pytest.raises(InvalidRequest):
        await hub.workspaces.limit_clock_skew(TESTER, "a", round(overlap.total_seconds()))
    assert (await decrypted(hub, old_key))["a"] == (before.workspace_secret, None)
