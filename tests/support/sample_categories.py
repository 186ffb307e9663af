"""The preference categories that a hub has while the scripts of `tests/e2e/scripts/` run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
from hub_process import credentials, run_command

if TYPE_CHECKING:
    from hub_process import HubProcess

CATEGORIES = {
    "root_categories": [
        {
            "root_category": "transactional",
            "sections": [
                {
                    "name": "Tasks",
                    "tags": ["work"],
                    "categories": [
                        {
                            "category": "alerts",
                            "name": "Alerts",
                            "default_preference": "cant_unsubscribe",
                            "default_mandatory_channels": ["email"],
                        },
                        {"category": "tips", "name": "Tips", "default_preference": "opt_in"},
                    ],
                }
            ],
        },
        {
            "root_category": "promotional",
            "sections": [
                {"name": None, "categories": [{"category": "news", "name": "News", "default_preference": "opt_in"}]}
            ],
        },
    ]
}
SPANISH = {"categories": {"news": {"name": "Noticias"}}, "sections": {"tasks": {"name": "Tareas"}}}


def put_categories(hub: HubProcess) -> None:
    """Put the categories of the development workspace into force, as the vendor's command line would."""
    created = run_command("key", "create", "development", "--scope", "manage", "--data-dir", hub.data_dir)
    headers = {"Authorization": f"ServiceToken {credentials(created.stdout)['API key']}"}
    url = f"{hub.base_url}v1/development/preference_category/"
    with httpx2.Client(base_url=url, headers=headers, trust_env=False) as token:
        for path, body in (("?commit=true&commit_message=e2e", CATEGORIES), ("translation/content/es/", SPANISH)):
            answer = token.post(path, json=body)
            assert answer.status_code == 200, answer.text
