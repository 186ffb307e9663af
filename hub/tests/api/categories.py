"""Preference categories for the API tests: documents, a way to put them into force, requests for preferences."""

from cast import TESTER
from suprsend_hub.domain.categories import Commit
from suprsend_hub.domain.category_reading import read_categories
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .support import ApiClient


def category(slug: str, **fields: object) -> dict[str, object]:
    """A category, opted in by default."""
    return {"category": slug, "name": slug.title(), "default_preference": "opt_in", **fields}


def document(*categories: object, **section: object) -> dict[str, object]:
    """A document with one section of promotional categories."""
    sections = [{"name": None, "categories": list(categories), **section}]
    return {"root_categories": [{"root_category": "promotional", "sections": sections}]}


async def put_into_force(hub: Services, workspace: NewWorkspace, whole: object) -> None:
    """Make a document the categories of a workspace, whatever was chosen for others."""
    read, mistakes = read_categories(whole)
    assert mistakes == []
    await hub.categories.save(TESTER, workspace.workspace_id, read, Commit("for a test", force=True))


CHANNELS = ["email", "sms", "whatsapp", "androidpush", "iospush", "webpush", "inbox", "slack", "ms_teams"]
DAILY = {"id": "daily", "label": "Daily", "frequency": "daily", "is_default": True,
         "time": {"edit_policy": "editable", "default_value": "09:00"}}  # fmt: skip
WEEKLY = {"id": "weekly", "frequency": "weekly", "weekdays": {"edit_policy": "locked", "default_value": ["mo"]}}
DOCUMENT = {
    "root_categories": [
        {
            "root_category": "system",
            "sections": [
                {
                    "name": None,
                    "categories": [
                        category(
                            "security", default_preference="cant_unsubscribe", default_mandatory_channels=["email"]
                        )
                    ],
                }
            ],
        },
        {
            "root_category": "transactional",
            "sections": [
                {
                    "name": "Tasks",
                    "description": "Your work",
                    "tags": ["work"],
                    "categories": [
                        category("mentions", tags=["loud"]),
                        category(
                            "summary",
                            digest_schedule={"options": [DAILY, WEEKLY]},
                            properties=[
                                {
                                    "key": "limit",
                                    "value_type": "integer",
                                    "default_value": 5,
                                    "edit_policy": "editable",
                                },
                                {"key": "style", "value_type": "string", "edit_policy": "locked"},
                                {"key": "note", "value_type": "string", "edit_policy": "editable"},
                            ],
                        ),
                    ],
                }
            ],
        },
        {
            "root_category": "promotional",
            "sections": [
                {
                    "name": None,
                    "categories": [
                        category("news", default_opt_in_channels=["email", "sms"]),
                        category("offers", default_preference="opt_out", tags=["loud"]),
                    ],
                }
            ],
        },
    ]
}
USER, OBJECT = "/v1/user/u%2F1/", "/v1/object/team/core/"


async def choose(client: ApiClient, path: str, slug: str, body: object, query: str = "") -> dict:
    answer = await client.patch(f"{path}category/{slug}/{query}", body)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def read(client: ApiClient, path: str, slug: str, query: str = "") -> dict:
    answer = await client.get(f"{path}category/{slug}/{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def on(category_: dict) -> list[str]:
    """The channels on which a category is on."""
    return [each["channel"] for each in category_["channels"] if each["preference"] == "opt_in"]
