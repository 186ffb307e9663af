"""The table of users: pages, search, filters, creating."""

import pytest
from cast import TESTER
from suprsend_hub.api.bodies.subscriber_list import parse_definition
from suprsend_hub.api.bodies.subscription import parse_subscribe
from suprsend_hub.domain.feedback import FeedbackEvent
from suprsend_hub.domain.recipient import RecipientKey
from suprsend_hub.service import console_search
from suprsend_hub.service.feedback import Feedback
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .conftest import Edit
from .support import HOME, USERS, Browser

pytestmark = pytest.mark.anyio


async def test_an_empty_workspace_shows_the_snippet_that_fills_it_with_this_hubs_address(
    editor: Browser, workspace_a: NewWorkspace
) -> None:
    page = await editor.get(USERS)
    assert "No users yet" in page.text
    assert 'base_url="http://hub.test/"' in page.text
    assert workspace_a.workspace_key in page.text
    assert workspace_a.workspace_secret not in page.text


async def test_pages_walk_all_users_once_newest_first_and_back_again(viewer: Browser, edit_user: Edit) -> None:
    names = [f"u{number:03}" for number in range(120)]
    for name in names:
        await edit_user(name)
    forward, page = [], await viewer.get(USERS)
    assert "120" in page.text
    visited = [page.ids()]
    while following := page.links("Next"):
        page = await viewer.get(following[0])
        visited.append(page.ids())
    forward = [name for ids in visited for name in ids]
    assert forward == names[::-1]
    back = [page.ids()]
    while previous := page.links("Previous"):
        page = await viewer.get(previous[0])
        back.append(page.ids())
    assert back[::-1] == visited


async def test_a_prefix_lists_what_begins_so_with_the_match_marked(viewer: Browser, edit_user: Edit) -> None:
    for name in ("ann", "anna", "bob", "Ann"):
        await edit_user(name)
    page = await viewer.get(USERS, q="ann")
    assert page.ids() == ["ann", "anna"]
    assert "<mark><bdi>ann</bdi></mark>" in page.source


async def test_what_names_one_user_exactly_opens_it(viewer: Browser, edit_user: Edit) -> None:
    await edit_user("ann", {"$append": {"$email": "ann@example.com", "$sms": "+447700900123"}})
    await edit_user("anna")
    for text in ("ann", "ANN@example.com", " ann@example.com ", "+44 7700 900123"):
        page = await viewer.get(HOME + "find/", q=text)
        assert (page.status, page.location) == (303, USERS + "ann/"), text


@pytest.mark.parametrize(
    "text",
    ["447700900123", "00447700900123", "+44.7700.900123", "tel:+44-7700-900123", "\u202a+44 7700 900123\u202c",
     "+44\u20117700\u2011900123", "+44 (0)7700 900123", "Jose\u0301@example.com", "JOS\u00c9@EXAMPLE.com", "<ann@example.com>",
     "Ann Example <Ann@example.com>", "mailto:ann@example.com", "\ufeffann@example.com", "ann@b\u00fccher.example",
     "ann@xn--bcher-kva.example", "\u200bann\ufeff", "bob\u200b"],
    ids=ascii,
)  # fmt: skip
async def test_a_pasted_address_or_id_opens_its_user(viewer: Browser, edit_user: Edit, text: str) -> None:
    """An address is found in the spellings in which people have it; an id also if invisible characters came with it."""
    emails = ["ann@example.com", "jos\u00e9@example.com", "ann@b\u00fccher.example"]
    await edit_user("ann", {"$append": {"$email": emails, "$sms": "+447700900123"}})
    await edit_user("bob\u200b")  # from a version that accepted such ids
    page = await viewer.get(HOME + "find/", q=text)
    assert (page.status, page.location) == (303, USERS + ("bob%E2%80%8B/" if "bob" in text else "ann/"))


async def test_an_address_of_two_users_lists_both(viewer: Browser, edit_user: Edit) -> None:
    for name in ("ann", "bob"):
        await edit_user(name, {"$append": {"$email": "office@example.com"}})
    found = await viewer.get(HOME + "find/", q="office@example.com")
    assert found.location.startswith(USERS + "?q=")
    assert sorted((await viewer.get(found.location)).ids()) == ["ann", "bob"]


async def test_an_unknown_id_is_offered_to_editors_to_be_created(
    editor: Browser, viewer: Browser, edit_user: Edit
) -> None:
    await edit_user("ann")
    page = await editor.get(USERS, q="new/one")
    assert "No user with this id" in page.text
    assert page.links("Create") == [HOME + "new-user/?distinct_id=new%2Fone"]
    assert (await viewer.get(USERS, q="new/one")).links("Create") == []


async def test_creating_a_user_stores_it_and_the_history_names_the_person(
    editor: Browser, hub: Services, workspace_a: NewWorkspace
) -> None:
    page = await editor.submit(HOME + "new-user/", distinct_id=" new/one ", name="New One")
    assert page.location == USERS + "new%2Fone/?done=created"
    assert "New One" in (await editor.get(page.location)).text
    key = RecipientKey.user(workspace_a.workspace_id, "new/one")
    [entry] = await hub.recipients.history(key)
    assert entry.source == "console: erin"


async def test_creating_an_existing_user_changes_nothing(editor: Browser, edit_user: Edit, hub: Services) -> None:
    before = await edit_user("ann", {"$set": {"name": "Ann"}})
    page = await editor.submit(HOME + "new-user/", distinct_id="ann", name="Other")
    assert page.status == 422
    assert "A user with this id already exists." in page.text
    assert await hub.recipients.get(before.key) == before


async def test_an_impossible_id_is_refused_beside_the_field(editor: Browser) -> None:
    for distinct_id in ("", "  ", "..", "x" * 256, "a\nb", "a\x00b"):
        page = await editor.submit(HOME + "new-user/", distinct_id=distinct_id)
        assert page.status == 422, distinct_id
        assert 'aria-invalid="true"' in page.source


@pytest.fixture
async def crowd(hub: Services, workspace_a: NewWorkspace, edit_user: Edit) -> list[str]:
    """30 users: every third with Slack, every fifth in the list `friends`, every second subscribed to teams/red."""
    names = [f"u{number:02}" for number in range(30)]
    for number, name in enumerate(names):
        slack = [{"$append": {"$slack": {"channel_id": f"C{number}"}}}] if number % 3 == 0 else []
        await edit_user(name, {"$set": {"n": number}}, *slack)
    workspace_id = workspace_a.workspace_id
    await hub.lists.save(TESTER, workspace_id, parse_definition({"list_id": "friends"}))
    await hub.lists.add(TESTER, workspace_id, "friends", names[::5])
    red = RecipientKey(workspace_id, "teams", "red")
    await hub.recipients.edit(TESTER, red, [])
    await hub.subscriptions.create(TESTER, red, parse_subscribe({"recipients": names[::2]}))
    return names


FILTERS: list[tuple[dict[str, str], range | tuple[int, ...]]] = [
    ({"channel": "$slack"}, range(0, 30, 3)),
    ({"list": "friends"}, range(0, 30, 5)),
    ({"object": "teams/red"}, range(0, 30, 2)),
    ({"channel": "$slack", "list": "friends"}, range(0, 30, 15)),
    ({"object": "teams/red", "list": "friends"}, range(0, 30, 10)),
    ({"channel": "$slack", "q": "u1"}, (12, 15, 18)),
    ({"channel": "$email"}, ()),
    ({"list": "no-such-list"}, ()),
    ({"list": "all_users", "channel": "$slack"}, range(0, 30, 3)),
    ({"created_from": "2020-01-01", "channel": "$slack"}, range(0, 30, 3)),
    ({"created_to": "2020-01-01"}, ()),
    ({"updated_from": "2020-01-01"}, range(30)),
    ({"state": "inactive"}, ()),
]


@pytest.mark.usefixtures("crowd")
async def test_filters_find_whom_they_describe_however_small_the_steps(
    viewer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_search, "STEP", 4)
    monkeypatch.setattr(console_search, "MAX_EXAMINED", 8)
    for query, numbers in FILTERS:
        found, page = [], await viewer.get(USERS, **query)
        for _ in range(10):
            found += page.ids()
            following = page.links("Continue searching")
            if not following:
                break
            page = await viewer.get(following[0])
        else:
            pytest.fail(f"the search for {query} does not end")
        assert sorted(found) == [f"u{number:02}" for number in numbers], query


async def test_what_a_delivery_came_to_is_shown_and_found(
    hub: Services, viewer: Browser, workspace_a: NewWorkspace, edit_user: Edit
) -> None:
    """By status and by reason; the profile shows why an address is out of use, and the history what changed."""
    for name in ("ann", "bob"):
        await edit_user(name, {"$append": {"$email": f"{name}@example.com"}})
    bounced = Feedback("$email", "ann@example.com", FeedbackEvent.HARD_BOUNCE)
    stopped = Feedback("$email", "bob@example.com", FeedbackEvent.STOP)
    await hub.feedback.apply(TESTER, workspace_a.workspace_id, [bounced, stopped])
    for state, names in (("inactive", ["bob", "ann"]), ("disabled", ["ann"]), ("hard_bounce", ["ann"])):
        page = await viewer.get(USERS, state=state)
        assert page.ids() == names, state
        assert page.links(f"channel {state}") == [USERS]
    assert "disabled hard bounce" in (await viewer.get(f"{USERS}ann/")).text
    assert "inactive stop" in (await viewer.get(f"{USERS}bob/")).text
    history = (await viewer.get(f"{USERS}ann/history/")).text
    assert "$email" in history
    assert "hard_bounce" in history


@pytest.mark.usefixtures("crowd")
async def test_filters_are_chips_each_of_which_can_be_dropped(viewer: Browser) -> None:
    page = await viewer.get(USERS, channel="$slack", list="friends", q="u")
    [without_slack] = page.links("has Slack")
    assert without_slack == USERS + "?q=u&list=friends"
    [without_list] = page.links("in list friends")
    assert without_list == USERS + "?q=u&channel=%24slack"


async def test_a_filter_that_makes_no_sense_is_said_beside_its_field_and_left_out(
    viewer: Browser, edit_user: Edit
) -> None:
    await edit_user("ann")
    nonsense = {"channel": "$fax", "state": "asleep", "list": "no list!", "object": "team", "created_from": "yesterday"}
    for field, value in nonsense.items():
        page = await viewer.get(USERS, **{field: value})
        assert page.status == 200, field
        assert f'id="e-{field}"' in page.source
        assert page.ids() == ["ann"], field


async def test_a_cursor_that_is_none_is_refused_clearly(viewer: Browser) -> None:
    for query in ({"after": "x"}, {"before": "!"}, {"after": "x", "channel": "$slack"}, {"after": "é", "q": "a"}):
        page = await viewer.get(USERS, **query)
        assert page.status == 400, query
        assert "cursor" in page.text
