"""Tenants over HTTP, also under their old name: fields, merging, the tenant that is always there, other workspaces."""

from datetime import timedelta

import pytest
from suprsend_hub.domain.tenant import SOCIAL_LINKS
from suprsend_hub.service.services import Services

from .support import ApiClient, assert_error, segment

pytestmark = pytest.mark.anyio

TENANTS, BRANDS = "/v1/tenant/", "/v1/brand/"
ACME = f"{TENANTS}acme/"
FIELDS = {
    "logo": "https://acme.example/logo.png",
    "timezone": "Europe/Berlin",
    "blocked_channels": ["sms", "email"],
    "embedded_preference_url": "https://acme.example/preferences",
    "hosted_preference_domain": "preferences.acme.example",
    "primary_color": "#ff0000",
    "secondary_color": "#00ff00",
    "tertiary_color": "#0000ff",
    "properties": {"plan": "pro", "seats": 3},
}


async def saved(client: ApiClient, path: str = ACME, **fields: object) -> dict:
    answer = await client.post(path, fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_tenant_is_created_read_changed_and_deleted(a: ApiClient) -> None:
    created = await saved(a, tenant_name=" Acme ", social_links={"website": "https://acme.example"}, **FIELDS)
    no_links = dict.fromkeys(SOCIAL_LINKS, "")
    assert created == {
        "tenant_id": "acme",
        "tenant_name": "Acme",
        **FIELDS,
        "blocked_channels": ["email", "sms"],
        "social_links": no_links | {"website": "https://acme.example"},
        "updated_at": created["updated_at"],
    }
    assert (await a.get(ACME)).json() == created
    changed = await saved(a, primary_color="#000000", properties={"seats": 4, "region": None})
    assert changed["properties"] == {"plan": "pro", "seats": 4, "region": None}, "merged by first-level keys"
    assert changed["updated_at"] > created["updated_at"]
    assert changed == created | {
        "primary_color": "#000000", "properties": changed["properties"], "updated_at": changed["updated_at"],
    }  # fmt: skip
    assert (await a.delete(ACME)).status_code == 204
    for answer in (await a.get(ACME), await a.delete(ACME)):
        assert assert_error(answer, 404, "tenant_not_found")["message"] == "No tenant found for tenant_id acme"
    assert (await saved(a, tenant_name="Again"))["properties"] == {}, "nothing of the earlier life is left"


async def test_a_new_tenant_has_every_field_and_null_where_nothing_was_set(a: ApiClient) -> None:
    tenant = await saved(a, tenant_name="Acme")
    assert {name: tenant[name] for name in FIELDS} == dict.fromkeys(FIELDS) | {"properties": {}}


async def test_null_changes_no_list_link_or_property_and_removes_a_text(a: ApiClient) -> None:
    """The Go SDK sends `"blocked_channels": null` when it was given none."""
    links = {"facebook": "https://f.example", "x": "https://x.example"}
    before = await saved(a, tenant_name="Acme", social_links=links, **FIELDS)
    kept = await saved(
        a, tenant_name=None, blocked_channels=None, properties=None, social_links={"facebook": None, "x": ""}
    )
    assert kept["social_links"] == before["social_links"] | {"x": ""}, "an empty text removes a link, null does not"
    for name in ("tenant_name", "blocked_channels", "properties"):
        assert kept[name] == before[name]
    assert (await saved(a, social_links=None, logo=None))["logo"] is None
    assert (await saved(a, blocked_channels=[]))["blocked_channels"] == []


async def test_the_names_that_occur_in_published_samples_are_understood(a: ApiClient) -> None:
    tenant = await saved(
        a,
        tenant_name="Acme",
        preference_page_url="https://p.example",
        social_links={"LinkedIn": "https://l.example", "twitter": "https://x.example"},
    )
    assert tenant["embedded_preference_url"] == "https://p.example"
    assert (tenant["social_links"]["linkedin"], tenant["social_links"]["x"]) == (
        "https://l.example", "https://x.example",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("tenant_name", "<b>Acme</b>", "Ensure this field contains non-html text"),
        ("tenant_name", "a <!-- b", "Ensure this field contains non-html text"),
        ("tenant_name", " ", "This field may not be blank."),
        ("tenant_name", None, "This field is required."),
        ("tenant_name", "x" * 256, None),
        ("tenant_name", "\0", None),
        ("tenant_name", 5, None),
        ("logo", 5, None),
        ("logo", "x" * 2049, None),
        ("primary_color", "\0", None),
        ("timezone", "Europe/Atlantis", None),
        ("timezone", 5, None),
        ("blocked_channels", "email", None),
        ("blocked_channels", ["pigeon"], None),
        ("blocked_channels", [None], None),
        ("social_links", [], None),
        ("social_links", {"myspace": "https://m.example"}, None),
        ("social_links.x", 5, None),
        ("properties", [], None),
        ("properties", {" ": 1}, None),
        ("properties", {"n": 2**63}, None),
        ("properties", {str(n): n for n in range(513)}, None),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_saved(
    a: ApiClient, field: str, value: object, reason: str | None
) -> None:
    name, _, inner = field.partition(".")
    body = {"tenant_name": "Acme", name: {inner: value} if inner else value}
    error = assert_error(await a.post(ACME, body), 400, "error")
    [[found, [said]]] = error["detail"].items()
    assert found == field
    assert said == (reason or said)
    assert_error(await a.get(ACME), 404)


async def test_text_that_only_resembles_html_is_a_name(a: ApiClient) -> None:
    for name in ("Ben & Jerry", "a < b > c", "I <3 you", "x" * 255, "日本語"):
        assert (await saved(a, tenant_name=name))["tenant_name"] == name


async def test_ids_are_case_insensitive_and_hostile_ones_are_refused(a: ApiClient) -> None:
    await saved(a, f"{TENANTS}AcMe/", tenant_name="Acme")
    assert (await a.get(f"{TENANTS}ACME/")).json()["tenant_id"] == "acme"
    for hostile in ("a/b", "a b", "zoë", "a%b", "x" * 65, "\0", "\uff41cme"):
        for method in ("GET", "POST", "DELETE"):
            for path in (TENANTS, BRANDS):
                body = {"tenant_name": "x", "brand_name": "x"} if method == "POST" else b""
                assert_error(await a.send(method, f"{path}{segment(hostile)}/", body), 400, "invalid_id")
    assert (await a.get(TENANTS)).json()["meta"]["count"] == 2


async def test_the_tenant_default_is_always_there_and_can_be_changed(a: ApiClient) -> None:
    assert (await a.get(f"{TENANTS}default/")).json()["tenant_name"] == "Default"
    assert_error(await a.delete(f"{TENANTS}DEFAULT/"), 400, "tenant_is_permanent")
    assert_error(await a.delete(f"{BRANDS}default/"), 400, "tenant_is_permanent")
    assert (await saved(a, f"{TENANTS}default/", logo="https://l.example"))["tenant_name"] == "Default"


async def test_tenants_come_by_limit_and_offset_newest_first(a: ApiClient) -> None:
    for n in range(4):
        await saved(a, f"{TENANTS}t{n}/", tenant_name="T")
    ids = [tenant["tenant_id"] for tenant in (await a.get(TENANTS)).json()["results"]]
    assert ids == ["t3", "t2", "t1", "t0", "default"]
    page = (await a.get(f"{TENANTS}?limit=2&offset=1")).json()
    assert page["meta"] == {"count": 5, "limit": 2, "offset": 1}
    assert [tenant["tenant_id"] for tenant in page["results"]] == ids[1:3]
    assert (await a.get(f"{TENANTS}?limit=0&offset=-1")).json()["meta"] == {"count": 5, "limit": 20, "offset": 0}


async def test_a_brand_is_a_tenant_with_the_old_names(a: ApiClient) -> None:
    brand = await saved(a, f"{BRANDS}Acme/", brand_name="Acme", logo="https://l.example")
    tenant = (await a.get(ACME)).json()
    renamed = {"tenant_id": "brand_id", "tenant_name": "brand_name"}
    assert brand == {renamed.get(name, name): value for name, value in tenant.items()}
    assert (await a.get(f"{BRANDS}acme/")).json() == brand
    assert (await a.get(BRANDS)).json()["results"][0] == brand
    error = assert_error(await a.post(f"{BRANDS}b/", {"brand_name": "<b>"}), 400, "error")
    assert error["detail"] == {"brand_name": ["Ensure this field contains non-html text"]}
    assert assert_error(await a.post(f"{BRANDS}b/", {}), 400)["detail"] == {"brand_name": ["This field is required."]}
    assert (await a.delete(f"{BRANDS}acme/")).status_code == 204
    assert_error(await a.get(ACME), 404, "tenant_not_found")


async def test_tenants_of_another_workspace_are_unknown_here(a: ApiClient, b: ApiClient, stranger: ApiClient) -> None:
    await saved(a, tenant_name="Acme", logo="https://a.example")
    assert_error(await b.get(ACME), 404, "tenant_not_found")
    assert_error(await b.delete(ACME), 404, "tenant_not_found")
    await saved(b, tenant_name="Other", logo="https://b.example")
    assert (await a.get(ACME)).json()["logo"] == "https://a.example"
    assert (await b.delete(ACME)).status_code == 204
    assert (await a.get(ACME)).status_code == 200
    for method, path in (("GET", TENANTS), ("GET", ACME), ("POST", ACME), ("DELETE", ACME)):
        assert_error(await stranger.send(method, path), 401)


async def test_changes_are_in_the_audit_log(hub: Services, a: ApiClient) -> None:
    await saved(a, tenant_name="Acme", logo=None)
    await a.delete(ACME)
    async with hub.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT action, target_id, detail FROM audit WHERE action LIKE 'tenant.%' ORDER BY audit_id"
        )
    assert [tuple(row) for row in rows] == [
        ("tenant.save", "acme", '{"fields":["tenant_name","logo"]}'),
        ("tenant.delete", "acme", "{}"),
    ]


async def test_a_dead_tenant_is_remembered_until_no_hub_can_write_for_it(hub: Services, a: ApiClient) -> None:
    await saved(a, tenant_name="Acme")
    await a.delete(ACME)
    for last_write, left in ((timedelta(minutes=1), 1), (timedelta(0), 0)):
        assert await hub.tenants.sweep(last_write=last_write) is False
        async with hub.database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM dead_tenant") == left
