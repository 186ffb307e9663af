"""The rules that the real steps keep, and what runs when."""

from pathlib import Path

import asyncpg
import pytest
from releases import Post, Pre, following, release, schema_of
from suprsend_hub.domain.errors import Conflict
from suprsend_hub.store.migrate import FOLDER, migrate, read_steps
from suprsend_hub.store.schema_version import HEAD, Schema

PRE = Pre("CREATE TABLE added (id integer)")
POST = Post("DROP TABLE rejected")


def test_revisions_compare_as_texts_and_every_step_has_its_sql() -> None:
    steps = read_steps(FOLDER)
    assert [step.revision for step in steps] == [f"{number:04d}" for number in range(1, len(steps) + 1)]
    for step in steps:
        [module] = (FOLDER / "versions").glob(f"{step.revision}_*.py")
        assert module.with_suffix(".sql").read_text(encoding="utf-8").strip()


def test_head_is_the_newest_pre_step() -> None:
    assert read_steps(FOLDER)[-1].head == HEAD


def test_a_step_belongs_to_the_code_of_the_newest_pre_step_up_to_it(tmp_path: Path) -> None:
    steps = read_steps(release(tmp_path, PRE, PRE, POST, POST, PRE))[-5:]
    assert [(step.is_post, step.head) for step in steps] == [
        (False, following(1)), (False, following(2)), (True, following(2)), (True, following(2)), (False, following(5)),
    ]  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize("postgres_version", [16, 18])
async def test_post_steps_wait_until_they_are_asked_for(database_url: str, tmp_path: Path) -> None:
    newer = release(tmp_path, PRE, POST)
    before = await schema_of(database_url)
    for _ in range(2):
        migrated = await migrate(database_url, folder=newer)
        assert (migrated.revision, migrated.post_steps_wait) == (following(1), True)
        assert await schema_of(database_url) == Schema(following(1), before.oldest_head)
    for post in (True, True, False):
        migrated = await migrate(database_url, post=post, folder=newer)
        assert (migrated.revision, migrated.post_steps_wait, migrated.is_newer) == (following(2), False, False)
        assert await schema_of(database_url) == Schema(following(2), following(1))


@pytest.mark.anyio
async def test_the_next_release_runs_what_the_last_one_left_and_leaves_its_own(
    database_url: str, tmp_path: Path
) -> None:
    """The pre step that a waiting post step belongs to has been there: so the hubs that run know it."""
    await migrate(database_url, folder=release(tmp_path, PRE, POST))
    after_next = release(tmp_path, PRE, POST, Pre("CREATE TABLE added_next (id integer)"), Post("DROP TABLE counter"))
    migrated = await migrate(database_url, folder=after_next)
    assert (migrated.revision, migrated.post_steps_wait) == (following(3), True)
    assert await schema_of(database_url) == Schema(following(3), following(1))


@pytest.mark.anyio
async def test_a_release_that_was_skipped_is_not_passed_over_while_hubs_may_run(
    database_url: str, tmp_path: Path
) -> None:
    """Its post step would stop them, whatever comes after. Refused however often, until somebody says --post."""
    after_next = release(tmp_path, PRE, POST, Pre("CREATE TABLE added_next (id integer)"))
    before = await schema_of(database_url)
    for _ in range(2):
        with pytest.raises(Conflict, match=f"step {following(2)} on the way removes what the running hubs need"):
            await migrate(database_url, folder=after_next)
        assert await schema_of(database_url) == before
    assert (await migrate(database_url, post=True, folder=after_next)).revision == following(3)


@pytest.mark.anyio
async def test_a_database_without_a_schema_gets_post_steps_too(database_url: str, tmp_path: Path) -> None:
    newer = release(tmp_path, PRE, POST, Pre("CREATE TABLE added_next (id integer)"), Post("DROP TABLE counter"))
    connection = await asyncpg.connect(database_url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    migrated = await migrate(database_url, folder=newer)
    assert (migrated.revision, migrated.post_steps_wait) == (following(4), False)
    assert await schema_of(database_url) == Schema(following(4), following(3))


@pytest.mark.anyio
async def test_a_revision_that_nobody_knows_is_refused(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = '0003b'")
    await connection.close()
    with pytest.raises(Conflict, match="0003b"):
        await migrate(database_url)
