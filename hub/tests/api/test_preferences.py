"""Preferences of users and objects over HTTP: what is in force, choosing, many users at once, tenants, languages.

Truth tables of the evaluation are in `contract/vectors/preferences.json`, mistakes of bodies in the tests of the bodies.
"""

import json

import pytest
from cast import TESTER
from suprsend_hub.domain.category_translations import decode_translations
from suprsend_hub.domain.tenancy import TenancyChange, TenancyMode
from suprsend_hub.service.services import Services
from suprsend_hub.service.workspaces import NewWorkspace

from .categories import CHANNELS, USER, choose, on, read
from .support import ApiClient, assert_error, encode, segment

pytestmark = pytest.mark.anyio


async def slugs(client: ApiClient, target: str) -> list[str]:
    return [each["category"] for each in (await client.get(target)).json()["results"]]


async def test_the_full_preference_has_sections_categories_and_channels(
    chooser: ApiClient, preference_path: str
) -> None:
    """In the order of the document; categories outside any section come in one with nulls."""
    found = (await chooser.get(preference_path)).json()
    heads = [(each["name"], each["slug"], each["description"], each["tags"]) for each in found["sections"]]
    assert heads == [(None, None, None, None), ("Tasks", "tasks", "Your work", ["work"])]
    inside = [[each["category"] for each in section["subcategories"]] for section in found["sections"]]
    assert inside == [["security", "news", "offers"], ["mentions", "summary"]]
    assert found["channel_preferences"] == [{"channel": channel, "is_restricted": False} for channel in CHANNELS]
    mentions = found["sections"][1]["subcategories"][0]
    assert mentions == {
        "name": "Mentions", "category": "mentions", "description": None,
        "original_preference": None, "preference": "opt_in", "is_editable": True,
        "channels": [{"channel": channel, "preference": "opt_in", "is_editable": True} for channel in CHANNELS],
        "tags": ["loud"], "effective_tags": ["loud", "work"],
        "digest_schedule_options": None, "digest_schedule": None, "properties": None,
    }  # fmt: skip
    assert mentions == await read(chooser, preference_path, "mentions")


async def test_a_workspace_without_categories_has_no_sections(a: ApiClient) -> None:
    await a.upsert("u/1")
    found = (await a.get(f"{USER}preference/")).json()
    assert found["sections"] == []
    assert len(found["channel_preferences"]) == len(CHANNELS)
    assert (await a.get(f"{USER}preference/category/")).json() == {
        "meta": {"count": 0, "limit": 10, "offset": 0},
        "results": [],
    }


async def test_categories_come_in_pages_and_can_be_filtered_by_tag(chooser: ApiClient, preference_path: str) -> None:
    """The documented forms of a filter, which both lists understand."""
    page = (await chooser.get(f"{preference_path}category/?limit=2&offset=1")).json()
    assert page["meta"] == {"count": 5, "limit": 2, "offset": 1}
    assert [each["category"] for each in page["results"]] == ["mentions", "summary"]
    assert (await chooser.get(f"{preference_path}category/?limit=0&offset=-1")).json()["meta"] == {
        "count": 5,
        "limit": 10,
        "offset": 0,
    }
    for tags, expected in (
        ("work", ["mentions", "summary"]),
        ("loud,work", ["mentions", "summary", "offers"]),
        ('{"and": ["loud", "work"]}', ["mentions"]),
        ('{"or": [{"not": {"exists": true}}, {"and": ["loud", {"not": "work"}]}]}', ["security", "news", "offers"]),
        ("nobody", []),
    ):
        query = f"?tags={segment(tags)}"
        assert await slugs(chooser, f"{preference_path}category/{query}") == expected
        sections = (await chooser.get(f"{preference_path}{query}")).json()["sections"]
        assert sorted(each["category"] for part in sections for each in part["subcategories"]) == sorted(expected)
    assert_error(await chooser.get(f"{preference_path}?tags={segment('{')}"), 400, "invalid_json")
    wrong = segment('{"and": [5]}')
    error = assert_error(await chooser.get(f"{preference_path}category/?tags={wrong}"), 400, "invalid_value")
    assert set(error["detail"]) == {"tags.and[0]"}


async def test_a_choice_for_a_category_is_in_force_at_once_and_replaced_by_the_next(
    chooser: ApiClient, preference_path: str
) -> None:
    """`original_preference` is what was chosen; channels of an opted-out category are shown on request."""
    out = await choose(chooser, preference_path, "mentions", {"preference": "opt_out"})
    assert (out["preference"], out["original_preference"], out["channels"]) == ("opt_out", "opt_out", [])
    shown = await read(chooser, preference_path, "mentions", "?show_opt_out_channels=true")
    assert {each["preference"] for each in shown["channels"]} == {"opt_out"}
    assert len(shown["channels"]) == len(CHANNELS)
    less = await choose(
        chooser, preference_path, "mentions", {"preference": "opt_in", "opt_out_channels": ["sms", "email"]}
    )
    assert on(less) == CHANNELS[2:]
    only = await choose(chooser, preference_path, "mentions", {"opt_in_channels": ["slack"], "opt_out_channels": None})
    assert (on(only), only["original_preference"]) == (["slack"], "opt_in")
    assert on(await choose(chooser, preference_path, "mentions", {"preference": "opt_in"})) == CHANNELS
    assert on(await read(chooser, preference_path, "news")) == ["email", "sms"], "the category's own default channels"
    assert on(await choose(chooser, preference_path, "offers", {"preference": "opt_in"})) == CHANNELS


async def test_a_mandatory_category_keeps_its_mandatory_channels(chooser: ApiClient, preference_path: str) -> None:
    found = await read(chooser, preference_path, "security")
    assert (found["preference"], found["is_editable"], found["original_preference"]) == ("opt_in", False, None)
    assert [each["channel"] for each in found["channels"] if not each["is_editable"]] == ["email"]
    left = await choose(chooser, preference_path, "security", {"opt_in_channels": ["sms"]})
    assert on(left) == ["email", "sms"]
    for body, at in (({"preference": "opt_out"}, "preference"), ({"opt_out_channels": ["email"]}, "opt_out_channels")):
        error = assert_error(
            await chooser.patch(f"{preference_path}category/security/", body), 400, "preference_not_editable"
        )
        assert list(error["detail"]) == [at]
        assert json.loads(error["message"]) == error["detail"]
    await chooser.patch(f"{preference_path}channel_preference/", {"channel_preferences": [
        {"channel": "email", "is_restricted": True}, {"channel": "sms", "is_restricted": True},
    ]})  # fmt: skip
    assert on(await read(chooser, preference_path, "security")) == ["email"]


async def test_channels_are_restricted_and_freed_one_by_one(chooser: ApiClient, preference_path: str) -> None:
    """The answer has all channels; other categories lose a restricted channel."""
    where = f"{preference_path}channel_preference/"
    answer = await chooser.patch(where, {"channel_preferences": [{"channel": "sms", "is_restricted": True}]})
    assert answer.status_code == 202
    expected = [{"channel": channel, "is_restricted": channel == "sms"} for channel in CHANNELS]
    assert answer.json() == (await chooser.get(where)).json() == {"channel_preferences": expected}
    assert on(await read(chooser, preference_path, "news")) == ["email"]
    await chooser.patch(where, {"channel_preferences": [{"channel": "email", "is_restricted": True}]})
    await chooser.patch(where, {"channel_preferences": [{"channel": "sms", "is_restricted": False}]})
    assert on(await read(chooser, preference_path, "news")) == ["sms"]


async def test_digest_schedule_and_properties_are_chosen_and_return_to_their_defaults(
    chooser: ApiClient, preference_path: str
) -> None:
    found = await read(chooser, preference_path, "summary")
    assert (found["digest_schedule"]["id"], found["digest_schedule"]["time"]) == ("daily", "09:00")
    assert [each["value"] for each in found["properties"]] == [5, None, None]
    body = {"digest_schedule": {"id": "daily", "time": "18:30"}, "properties": [{"key": "limit", "value": 9}]}
    chosen = await choose(chooser, preference_path, "summary", body)
    assert (chosen["preference"], chosen["original_preference"]) == ("opt_in", None), "left alone"
    assert (chosen["digest_schedule"]["time"], chosen["digest_schedule"]["is_user_selected"]) == ("18:30", True)
    daily, weekly = chosen["digest_schedule_options"]["options"]
    assert (daily["time"]["value"], daily["is_user_selected"], weekly["is_user_selected"]) == ("18:30", True, False)
    assert (chosen["properties"][0]["value"], chosen["properties"][0]["is_overridden"]) == (9, True)
    kept = await choose(chooser, preference_path, "summary", {"preference": "opt_out"}, "?show_opt_out_channels=true")
    assert (kept["digest_schedule"]["time"], kept["properties"][0]["value"]) == ("18:30", 9)
    reset = await choose(chooser, preference_path, "summary", {"digest_schedule": None, "properties": None})
    assert (reset["digest_schedule"]["time"], reset["properties"][0]["value"]) == ("09:00", 5)
    assert reset["preference"] == "opt_out"
    for wrong, at in (
        ({"digest_schedule": {"id": "yearly"}}, "digest_schedule.id"),
        ({"digest_schedule": {"id": "weekly", "weekdays": ["fr"]}}, "digest_schedule.weekdays"),
        ({"properties": [{"key": "limit", "value": "many"}]}, "properties.limit"),
        ({"properties": [{"key": "style", "value": "loud"}]}, "properties.style"),
        ({"properties": [{"key": "colour", "value": "red"}]}, "properties.colour"),
    ):
        error = assert_error(
            await chooser.patch(f"{preference_path}category/summary/", wrong), 400, "preference_not_editable"
        )
        assert list(error["detail"]) == [at]
    assert await read(chooser, preference_path, "summary", "?show_opt_out_channels=true") == await choose(
        chooser, preference_path, "summary", {"digest_schedule": None}, "?show_opt_out_channels=true"
    )


async def test_a_full_update_is_applied_as_a_whole_or_not_at_all(chooser: ApiClient, preference_path: str) -> None:
    """Every mistake is named by its preference_path, and an unknown category has the published words."""
    before = (await chooser.get(preference_path)).json()
    good = {"category": "news", "preference": "opt_out"}
    restrict = [{"channel": "sms", "is_restricted": True}]
    error = assert_error(
        await chooser.patch(
            preference_path,
            {
                "channel_preferences": [*restrict, {"channel": "fax", "is_restricted": 1}],
                "categories": [good, {"category": "", "preference": "maybe"}, 5],
            },
        ),
        400,
        "invalid_value",
    )
    assert set(error["detail"]) == {
        "channel_preferences[1].channel", "channel_preferences[1].is_restricted",
        "categories[1].category", "categories[1].preference", "categories[2]",
    }  # fmt: skip
    assert json.loads(error["message"]) == error["detail"]
    refused = [
        good,
        {"category": "security", "preference": "opt_out"},
        {"category": "summary", "digest_schedule": {"id": "x"}},
    ]
    error = assert_error(
        await chooser.patch(preference_path, {"channel_preferences": restrict, "categories": refused}),
        400,
        "preference_not_editable",
    )
    assert set(error["detail"]) == {"categories[1].preference", "categories[2].digest_schedule.id"}
    unknown = {"channel_preferences": restrict, "categories": [good, {"category": "gone", "preference": "opt_out"}]}
    error = assert_error(await chooser.patch(preference_path, unknown), 404, "category_not_found")
    assert error["message"] == "category 'gone' not found"
    assert (await chooser.get(preference_path)).json() == before
    answer = await chooser.patch(
        f"{preference_path}?show_opt_out_channels=true",
        {"channel_preferences": restrict, "categories": [good, {"category": "offers", "preference": "opt_in"}]},
    )
    assert answer.status_code == 200
    assert answer.json() == (await chooser.get(f"{preference_path}?show_opt_out_channels=true")).json() != before
    outside = answer.json()["sections"][0]["subcategories"]
    assert [each["original_preference"] for each in outside] == [None, "opt_out", "opt_in"]
    assert answer.json()["channel_preferences"][1] == {"channel": "sms", "is_restricted": True}


async def test_the_published_bodies_of_mistakes(chooser: ApiClient, preference_path: str) -> None:
    for body in (b"{}", b"", b"null"):
        for target in (preference_path, f"{preference_path}channel_preference/", f"{preference_path}category/news/"):
            error = assert_error(await chooser.request("PATCH", target, body), 400, "empty_body")
            assert error["message"] == "Request body must not be empty"
    bad = {"channel_preferences": [{"channel": "fax", "is_restricted": True}]}
    error = assert_error(await chooser.patch(f"{preference_path}channel_preference/", bad), 400, "invalid_value")
    assert error["detail"] == {
        "channel_preferences[0].channel": 'must be one of ["sms", "email", "androidpush" "iospush", "webpush", '
        '"inbox", "whatsapp", "slack", "ms_teams"]'
    }
    for method in ("GET", "PATCH"):
        body = encode({"preference": "opt_in"}) if method == "PATCH" else b""
        error = assert_error(
            await chooser.request(method, f"{preference_path}category/gone/", body), 404, "category_not_found"
        )
        assert error["message"] == "category 'gone' not found"
        assert_error(await chooser.request(method, f"{preference_path}category//", body), 404)


async def test_unknown_recipients_and_tenants_are_named(chooser: ApiClient) -> None:
    """On every route; nobody is created by choosing."""
    choice = {"categories": [{"category": "news", "preference": "opt_out"}]}
    restrict = {"channel_preferences": [{"channel": "sms", "is_restricted": True}]}
    for part, body in (("", choice), ("channel_preference/", restrict), ("category/news/", {"preference": "opt_out"})):
        for owner, code, message in (
            ("/v1/user/nobody/", "user_not_found", "user [distinct_id: 'nobody'] not found"),
            ("/v1/object/team/none/", "object_not_found", "object 'team/none' not found"),
        ):
            for query in ("", "?tenant_id=acme"):
                for answer in (
                    await chooser.get(f"{owner}preference/{part}{query}"),
                    await chooser.patch(f"{owner}preference/{part}{query}", body),
                ):
                    assert assert_error(answer, 404, code)["message"] == message
            assert_error(await chooser.get(owner), 404, code)
        for answer in (
            await chooser.get(f"{USER}preference/{part}?tenant_id=gone"),
            await chooser.patch(f"{USER}preference/{part}?tenant_id=gone", body),
        ):
            assert assert_error(answer, 404, "tenant_not_found")["message"] == "tenant 'gone' not found"
        assert_error(await chooser.get(f"{USER}preference/{part}?tenant_id=a%20b"), 400, "invalid_id")
    assert_error(await chooser.get("/v1/user/nobody/preference/category/"), 404, "user_not_found")
    assert await chooser.count() == 1


async def test_choices_are_kept_for_each_tenant_and_default_is_none(chooser: ApiClient, preference_path: str) -> None:
    await choose(chooser, preference_path, "news", {"preference": "opt_out"})
    of_acme = await read(chooser, preference_path, "news", "?tenant_id=ACME")
    assert of_acme["original_preference"] is None, "choices without a tenant do not count for one"
    await choose(
        chooser, preference_path, "news", {"preference": "opt_in", "opt_in_channels": ["slack"]}, "?tenant_id=acme"
    )
    await chooser.patch(f"{preference_path}channel_preference/?tenant_id=acme", {
        "channel_preferences": [{"channel": "email", "is_restricted": True}]
    })  # fmt: skip
    assert on(await read(chooser, preference_path, "news", "?tenant_id=acme")) == ["slack"]
    assert on(await read(chooser, preference_path, "mentions", "?tenant_id=acme")) == CHANNELS[1:]
    assert on(await read(chooser, preference_path, "mentions")) == CHANNELS
    for query in ("?tenant_id=default", "?tenant_id=", "?tenant_id=DEFAULT"):
        assert await read(chooser, preference_path, "news", query) == await read(chooser, preference_path, "news")
    await choose(chooser, preference_path, "offers", {"preference": "opt_in"}, "?tenant_id=default")
    assert (await read(chooser, preference_path, "offers"))["original_preference"] == "opt_in"
    assert (await read(chooser, preference_path, "offers", "?tenant_id=acme"))["original_preference"] is None


async def test_choosing_for_a_tenant_makes_no_link_and_changes_no_profile(
    hub: Services, chooser: ApiClient, workspace_a: NewWorkspace
) -> None:
    """Also where a user may be linked with one tenant only; preferences are not part of the user."""
    change = TenancyChange(mode=TenancyMode.EXCLUSIVE)
    await hub.tenancy.change(TESTER, workspace_a.workspace_id, workspace_a.name, change)
    assert (await chooser.post("/v1/tenant/other/", {"tenant_name": "Other"})).status_code == 201
    before = (await chooser.get(USER)).json()
    for tenant in ("acme", "other"):
        await choose(chooser, f"{USER}preference/", "news", {"preference": "opt_out"}, f"?tenant_id={tenant}")
    await choose(chooser, f"{USER}preference/", "news", {"preference": "opt_out"})
    after = (await chooser.get(USER)).json()
    assert {**after, "updated_at": None} == {**before, "updated_at": None}
    assert (await chooser.get(f"{USER}tenant/")).json()["meta"]["count"] == 0
    assert (await chooser.get("/v1/user/?tenant_id=acme")).json()["meta"]["count"] == 0
    assert await hub.maintenance.check() == []


async def test_choices_for_a_deleted_tenant_do_not_come_back_with_its_id(chooser: ApiClient) -> None:
    path = f"{USER}preference/"
    await choose(chooser, path, "news", {"preference": "opt_out"}, "?tenant_id=acme")
    assert (await chooser.delete("/v1/tenant/acme/")).status_code == 204
    assert_error(await chooser.get(f"{path}?tenant_id=acme"), 404, "tenant_not_found")
    assert (await chooser.post("/v1/tenant/acme/", {"tenant_name": "Acme"})).status_code == 201
    assert (await read(chooser, path, "news", "?tenant_id=acme"))["original_preference"] is None


async def test_many_users_are_updated_and_reset_and_unknown_ones_skipped(hub: Services, chooser: ApiClient) -> None:
    bulk = "/v1/bulk/user/preference/"
    await chooser.upsert("u2")
    ids = ["u2", "u/1", "nobody", " u2 "]
    choice = {
        "channel_preferences": [{"channel": "sms", "is_restricted": True}],
        "categories": [{"category": "news", "preference": "opt_out"}, {"category": "offers", "preference": "opt_in"}],
    }
    for query in ("", "?tenant_id=acme"):
        answer = await chooser.patch(f"{bulk}{query}", {"distinct_ids": ids, **choice})
        assert (answer.status_code, answer.json()) == (202, {"success": True})
    for user in ("u%2F1", "u2"):
        for query in ("", "?tenant_id=acme"):
            full = (await chooser.get(f"/v1/user/{user}/preference/{query}")).json()
            assert full["channel_preferences"][1]["is_restricted"] is True
            assert (await read(chooser, f"/v1/user/{user}/preference/", "offers", query))[
                "original_preference"
            ] == "opt_in"
    assert await chooser.count() == 2
    reset = {"distinct_ids": ["u2", "nobody"], "reset_channel_preferences": False}
    assert (await chooser.patch(f"{bulk}reset/", reset)).json() == {"success": True}
    full = (await chooser.get("/v1/user/u2/preference/")).json()
    assert full["channel_preferences"][1]["is_restricted"] is True
    assert (await read(chooser, "/v1/user/u2/preference/", "offers"))["original_preference"] is None
    assert (await read(chooser, "/v1/user/u2/preference/", "offers", "?tenant_id=acme"))[
        "original_preference"
    ] == "opt_in"
    assert (await chooser.patch(f"{bulk}reset/?tenant_id=acme", {"distinct_ids": ids})).status_code == 202
    for user in ("u%2F1", "u2"):
        found = (await chooser.get(f"/v1/user/{user}/preference/?tenant_id=acme")).json()
        await chooser.upsert("never")
        assert found == (await chooser.get("/v1/user/never/preference/?tenant_id=acme")).json(), "as if never chosen"
    assert await hub.maintenance.check() == []


async def test_a_wrong_bulk_call_changes_nobody(chooser: ApiClient) -> None:
    bulk, path = "/v1/bulk/user/preference/", f"{USER}preference/"
    before = (await chooser.get(path)).json()
    good = {"category": "news", "preference": "opt_out"}
    for target, body, status, code in (
        (bulk, {}, 400, "empty_body"),
        (bulk, {"categories": [good]}, 400, "missing_ids"),
        (bulk, {"distinct_ids": ["u/1"]}, 400, "invalid_value"),
        (bulk, {"distinct_ids": ["u/1"] * 1001, "categories": [good]}, 400, "too_many_ids"),
        (bulk, {"distinct_ids": ["u/1", ""], "categories": [good]}, 400, "invalid_id"),
        (bulk, {"distinct_ids": ["u/1"], "categories": [good, {"category": "gone", "preference": "opt_in"}]}, 404, "category_not_found"),
        (bulk, {"distinct_ids": ["u/1"], "categories": [good, {"category": "security", "preference": "opt_out"}]}, 400, "preference_not_editable"),
        (f"{bulk}?tenant_id=gone", {"distinct_ids": ["u/1"], "categories": [good]}, 404, "tenant_not_found"),
        (f"{bulk}reset/", {}, 400, "empty_body"),
        (f"{bulk}reset/", {"reset_categories": True}, 400, "missing_ids"),
        (f"{bulk}reset/", {"distinct_ids": ["u/1"], "reset_categories": "all"}, 400, "invalid_value"),
        (f"{bulk}reset/?tenant_id=gone", {"distinct_ids": ["u/1"]}, 404, "tenant_not_found"),
    ):  # fmt: skip
        assert_error(await chooser.patch(target, body), status, code)
    many = {"distinct_ids": [f"u{n}" for n in range(1000)], "categories": [good] * 21}
    assert_error(await chooser.patch(bulk, many), 400, "too_many_ids")
    assert (await chooser.get(path)).json() == before


async def test_names_come_in_the_language_that_is_asked_for(
    hub: Services, chooser: ApiClient, workspace_a: NewWorkspace
) -> None:
    """On every route with a locale; es-AR falls back to es; anything that is not a locale is answered in English."""
    texts = {"categories": {"news": {"name": "Noticias"}}, "sections": {"tasks": {"name": "Tareas"}}}
    translations = decode_translations(json.dumps(texts))
    await hub.categories.save_translations(TESTER, workspace_a.workspace_id, "es", translations)
    path = f"{USER}preference/"
    for locale, name in (("es-AR", "Noticias"), ("es", "Noticias"), ("fr", "News"), ("%3B%3B", "News"), ("", "News")):
        query = f"?locale={locale}"
        assert (await read(chooser, path, "news", query))["name"] == name
        assert (await choose(chooser, path, "news", {"preference": "opt_in"}, query))["name"] == name
        listed = (await chooser.get(f"{path}category/{query}")).json()["results"]
        assert next(each for each in listed if each["category"] == "news")["name"] == name
        full = (await chooser.get(f"{path}{query}")).json()["sections"]
        assert full[1]["name"] == ("Tareas" if name == "Noticias" else "Tasks")
        answer = await chooser.patch(f"{path}{query}", {"categories": [{"category": "news", "preference": "opt_in"}]})
        assert answer.json()["sections"] == full
