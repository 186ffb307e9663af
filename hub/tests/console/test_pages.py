"""What every page keeps: headers, no inline code, harmless hostile text, weight, masked secrets, a true history."""

import gzip
import json
import re
from html.parser import HTMLParser

import pytest
from suprsend_hub.service.audit import AuditFilter
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .conftest import Edit
from .support import HOME, USERS, Browser

pytestmark = pytest.mark.anyio

HOSTILE_IDS = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a/b", "a%2Fb", "a?b=c#d", "../../etc", "'; DROP--",
    "\u202egnp.exe", "{{ 7*7 }}", "émile@ünïcode", "👩‍👩‍👧", "a&amp;b", "x" * 255, "with space+plus", "%", "\u200b",
]  # fmt: skip
HOSTILE_TEXT = '</script><script>alert(1)</script><img src=x onerror="alert(1)">\u202e"\'&<!--'
TABS = [
    "",
    "history/",
    "tenants/",
    "tenants/default/",
    "preferences/",
    "subscriptions/",
    "lists/",
    "rejected/",
    "json/",
    "edit/?do=set_property",
    "delete/",
]


class _Elements(HTMLParser):
    """Collects what the browser would see as elements."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def check_harmless(source: str, where: str) -> None:
    parser = _Elements()
    parser.feed(source)
    scripts = [attributes for tag, attributes in parser.seen if tag == "script"]
    assert [list(attributes) for attributes in scripts] == [["type", "src"]], where
    for tag, attributes in parser.seen:
        assert tag not in ("style", "iframe", "object", "base"), where
        assert not any(name.startswith("on") or name == "style" for name in attributes), (where, tag, attributes)
        if tag == "img":
            assert str(attributes["src"]).startswith("/console/assets/"), where
        for name in ("href", "src", "action"):
            assert str(attributes.get(name, "/")).startswith(("/", "#")), (where, attributes)


async def test_every_page_carries_the_security_headers_and_no_inline_code(editor: Browser, edit_user: Edit) -> None:
    await edit_user("ann", {"$set": {"name": "Ann"}})
    pages = [USERS, HOME + "new-user/", HOME + "objects/", HOME + "lists/", HOME + "rejected/", HOME + "credentials/",
             HOME + "tenants/", HOME + "tenants/default/", HOME + "tenants/default/users/", HOME + "categories/",
             *(f"{USERS}ann/{tab}" for tab in TABS), "/console/nothing/here", USERS + "nobody/"]  # fmt: skip
    for path in pages:
        page = await editor.get(path)
        headers = page.response.headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert "frame-ancestors 'none'" in policy, path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "no-referrer", path
        assert headers["cache-control"] == "no-store", path
        check_harmless(page.source, path)


async def test_assets_are_named_by_their_content_and_kept_for_good(stranger: Browser) -> None:
    page = await stranger.get("/console/sign-in/")
    found = set(re.findall(r'"(/console/assets/[^"]+)"', page.source))
    assert len(found) == 3
    for path in found:
        answer = await stranger.get(path)
        assert answer.status == 200, path
        assert "immutable" in answer.response.headers["cache-control"]
    assert (await stranger.get("/console/assets/console.css")).status == 404


async def test_hostile_ids_are_found_shown_edited_and_deleted_like_any_other(editor: Browser, edit_user: Edit) -> None:
    for name in HOSTILE_IDS:
        await edit_user(name, {"$set": {"name": HOSTILE_TEXT}})
    table = await editor.get(USERS)
    check_harmless(table.source, "table")
    links = [href for href in table.links("") if href.startswith(USERS) and href != USERS]
    assert len(links) == len(HOSTILE_IDS)
    for href in links:
        for tab in TABS:
            page = await editor.get(href + tab)
            assert page.status == 200, href + tab
            check_harmless(page.source, href + tab)
    for name in HOSTILE_IDS:
        if name.strip():
            found = await editor.get(HOME + "find/", q=name)
            assert found.location in links, name
            saved = await editor.submit(
                f"{found.location}edit/?do=set_property", do="set_property", key=HOSTILE_TEXT, value="1"
            )
            assert saved.location == f"{found.location}?done=saved", name
            gone = await editor.submit(f"{found.location}delete/", confirm=name)
            assert gone.status == 303, name


async def test_directions_and_invisible_characters_are_shown_by_number(viewer: Browser, edit_user: Edit) -> None:
    await edit_user("\u202egnp.exe")
    page = await viewer.get(USERS)
    assert "U+202E" in page.text
    shown = re.sub(r'data-copy="[^"]*"', "", page.source)
    assert "\u202e" not in shown


async def test_large_profiles_stay_light_and_whole(editor: Browser, edit_user: Edit) -> None:
    import secrets

    await edit_user("long", {"$set": {"text": secrets.token_urlsafe(75_000)}})
    await edit_user("many", {"$set": {f"key {number}": secrets.token_hex(100) for number in range(500)}})
    for name in ("long", "many"):
        for tab in TABS:
            page = await editor.get(f"{USERS}{name}/{tab}")
            assert page.status == 200
            size = len(gzip.compress(page.response.content, compresslevel=5))
            assert size < 100_000, (name, tab, size)
            assert page.response.headers.get("content-encoding") == "gzip"
    whole = await editor.get(f"{USERS}many/json/?whole=1")
    assert len(json.loads(whole.source)["properties"]) == 500


async def test_secrets_are_masked_on_every_page_until_an_editor_asks_for_one(
    editor: Browser, viewer: Browser, edit_user: Edit, hub: Services, workspace_a: NewWorkspace
) -> None:
    values = {"$slack": {"channel_id": "C1", "access_token": "xoxb-secret-1"}, "$androidpush": "push-secret-token-2",
              "$webpush": {"endpoint": "https://push.example/secret-3", "keys": {"p256dh": "secret-4", "auth": "secret-5"}},
              "$ms_teams": {"incoming_webhook": {"url": "https://teams.example/secret-6"}}}  # fmt: skip
    await edit_user("ann", *({"$append": {channel: value}} for channel, value in values.items()))
    for browser in (editor, viewer):
        for tab in ("", "history/", "json/", "json/?whole=1"):
            assert "secret-" not in (await browser.get(f"{USERS}ann/{tab}")).source, tab
    page = await editor.get(USERS + "ann/")
    marks = re.findall(r'name="mark" value="([^"]+)"', page.source)
    assert len(marks) == 4
    shown = await editor.post(USERS + "ann/reveal/", mark=marks[0])
    assert shown.status == 200
    assert len(re.findall("secret-", shown.source)) == 1, "the one asked for and no other"
    wanted = AuditFilter(action="secret.reveal")
    [entry] = (await hub.audit.page(workspace_a.workspace_id, wanted, limit=10)).entries
    assert (entry.actor.label, entry.target_id) == ("console_user:erin", "ann")
    assert "secret-" not in str(entry)


async def test_the_history_shows_source_and_difference_of_each_edit(viewer: Browser, edit_user: Edit) -> None:
    await edit_user("ann", {"$set": {"plan": "free"}}, source="first-sdk/1")
    await edit_user(
        "ann", {"$set": {"plan": "gold"}}, {"$append": {"$email": "ann@example.com"}}, source="second-sdk/2"
    )
    await edit_user("ann", {"$unset": ["plan"]}, source="third-sdk/3")
    entries = (await viewer.get(USERS + "ann/history/")).source.split('<div class="timeline-head">')[1:]
    assert ["third-sdk/3" in entries[0], "second-sdk/2" in entries[1], "first-sdk/1" in entries[2]] == [True] * 3
    assert "command line, tester" in entries[0]
    assert re.findall(r"<(del|ins)>(?:<[^>]*>)*([^<]*)", entries[0]) == [("del", "gold")]
    assert re.findall(r"<(del|ins)>(?:<[^>]*>)*([^<]*)", entries[1]) == [
        ("ins", "ann@example.com"), ("del", "free"), ("ins", "gold"),
    ]  # fmt: skip


async def _send(browser: Browser, workspace: NewWorkspace, *events: object) -> None:
    """Send identity events as an SDK does."""
    headers = {"authorization": f"Bearer {workspace.api_key}", "user-agent": "events"}
    answer = await browser.http.post("/event/", content=json.dumps(list(events)), headers=headers)
    assert answer.status_code < 300, answer.text


async def test_the_history_does_not_show_what_was_refused_as_a_change(
    viewer: Browser, workspace_a: NewWorkspace, edit_user: Edit
) -> None:
    await edit_user("ann", {"$set": {"plan": "free"}})
    await _send(viewer, workspace_a, {"distinct_id": "ann", "$user_operations": [
        {"$add": {"plan": 2}}, {"$set": {"$timezone": "Mars/X", "age": 3}},
    ]})  # fmt: skip
    newest = (await viewer.get(USERS + "ann/history/")).source.split('<div class="timeline-head">')[1]
    assert re.findall(r'class="diff-key"><bdi>([^<]*)', newest) == ["age"]
    assert newest.count('class="badge warn"') == 2
    assert "the stored value is not a number" in newest


def _shown(entry: str) -> list[tuple[str, str]]:
    return re.findall(r"<(del|ins)>(?:<[^>]*>)*([^<]*)", entry)


async def test_the_history_shows_only_what_an_edit_changed(viewer: Browser, edit_user: Edit) -> None:
    """Operations that changed nothing are not shown as additions, though the history keeps nothing about their keys."""
    await edit_user(
        "ann",
        {"$set": {"plan": "free", "tags": ["a", "b", "b"], "logins": 1}},
        {"$append": {"$email": "a@example.com"}},
    )
    await edit_user(
        "ann",
        {"$set_once": {"plan": "gold", "since": 2020}}, {"$set": {"logins": 1}}, {"$append": {"$email": "a@example.com"}},
        {"$append": {"$email": "b@example.com", "tags": ["c"]}}, {"$remove": {"tags": "b"}},
    )  # fmt: skip
    await edit_user("ann", {"$set_once": {"plan": "gold"}}, {"$append": {"$email": ["b@example.com", "a@example.com"]}})
    entries = (await viewer.get(USERS + "ann/history/")).source.split('<div class="timeline-head">')[1:]
    assert _shown(entries[0]) == []
    assert "No difference" in entries[0]
    assert _shown(entries[1]) == [
        ("ins", "b@example.com"), ("del", "b"), ("del", "b"), ("ins", "c"), ("ins", "2020"),
    ]  # fmt: skip


async def test_the_history_shows_rows_of_earlier_releases(viewer: Browser, edit_user: Edit, hub: Services) -> None:
    """What an earlier release kept, the values of all keys that an edit named, is still shown as what changed."""
    await edit_user("ann", {"$set": {"plan": "free"}})
    await edit_user(
        "ann", {"$set": {"plan": "gold", "n": 1, "m": 2}}, {"$append": {"$email": ["a@example.com", "b@example.com"]}}
    )
    old = '{"plan":"free","n":1,"$email":[{"value":"a@example.com"}]}'
    async with hub.database.connection() as connection:
        await connection.execute("UPDATE history SET before = $1 WHERE before IS NOT NULL", old)
    newest = (await viewer.get(USERS + "ann/history/")).source.split('<div class="timeline-head">')[1]
    assert _shown(newest) == [("ins", "b@example.com"), ("del", "free"), ("ins", "gold"), ("ins", "2")]


async def test_rejected_records_show_in_the_log_and_with_their_user(
    viewer: Browser, workspace_a: NewWorkspace, edit_user: Edit
) -> None:
    await edit_user("ann")
    await _send(
        viewer, workspace_a,
        {"distinct_id": "ann", "$user_operations": [{"$append": {"$email": HOSTILE_TEXT}}]},
        {"$user_operations": [{"$set": {"x": HOSTILE_TEXT}}]},
    )  # fmt: skip
    log = await viewer.get(HOME + "rejected/")
    assert "no recipient" in log.text
    assert USERS + "ann/" in log.links("ann")
    check_harmless(log.source, "rejected")
    own = await viewer.get(USERS + "ann/rejected/")
    assert "invalid_channel_value" in own.text
    assert "distinct_id" not in own.text.partition("JSON")[2]
