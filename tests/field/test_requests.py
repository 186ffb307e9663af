"""Requests as monitors, proxies, browsers and programs in other languages send them."""

from __future__ import annotations

import hashlib
import hmac
import http.client
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx2
import pytest
import suprsend

if TYPE_CHECKING:
    from hub_process import HubProcess


def connection(hub: HubProcess) -> http.client.HTTPConnection:
    """Return a connection that sends headers as they are given."""
    return http.client.HTTPConnection(urlsplit(hub.base_url).netloc, timeout=20)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_monitors_may_ask_with_head(hub: HubProcess, path: str) -> None:
    """Status and headers as for GET, and no body.

    https://github.com/timescale/promscale/issues/710, https://github.com/mozilla-it/ctms-api/issues/165
    """
    asked = connection(hub)
    asked.request("HEAD", path)
    answer = asked.getresponse()
    assert (answer.status, answer.read()) == (200, b"")
    asked.close()


@pytest.mark.parametrize("date", ["Mi, 04 Mär 2026 10:00:00 GMT", "mer., 04 févr. 2026 10:00:00 GMT", "04 août 2026"])
@pytest.mark.parametrize("signed_as", ["utf-8", "latin-1"])
def test_a_date_in_the_language_of_the_program_is_signed_as_well_as_any(
    hub: HubProcess, date: str, signed_as: str
) -> None:
    """A program that has set its locale: official SDKs write the names of months with it, and sign the text in UTF-8.

    https://github.com/aliyun/tea-util/issues/375, https://github.com/scylladb/seastar/issues/740
    """
    text = f"GET\n\napplication/json\n{date}\n/v1/user/?limit=1".encode(signed_as)
    signature = b64encode(hmac.digest(b"workspace_secret", text, hashlib.sha256)).decode()
    for name, status in (("workspace_key", 200), ("another_key", 401)):
        asked = connection(hub)
        headers = {
            "Authorization": f"{name}:{signature}",
            "Date": date.encode("latin-1"),
            "Content-Type": "application/json",
        }
        asked.request("GET", "/v1/user/?limit=1", headers=headers)
        assert asked.getresponse().status == status
        asked.close()


@pytest.mark.parametrize("wrong", ["api/", "v1/"])
def test_a_wrong_path_in_the_base_url_is_not_a_user_that_is_gone(
    hub: HubProcess, client: suprsend.Suprsend, wrong: str
) -> None:
    """A job that erases people must not believe that it did.

    https://github.com/admin-shell-io/aas-specs-api/issues/39
    """
    client.users.upsert("field-eve")
    with (
        suprsend.Suprsend("workspace_key", "workspace_secret", base_url=hub.base_url + wrong) as misled,
        pytest.raises(suprsend.SuprsendResponseError, match="base_url"),
    ):
        misled.users.delete("field-eve")
    assert client.users.get("field-eve")["distinct_id"] == "field-eve"
    with pytest.raises(suprsend.SuprsendNotFoundError):
        client.users.delete("field-nobody")


def test_a_page_whose_name_turns_into_this_machine_gets_nothing(hub: HubProcess) -> None:
    """DNS rebinding: the browser takes the page and the hub for one site, and the credentials are printed everywhere."""
    port = urlsplit(hub.base_url).port
    for host, status in ((f"localhost:{port}", 200), (f"127.0.0.1:{port}", 200), (f"evil.example:{port}", 400)):
        headers = {"Authorization": f"Bearer {hub.api_key}", "Host": host}
        answer = httpx2.get(f"{hub.base_url}v1/user/", headers=headers, trust_env=False)
        assert answer.status_code == status, host
        page = httpx2.get(f"{hub.base_url}console/sign-in/", headers={"Host": host}, trust_env=False)
        assert page.status_code == status, host


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\x1f\x8b\x08\x00", "uncompressed"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("{}".encode("utf-16"), "UTF-16"),
        (b'{"a": NaN}', "NaN under the key 'a'"),
        (b'{"a": "\xed\xa0\x80"}', "UTF-8|utf-8"),
    ],
)
def test_a_body_in_another_form_is_named(hub: HubProcess, body: bytes, said: str) -> None:
    """What programs send for JSON: compressed, with a byte order mark, in UTF-16, with NaN, with half a character.

    https://github.com/customerio/customerio-python/issues/34
    """
    headers = {"Authorization": f"Bearer {hub.api_key}"}
    answer = httpx2.post(f"{hub.base_url}v1/user/field-x/", content=body, headers=headers, trust_env=False)
    assert answer.status_code == 400
    assert any(word in answer.json()["message"] for word in said.split("|")), answer.text
