"""Workspaces and their secrets on a real database: what is created, rotated, disabled and deleted, and what of it is left."""

import uuid
from datetime import UTC, datetime

import pytest
from suprsend_hub.app import Hub
from suprsend_hub.domain.errors import Conflict
from suprsend_hub.domain.ids import UlidFactory
from suprsend_hub.service.secrets import SecretBox, generate_master_key
from suprsend_hub.service.workspaces import WorkspaceService

pytestmark = pytest.mark.anyio


class SameUlid(UlidFactory):
    """Draws the same id each time: the second API key cannot be stored."""

    def __init__(self) -> None:
        self._ulid = uuid.UUID(int=1)

    def new(self) -> uuid.UUID:
        return self._ulid


async def test_a_workspace_is_created_with_its_first_key_or_not_at_all(hub: Hub) -> None:
    """What fails between them must not leave a name that is taken, with a secret that nobody has seen."""
    service = WorkspaceService(
        hub.database, SecretBox(generate_master_key()), now=lambda: datetime.now(UTC), ulids=SameUlid()
    )
    await service.create("first")
    with pytest.raises(Conflict):
        await service.create("second")
    assert [row.name for row in await hub.workspaces.list_all()] == ["first"]
