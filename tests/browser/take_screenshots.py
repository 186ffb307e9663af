"""Take the pictures in docs/screenshots of a fresh development hub, filled with invented people.

    suprsend-hub dev --port 7879 --data-dir DIR      prints the address and the sign-in link
    suprsend-hub key create development --scope read --scope write --scope manage --data-dir DIR
    python tests/browser/take_screenshots.py http://127.0.0.1:7879 LINK API_KEY

Not a test: pictures are for people, who should look at them after a change of the pages.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path

import httpx2
from playwright.sync_api import Browser, Page, sync_playwright

OUT = Path(__file__).resolve().parents[2] / "docs/screenshots"
HOME = "/console/w/development/"
ADA = f"{HOME}users/cus_ada-lovelace/"
FIRST = [
    "Ada",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Donald",
    "Katherine",
    "Margaret",
    "Linus",
    "Radia",
    "Tim",
    "Vint",
    "Hedy",
    "Annie",
    "Joan",
    "Evelyn",
]
LAST = [
    "Lovelace",
    "Hopper",
    "Turing",
    "Dijkstra",
    "Liskov",
    "Knuth",
    "Johnson",
    "Hamilton",
    "Torvalds",
    "Perlman",
    "Lee",
    "Cerf",
    "Lamarr",
    "Easley",
]


def fill(api: httpx2.Client) -> None:
    """Invented users, objects, lists, a few edits and refusals; the same each time."""
    draw = random.Random(7)
    ids = [f"cus_{draw.randrange(16**8):08x}" for _ in range(120)]
    events = []
    for number, distinct_id in enumerate(ids):
        first, last = draw.choice(FIRST), draw.choice(LAST)
        operations: list[object] = [
            {"$set": {"name": f"{first} {last}", "plan": draw.choice(["free", "team"])}},
            {"$append": {"$email": f"{first}.{last}.{number}@example.com".lower()}},
        ]
        for channel, share in (("$sms", 0.5), ("$whatsapp", 0.3)):
            if draw.random() < share:
                operations.append({"$append": {channel: f"+4477009{number:05}"}})
        if draw.random() < 0.3:
            operations.append({"$append": {"$androidpush": f"token-{number}-abcdefghijkl", "$id_provider": "fcm"}})
        events.append({"distinct_id": distinct_id, "$user_operations": operations})
    _send(api, "POST", "/event/", events)
    user = "/v1/user/cus_ada-lovelace/"
    _send(api, "POST", user, {
        "name": "Ada Lovelace", "plan": "team", "seats": 42, "trial": False, "signed_up": "2025-03-14",
        "tags": ["beta", "vip", "engines"],
        "company": {"name": "Analytical Engines Ltd", "size": 120, "address": {"city": "London", "country": "GB"}},
        "$timezone": "Europe/London", "$preferred_language": "en", "$locale": "en_GB",
        "$email": ["ada@example.com", "a.lovelace@analytical.example"], "$sms": "+447700900123",
        "$androidpush": {"token": "dGhpcyBpcyBhIHB1c2ggdG9rZW4", "provider": "fcm"},
        "$slack": {"channel_id": "C06DL3RTP", "access_token": "xoxb-2342-not-a-real-token"},
    })  # fmt: skip
    _send(api, "PATCH", user, {"operations": [
        {"$add": {"seats": 3}}, {"$append": {"tags": "annual"}}, {"$remove": {"tags": "beta"}},
    ]})  # fmt: skip
    _send(api, "POST", "/event/", [{"distinct_id": "cus_ada-lovelace", "$user_operations": [
        {"$append": {"$email": "ada at home"}}, {"$set": {"plan": "enterprise"}},
    ]}])  # fmt: skip
    for kind, name in (("teams", "engineering"), ("teams", "design"), ("projects", "apollo"), ("documents", "roadmap")):
        _send(api, "POST", f"/v1/object/{kind}/{name}/", {"name": name.title()})
        members = ["cus_ada-lovelace", *draw.sample(ids, 20)]
        _send(api, "POST", f"/v1/object/{kind}/{name}/subscription/", {"recipients": members})
    for name, title in (("newsletter", "Monthly newsletter"), ("beta-testers", "Beta testers")):
        _send(api, "POST", "/v1/subscriber_list/", {"list_id": name, "list_name": title})
        members = ["cus_ada-lovelace", *draw.sample(ids, 60)]
        _send(api, "POST", f"/v1/subscriber_list/{name}/subscriber/add/", {"distinct_ids": members})

    _fill_tenants(api, ids)
    _fill_preferences(api)


def _fill_tenants(api: httpx2.Client, ids: list[str]) -> None:
    """Invented tenants, profiles for two of them, and a user who was merged and another who follows as an alias."""
    for name, title in (
        ("acme", "Acme Corporation"),
        ("globex", "Globex"),
        ("initech", "Initech"),
        ("umbrella", "Umbrella"),
    ):
        _send(api, "POST", f"/v1/tenant/{name}/", {
            "tenant_name": title, "timezone": "Europe/London", "primary_color": "#4f46e5", "secondary_color": "#0f766e",
            "social_links": {"website": f"https://{name}.example"}, "properties": {"plan": "enterprise", "seats": 120},
        })  # fmt: skip
    ada = "/v1/user/cus_ada-lovelace/"
    _send(api, "POST", f"{ada}tenant/acme/", {
        "role": "admin", "plan": "partner", "$email": "ada@acme.example",
        "$slack": {"channel_id": "C0AAAAAAA", "access_token": "xoxb-9999-not-a-real-token"},
    })  # fmt: skip
    _send(api, "POST", f"{ada}tenant/globex/", {"role": "guest"})
    for distinct_id in ids[:30]:
        _send(api, "POST", f"/v1/user/{distinct_id}/tenant/acme/", {"role": "member"})
    _send(api, "POST", "/v1/user/ada@old.example/", {"nickname": "Countess", "$whatsapp": "+447700900124"})
    _send(api, "PUT", "/hub/v1/after_merge/", {"after_merge": "alias"})
    _send(api, "POST", f"{ada}merge/", {"from_user_id": "ada@old.example"})


CATEGORIES = {"root_categories": [
    {"root_category": "system", "sections": [{"name": None, "categories": [
        {"category": "security", "name": "Security alerts", "description": "Sign-ins and changed passwords.",
         "default_preference": "cant_unsubscribe", "default_mandatory_channels": ["email"], "tags": ["account"]},
    ]}]},
    {"root_category": "transactional", "sections": [{"name": "Billing", "description": "Invoices and payments.", "categories": [
        {"category": "invoices", "name": "Invoices", "default_preference": "opt_in",
         "default_opt_in_channels": ["email", "slack"], "tags": ["finance"]},
        {"category": "reminders", "name": "Payment reminders", "default_preference": "opt_in"},
    ]}]},
    {"root_category": "promotional", "sections": [{"name": "Product", "tags": ["marketing"], "categories": [
        {"category": "newsletter", "name": "Monthly newsletter", "description": "What is new in the product.",
         "default_preference": "opt_in"},
        {"category": "tips", "name": "Tips and tricks", "default_preference": "opt_out"},
    ]}]},
]}  # fmt: skip


def _fill_preferences(api: httpx2.Client) -> None:
    """Categories with a draft, translations, choices of a user, and what a tenant sets."""
    path = "/v1/development/preference_category/"
    _send(api, "POST", f"{path}?commit=true&commit_message=First+categories", CATEGORIES)
    names = {"newsletter": {"name": "Noticias", "description": None}}
    _send(api, "POST", f"{path}translation/content/es/", {"sections": {}, "categories": names})
    channels = ["email", "sms", "whatsapp", "androidpush", "inbox", "slack"]
    _send(api, "PUT", "/hub/v1/active_channels/", {"channels": channels})
    preference = "/v1/user/cus_ada-lovelace/preference/"
    _send(
        api,
        "PATCH",
        f"{preference}category/newsletter/",
        {"preference": "opt_in", "opt_out_channels": ["sms", "whatsapp"]},
    )
    _send(api, "PATCH", f"{preference}category/reminders/", {"preference": "opt_out"})
    restricted = [{"channel": "slack", "is_restricted": True}]
    _send(api, "PATCH", f"{preference}channel_preference/", {"channel_preferences": restricted})
    _send(api, "PATCH", "/v1/tenant/acme/preference/category/newsletter/", {
        "preference": "opt_out", "blocked_channels": ["sms"],
    })  # fmt: skip
    _send(api, "PATCH", "/v1/tenant/acme/preference/category/tips/", {"visible_to_subscriber": False})


def _send(api: httpx2.Client, method: str, path: str, body: object) -> None:
    answer = api.request(method, path, json=body)
    if answer.status_code >= 300:
        sys.exit(f"{method} {path}: {answer.status_code} {answer.text}")


def open_page(browser: Browser, address: str, state: object, theme: str, width: int, height: int) -> Page:
    """A page of a browser with those colours and that size."""
    context = browser.new_context(
        base_url=address, storage_state=state, color_scheme=theme, viewport={"width": width, "height": height}
    )  # type: ignore[arg-type]
    return context.new_page()


def take(page: Page, path: str, name: str) -> None:
    """Go there and take the picture."""
    page.goto(path)
    page.screenshot(path=OUT / f"{name}.png")


def main() -> None:
    """Fill the hub, sign in, take all pictures."""
    address, link, api_key = sys.argv[1:]
    with httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {api_key}"}, trust_env=False) as api:
        fill(api)
    OUT.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        first = browser.new_context()
        sign_in = first.new_page()
        sign_in.goto(link)
        sign_in.get_by_role("button", name="Sign in").click()
        sign_in.wait_for_url("**/users/")
        state = first.storage_state()
        for theme in ("light", "dark"):
            page = open_page(browser, address, state, theme, 1440, 860)
            take(page, f"{HOME}users/", f"users-{theme}")
            take(page, ADA, f"user-{theme}")
            take(page, f"{ADA}history/", f"history-{theme}")
            take(page, f"{ADA}tenants/acme/", f"user-tenant-{theme}")
            take(page, f"{ADA}preferences/", f"preferences-{theme}")
        page = open_page(browser, address, state, "light", 1440, 860)
        take(page, f"{HOME}categories/", "categories-light")
        take(page, f"{HOME}tenants/", "tenants-light")
        take(page, f"{HOME}objects/teams/engineering/", "object-light")
        take(page, f"{HOME}lists/newsletter/", "list-light")
        page.goto(ADA)
        page.get_by_role("link", name="Property", exact=True).click()
        page.get_by_label("Key").fill("seats")
        page.get_by_role("radio", name="number").check()
        page.get_by_role("textbox", name="Value").fill("50")
        page.get_by_text("supr_client.users.edit(user)").wait_for()
        page.screenshot(path=OUT / "edit-light.png")
        page = open_page(browser, address, state, "light", 360, 740)
        take(page, f"{HOME}users/", "users-narrow")
        take(page, ADA, "user-narrow")
        take(page, f"{ADA}preferences/", "preferences-narrow")
        take(open_page(browser, address, None, "light", 1440, 860), "/console/sign-in/", "sign-in-light")
        browser.close()


if __name__ == "__main__":
    main()
