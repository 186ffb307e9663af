"""Search by prefix costs what it finds: the walk along the index ends with the prefix, whatever plan is used."""

import asyncpg
import pytest
from cast import TESTER
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service.pages import PageRequest
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace
from suprsend_hub.store.profiles import upper_bound
from suprsend_hub.store.queries import sql

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", ["search_profiles_forward", "search_profiles_backward", "count_search"])
async def test_a_plan_for_any_prefix_ends_the_walk_at_its_upper_bound(database_url: str, name: str) -> None:
    """A cached plan that only filters by the bound walks on to the last user: 760 ms instead of 4 among 500,000."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off")
        text = sql(name)
        types = "integer, text, text, text, text, integer" if "$6" in text else "integer, text, text, text, integer"
        await connection.execute(f"PREPARE search ({types}) AS {text}")
        arguments = "1, '', 'a', 'b', '', 10" if "$6" in text else "1, '', 'a', 'b', 10"
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN EXECUTE search({arguments})"))
    finally:
        await connection.close()
    [condition] = [line for line in plan.splitlines() if "Index Cond" in line]
    assert "recipient_id >= $3" in condition, plan
    assert "recipient_id < $4" in condition, plan


async def test_a_prefix_of_the_last_characters_there_are_finds_its_users(
    hub: Services, workspace_a: NewWorkspace
) -> None:
    last = "\U0010ffff"
    for distinct_id in (last, last * 2, last * 255, "\U0010fffe", "z"):
        await hub.recipients.edit(TESTER, RecipientKey.user(workspace_a.workspace_id, distinct_id), [])
    page = await hub.recipients.search(workspace_a.workspace_id, last, PageRequest(10))
    assert [len(row.key.recipient_id) for row in page.rows] == [1, 2, 255]
    assert page.count == 3


def test_the_upper_bound_is_the_next_text_and_never_a_surrogate() -> None:
    assert upper_bound("ab") == "ac"
    assert upper_bound("a\ud7ff") == "a\ue000"
    assert upper_bound("a\U0010ffff") == "b"
    assert upper_bound("\U0010ffff") > "\U0010ffff" * 255
