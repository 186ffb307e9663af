"""Editing in the console: what forms send, what they refuse, what the history then says, deletion."""

import html

import pytest
from cast import TESTER
from suprsend_hub.domain.profile import decode_profile
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.domain.records import StoredProfile
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .conftest import Edit
from .support import HOME, USERS, Browser, Page

pytestmark = pytest.mark.anyio
EDIT = USERS + "ann/edit/"


@pytest.fixture
async def ann(edit_user: Edit) -> StoredProfile:
    return await edit_user(
        "ann",
        {"$set": {"name": "Ann", "plan": "free", "$timezone": "Europe/Berlin"}},
        {"$append": {"$email": "ann@example.com", "$androidpush": "token-0123456789", "$id_provider": "fcm"}},
        {"$append": {"$slack": {"channel_id": "C1", "access_token": "xoxb-1234567890"}}},
    )


async def _now(hub: Services, ann: StoredProfile) -> dict[str, object]:
    stored = await hub.recipients.get(ann.key)
    profile = decode_profile(stored.properties, stored.channels)
    values = {channel: [each.value for each in each_of] for channel, each_of in profile.channels.items()}
    return {**profile.properties, **values}


async def _edit(editor: Browser, **fields: str) -> Page:
    return await editor.submit(f"{EDIT}?do={fields['do']}", **fields)


CASES = [
    ({"do": "add_channel", "channel": "$email", "value": " ann@work.example "},
     {"$email": ["ann@example.com", "ann@work.example"]}),
    ({"do": "add_channel", "channel": "$sms", "value": "+44 7700 900123"}, {"$sms": ["+447700900123"]}),
    ({"do": "add_channel", "channel": "$iospush", "value": "abc"}, {"$iospush": ["abc"]}),
    ({"do": "add_channel", "channel": "$ms_teams", "value": '{"conversation_id": "19:x"}'},
     {"$ms_teams": [{"conversation_id": "19:x"}]}),
    ({"do": "set_property", "key": "plan", "kind": "text", "value": "gold\r\nleaf"}, {"plan": "gold\nleaf"}),
    ({"do": "set_property", "key": "seats", "kind": "number", "value": "4.5"}, {"seats": 4.5}),
    ({"do": "set_property", "key": "vip", "kind": "true or false", "value": "True"}, {"vip": True}),
    ({"do": "set_property", "key": "deep", "kind": "JSON", "value": '{"a": [1, null]}'}, {"deep": {"a": [1, None]}}),
    ({"do": "set_property", "key": "empty", "kind": "text", "value": ""}, {"empty": ""}),
    ({"do": "set_language", "language": "de", "locale": "de_AT", "timezone": "Europe/Vienna"},
     {"$preferred_language": "de", "$locale": "de_AT", "$timezone": "Europe/Vienna"}),
]  # fmt: skip


async def test_each_form_changes_what_it_says_and_nothing_else(
    editor: Browser, hub: Services, ann: StoredProfile
) -> None:
    expected = await _now(hub, ann)
    for fields, change in CASES:
        page = await _edit(editor, **fields)
        assert page.location == USERS + "ann/?done=saved", (fields, page.text)
        expected |= change
        assert await _now(hub, ann) == expected, fields
        [newest] = await hub.recipients.history(ann.key, limit=1)
        assert newest.source == "console: erin"


async def test_values_are_removed_by_their_mark_also_secret_ones(
    editor: Browser, hub: Services, ann: StoredProfile
) -> None:
    page = await editor.get(USERS + "ann/")
    removals = [href for href in page.links("") if "do=remove_channel" in href]
    assert len(removals) == 3
    for href in removals:
        form = await editor.get(href)
        assert "xoxb-1234567890" not in form.source
        assert "token-0123456789" not in form.source
        mark = href.rpartition("mark=")[2]
        assert (await editor.post(EDIT, do="remove_channel", mark=mark)).location.endswith("done=saved")
    assert await _now(hub, ann) == {"name": "Ann", "plan": "free", "$timezone": "Europe/Berlin"}
    again = await editor.post(EDIT, do="remove_channel", mark=mark)
    assert again.status == 422
    assert "has been removed or changed" in again.text


async def test_properties_and_language_are_unset(editor: Browser, hub: Services, ann: StoredProfile) -> None:
    assert (await _edit(editor, do="unset_property", key="plan")).location.endswith("done=saved")
    assert (await _edit(editor, do="set_language", language="", locale="", timezone="")).location.endswith("done=saved")
    assert not {"plan", "$timezone"} & set(await _now(hub, ann))


WRONG = [
    ({"do": "add_channel", "channel": "$email", "value": "ann at home"}, "value", "e-mail address"),
    ({"do": "add_channel", "channel": "$sms", "value": "0123"}, "value", "country code"),
    ({"do": "add_channel", "channel": "$slack", "value": "C1"}, "value", "JSON object"),
    ({"do": "add_channel", "channel": "$slack", "value": '{"team": "x"}'}, "value", "Slack object"),
    ({"do": "add_channel", "channel": "$androidpush", "value": "t", "provider": "pigeon"}, "provider", "fcm"),
    ({"do": "add_channel", "channel": "$fax", "value": "1"}, "channel", "Choose"),
    ({"do": "add_channel", "channel": "$email", "value": ""}, "value", "This field is required"),
    ({"do": "set_property", "key": "", "value": "x"}, "key", "This field is required"),
    ({"do": "set_property", "key": "$reserved", "value": "x"}, "key", "reserved"),
    ({"do": "set_property", "key": "x" * 256, "value": "x"}, "key", "255"),
    ({"do": "set_property", "key": "n", "kind": "number", "value": "four"}, "value", "number"),
    ({"do": "set_property", "key": "n", "kind": "number", "value": "9223372036854775808"}, "value", "64 bits"),
    ({"do": "set_property", "key": "n", "kind": "JSON", "value": "{"}, "value", "Not valid JSON"),
    ({"do": "set_property", "key": "n", "kind": "JSON", "value": "[" * 70 + "]" * 70}, "value", "deep"),
    ({"do": "set_property", "key": "n", "kind": "text", "value": "x" * 270_000}, "value", "bytes"),
    ({"do": "set_language", "timezone": "Mars/Olympus"}, "timezone", "IANA"),
    ({"do": "set_language", "language": "?", "timezone": "Europe/Berlin"}, "language", "two-letter"),
]  # fmt: skip


async def test_a_mistake_is_said_beside_its_field_and_nothing_changes(
    editor: Browser, hub: Services, ann: StoredProfile
) -> None:
    for fields, field, words in WRONG:
        page = await _edit(editor, **fields)
        assert page.status == 422, fields
        _, _, after = page.source.partition(f'id="e-{field}">')
        assert words in html.unescape(after.partition("</span>")[0]), (fields, after[:200])
    assert await hub.recipients.get(ann.key) == ann


async def test_the_preview_shows_operation_and_python_and_changes_nothing(
    editor: Browser, hub: Services, ann: StoredProfile
) -> None:
    page = await _edit(editor, do="set_property", key="plan", kind="text", value='go"ld', preview="1")
    assert page.status == 200
    assert '[{"$set":{"plan":"go\\"ld"}}]' in page.text
    assert 'user.set("plan", "go\\"ld")' in page.text
    assert 'user = supr_client.users.get_edit_instance("ann")' in page.text
    assert await hub.recipients.get(ann.key) == ann


async def test_saving_what_is_there_already_says_so(editor: Browser, ann: StoredProfile) -> None:
    assert (await _edit(editor, do="set_property", key="plan", value="free")).location.endswith("done=unchanged")


async def test_objects_are_edited_in_the_same_way(editor: Browser, hub: Services, workspace_a: NewWorkspace) -> None:
    key = RecipientKey(workspace_a.workspace_id, "teams/x", "a/b")
    await hub.recipients.edit(TESTER, key, [])
    path = HOME + "objects/teams%2Fx/a%2Fb/edit/"
    page = await editor.submit(f"{path}?do=set_property", do="set_property", key="name", value="Red")
    assert page.location == HOME + "objects/teams%2Fx/a%2Fb/?done=saved"
    assert (
        'edit = supr_client.objects.get_edit_instance("teams/x", "a/b")'
        in (
            await editor.submit(f"{path}?do=set_property", do="set_property", key="name", value="Blue", preview="1")
        ).text
    )
    assert decode_profile((await hub.recipients.get(key)).properties, "{}").properties == {"name": "Red"}


async def test_deletion_needs_the_id_typed_exactly(editor: Browser, hub: Services, ann: StoredProfile) -> None:
    for typed in ("", "Ann", "an"):
        page = await editor.submit(USERS + "ann/delete/", confirm=typed)
        assert page.status == 422
    assert await hub.recipients.get(ann.key) == ann
    page = await editor.submit(USERS + "ann/delete/", confirm="ann")
    assert page.location == USERS + "?done=deleted"
    assert (await editor.get(USERS + "ann/")).status == 404


async def test_list_members_are_added_and_removed(
    editor: Browser, hub: Services, workspace_a: NewWorkspace, ann: StoredProfile
) -> None:
    from suprsend_hub.api.bodies.subscriber_list import parse_definition

    await hub.lists.save(TESTER, workspace_a.workspace_id, parse_definition({"list_id": "friends"}))
    path = HOME + "lists/friends/"
    assert (await editor.submit(path + "add/", path, distinct_id="ann")).location == path + "?done=added"
    assert (await editor.submit(path + "add/", path, distinct_id="ann")).location == path + "?done=there"
    unknown = await editor.submit(path + "add/", path, distinct_id="nobody")
    assert unknown.status == 422
    assert "No user has this distinct_id" in unknown.text
    assert (await editor.get(path)).ids() == ["ann"]
    assert (await editor.get(USERS + "ann/lists/")).ids() == ["friends"]
    assert (await editor.submit(path + "remove/", path, distinct_id="ann")).location == path + "?done=removed"
    assert (await editor.get(path)).ids() == []


async def test_an_api_key_is_shown_once_and_can_be_revoked(
    editor: Browser, hub: Services, workspace_a: NewWorkspace
) -> None:
    path = HOME + "credentials/"
    created = await editor.submit(path + "create/", path, name="import job")
    [key] = [row for row in await hub.workspaces.list_api_keys(workspace_a.name) if row.name == "import job"]
    shown = created.source.partition('<p class="secret"><code>')[2].partition("<")[0]
    assert shown.endswith(key.hint)
    assert len(shown) > 40
    later = await editor.get(path)
    assert "import job" in later.text
    assert shown not in later.source
    from suprsend_hub.domain.ids import ulid_text

    await editor.post(path + "revoke/", api_key_id=ulid_text(key.api_key_id))
    assert [row.revoked_at is not None for row in await hub.workspaces.list_api_keys(workspace_a.name)
            if row.name == "import job"] == [True]  # fmt: skip


async def test_a_client_of_the_api_cannot_pass_for_a_person_at_the_console(
    viewer: Browser, workspace_a: NewWorkspace, ann: StoredProfile
) -> None:
    for name in ("console: erin", "CONSOLE:erin", "  console: erin"):
        headers = {"authorization": f"Bearer {workspace_a.api_key}", "user-agent": name}
        answer = await viewer.http.post("/v1/user/ann/", content=b'{"plan": "x"}', headers=headers)
        assert answer.status_code == 201
    page = await viewer.get(USERS + "ann/history/")
    assert page.text.count("api client 'console: erin'") == 2
    assert "api client 'CONSOLE:erin'" in page.text
