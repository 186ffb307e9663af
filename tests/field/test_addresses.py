"""Addresses and ids as people have them: with trunk zeros, byte order marks, names around them. Our SDK, a live hub.

Public reports of the kind: https://github.com/dograh-hq/dograh/issues/757, https://github.com/colinhacks/zod/issues/5563
and https://github.com/okta/lock-passwordless/issues/99 (phone numbers), https://github.com/knadh/listmonk/issues/1845 and
https://github.com/alphagov/govuk-design-system/issues/2189 (e-mail), https://github.com/medic/cht-core/issues/10876
(search), https://github.com/PostHog/posthog/issues/12008 (ids).
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
import suprsend
from hub_process import HubProcess, data_directory
from hypothesis import given
from hypothesis import strategies as st
from suprsend import InputValueError, SuprsendAPIException, SuprsendValidationError
from suprsend_hub.domain.channels import RULES
from suprsend_hub.domain.values import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A development hub."""
    with data_directory() as data:
        complaints = tmp_path_factory.mktemp("hub") / "stderr"
        running = HubProcess("dev", "--port", "0", "--data-dir", str(data), complaints=complaints)
        try:
            yield running.start()
            running.stop()
        finally:
            running.end()


@pytest.fixture(scope="module")
def client(hub: HubProcess) -> suprsend.Suprsend:
    return suprsend.Suprsend("workspace_key", "workspace_secret", base_url=hub.base_url)


def stored(client: suprsend.Suprsend, user: str, channel: str) -> list[Any]:
    """Return the addresses of a user as the hub gives them."""
    profile: dict[str, Any] = {**client.users.get(user)}
    return [identity["value"] for identity in profile.get(channel, [])]


@pytest.mark.parametrize(
    "number",
    ["+44 (0)20 7946 0958", "+44(0)2079460958", "+4402079460958", "+44 020 7946 0958", "+49 (0)30 901820", "+49 030 901820",
     "+15550100042 x5", "+1 800 FLOWERS", "+15550100042/+15550100043"],
)  # fmt: skip
def test_a_number_that_could_be_another_is_refused(client: suprsend.Suprsend, number: str) -> None:
    """Neither an upsert nor an edit stores a number with a trunk zero, an extension, letters or a second number."""
    user = f"refused-{number}"
    with pytest.raises(SuprsendAPIException) as caught:
        client.users.upsert(user, {"$sms": [number]})
    assert caught.value.status_code == 400
    assert any(hint in str(caught.value) for hint in ("abroad", "extension", "letters", "one phone number"))
    client.users.upsert(user, {"name": "Marge"})
    edit = client.users.get_edit_instance(user)
    edit.add_sms(number)
    client.users.async_edit(edit)
    assert stored(client, user, "$sms") == []


def test_spellings_of_one_number_are_one_number(client: suprsend.Suprsend) -> None:
    """What phones and web pages put around and between digits is taken off, without a warning."""
    edit = client.users.get_edit_instance("spellings")
    spellings = ["+44 20 7946 0958", "+44.20.7946.0958", "+44/20/79460958", "+44\u201120\u20117946\u20110958",
                 "+44 20 7946\u20130958", "\u202a+44 20 7946 0958\u202c", "\ufeff+442079460958", "\uff0b442079460958",
                 "tel:+44-20-7946-0958", "+44\u00a020\u00a07946\u00a00958"]  # fmt: skip
    for number in spellings:
        edit.add_sms(number)
    assert edit.validate_body() == []
    client.users.async_edit(edit)
    assert stored(client, "spellings", "$sms") == ["+442079460958"]


def test_spellings_of_one_e_mail_address_are_one_address(client: suprsend.Suprsend) -> None:
    """A byte order mark, a zero-width space and angle brackets make no second address, nor does the form of a domain."""
    edit = client.users.get_edit_instance("emails")
    for address in ("marge@example.com", "\ufeffmarge@example.com", "marge@example.com\u200b", "\u202emarge@example.com",
                    "<Marge@example.com>", "mailto:marge@example.com"):  # fmt: skip
        edit.add_email(address)
    for address in (
        "jos\u00e9@example.com",
        "jose\u0301@example.com",
        "m@b\u00fccher.example",
        "m@xn--bcher-kva.example",
    ):
        edit.add_email(address)
    assert edit.validate_body() == []
    client.users.async_edit(edit)
    assert stored(client, "emails", "$email") == [
        "marge@example.com",
        "jos\u00e9@example.com",
        "m@xn--bcher-kva.example",
    ]


@pytest.mark.parametrize(
    "address",
    ["marge@example.com,homer@example.com", "marge@example.com;homer@example.com", "marge@@example.com", "marge@example..com",
     "marge@example.com.", "mar\u00adge@example.com", "Marge <marge@example.com>"],
    ids=ascii,
)  # fmt: skip
def test_what_is_not_one_address_is_refused(client: suprsend.Suprsend, address: str) -> None:
    """Two addresses in one, syntax errors and invisible characters inside are refused and never stored."""
    with pytest.raises(SuprsendAPIException) as caught:
        client.users.upsert("not-one-address", {"$email": [address]})
    assert caught.value.status_code == 400
    assert "address" in str(caught.value)
    assert address not in str(caught.value)


def test_a_long_address_is_stored(client: suprsend.Suprsend) -> None:
    """An address of 254 characters is one; older clients stopped at 127."""
    address = "marge@" + "example." * 30 + "organize"
    assert len(address) == 254
    client.users.upsert("long", {"$email": [address]})
    assert stored(client, "long", "$email") == [address]


@pytest.mark.parametrize("name", ["\ufeff42", "42\u200b"], ids=ascii)
def test_an_id_from_an_exported_table(client: suprsend.Suprsend, name: str) -> None:
    """An id with a byte order mark or zero-width space creates no second user, however it is sent."""
    with pytest.raises(SuprsendValidationError, match="invisible character"):
        client.users.get_edit_instance(name)
    with pytest.raises(SuprsendAPIException, match="invisible character"):
        client.users.upsert(name, {"name": "Marge"})


@pytest.mark.parametrize("name", ["None", "undefined", "null", "[object Object]", "NaN"])
def test_an_id_that_stands_for_a_missing_value(client: suprsend.Suprsend, name: str) -> None:
    """The answer warns about an id that a program makes of a missing value; the edit is applied."""
    edit = client.users.get_edit_instance(name)
    edit.set("plan", "free")
    answer = client.users.async_edit(edit)
    assert "looks like a missing value" in str(answer["warnings"])
    assert client.users.get(name)["properties"] == {"plan": "free"}


@pytest.mark.parametrize("key", [42, uuid.UUID(int=42)], ids=["int", "uuid"])
def test_a_primary_key_of_another_type(client: suprsend.Suprsend, key: Any) -> None:
    """A number or UUID as an id is refused with the remedy."""
    with pytest.raises(SuprsendValidationError, match=r"must be a string, not (int|UUID): pass str\(pk\)"):
        client.users.get_edit_instance(key)
    with pytest.raises(SuprsendValidationError, match=r"pass str\(pk\)"):
        client.users.get(key)


TEXTS = st.one_of(
    st.text(max_size=30),
    st.text("+0123456789-. ()x/,", max_size=20),
    st.text('ab@.,;<>:" -_\u200b\u00e9\u3002', max_size=20),
    st.builds("{}@{}.{}".format, st.text("ab.+'\"(", min_size=1, max_size=5), st.text("ab-_1.", max_size=6), st.text("ab1-", max_size=3)),
)  # fmt: skip


@given(TEXTS)
def test_the_sdk_doubts_only_what_the_hub_refuses(text: str) -> None:
    """Whatever the hub's reader accepts passes the SDK in strict mode."""
    strict = suprsend.Suprsend("key", "secret", base_url="http://127.0.0.1:9/", strict=True)
    for channel, method in (("$email", "add_email"), ("$sms", "add_sms")):
        try:
            getattr(strict.users.get_edit_instance("42"), method)(text)
        except InputValueError:
            with pytest.raises(InvalidValue):
                RULES[channel].read(text)
