"""Addresses and ids: what the SDK says about the vectors of the contract before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import suprsend
from hypothesis import given
from hypothesis import strategies as st
from suprsend import InputValueError, SuprsendValidationError
from suprsend._addresses import email_doubt, id_doubt, id_error, is_plain_id, phone_doubt

VECTORS = Path(__file__).resolve().parents[3] / "contract" / "vectors"
ADDRESSES = json.loads((VECTORS / "addresses.json").read_text())
IDS = json.loads((VECTORS / "distinct_ids.json").read_text())
METHODS = {"email": "add_email", "phone": "add_sms"}


def client(**options):
    return suprsend.Suprsend("key", "secret", base_url="http://127.0.0.1:9/", **options)


def warnings(method, value):
    edit = client().users.get_edit_instance("42")
    getattr(edit, method)(value)
    return edit.validate_body()


GOOD = [(method, given) for kind, method in METHODS.items() for given in
        [*ADDRESSES[kind]["accepted"], *(case["given"] for case in ADDRESSES[kind]["repaired"])]]  # fmt: skip
BAD = [(method, case) for kind, method in METHODS.items() for case in ADDRESSES[kind]["refused"]]


@pytest.mark.parametrize(("method", "value"), GOOD, ids=lambda part: ascii(part)[:60])
def test_what_the_hub_stores_is_not_doubted(method, value):
    """An address that the hub accepts or repairs gives no warning, and no exception in strict mode."""
    assert warnings(method, value) == []
    getattr(client(strict=True).users.get_edit_instance("42"), method)(value)


@pytest.mark.parametrize(("method", "case"), BAD, ids=lambda part: ascii(part)[:60])
def test_what_is_plainly_wrong_is_doubted(method, case):
    """The SDK warns about what can be seen without a library, never with the value, and raises in strict mode."""
    found = warnings(method, case["given"])
    assert bool(found) == case["sdk_warns"]
    if found:
        assert not case["given"] or case["given"] not in found[0]
        with pytest.raises(InputValueError):
            getattr(client(strict=True).users.get_edit_instance("42"), method)(case["given"])


@pytest.mark.filterwarnings("ignore:client.user is deprecated:DeprecationWarning")
@pytest.mark.parametrize("make", ["user", "object_type", "object_id", "deprecated"])
@pytest.mark.parametrize("name", IDS["refused_when_new"], ids=ascii)
def test_an_id_with_an_invisible_end_cannot_be_edited(make, name):
    """An id that the hub refuses for a new recipient is refused here too, with the character and the remedy."""
    hub = client()
    with pytest.raises(
        SuprsendValidationError, match=r"must not (start|end) with the invisible character U\+[0-9A-F]{4}; remove"
    ):
        {
            "user": lambda: hub.users.get_edit_instance(name),
            "object_type": lambda: hub.objects.get_edit_instance(name, "x"),
            "object_id": lambda: hub.objects.get_edit_instance("x", name),
            "deprecated": lambda: hub.user.get_instance(name),
        }[make]()


@pytest.mark.parametrize("name", IDS["refused"], ids=ascii)
def test_an_id_of_nobody(name):
    """An id that never works is refused."""
    with pytest.raises(SuprsendValidationError):
        client().users.get_edit_instance(name)


@pytest.mark.parametrize("name", IDS["accepted"], ids=lambda name: ascii(name)[:60])
def test_ids_that_are_accepted(name):
    """These ids are kept as they are, without a warning."""
    edit = client().users.get_edit_instance(name)
    assert (edit.distinct_id, edit.validate_body()) == (name, [])


@pytest.mark.parametrize(("name", "kept"), IDS["trimmed"], ids=ascii)
def test_ids_that_are_trimmed(name, kept):
    """Blanks around an id are taken off."""
    assert client().users.get_edit_instance(name).distinct_id == kept


@pytest.mark.parametrize("name", IDS["suspicious"])
def test_an_id_that_stands_for_a_missing_value(name, caplog):
    """Such an id is warned about once in the log and in each answer, and works in strict mode, because Null is a name."""
    for strict in (False, True):
        caplog.clear()
        edit = client(strict=strict).users.get_edit_instance(name)
        assert edit.validate_body() == edit.validate_body()
        assert edit.validate_body() == [
            f"[distinct_id: {name}]distinct_id is {name!r}, which looks like a missing value"
        ]
        assert len(caplog.records) == 1


@given(st.text("aZ09._+-@", max_size=12).map(lambda text: text.replace("@", "@x.") if len(text) % 3 else text))
def test_an_ordinary_email_is_judged_the_same_by_one_pattern(value):
    """What the pattern for ordinary addresses accepts, all other rules accept; a blank in front leads past it."""
    assert email_doubt(value) == email_doubt(f" {value}")


@pytest.mark.parametrize("characters", [253, 254, 255, 256, 2000])
def test_an_ordinary_email_may_be_too_long(characters):
    """The pattern for ordinary addresses knows no length; its limit is checked as for others."""
    value = "a" * (characters - len("@b.com")) + "@b.com"
    assert email_doubt(value) == email_doubt(f" {value}")


@given(st.text("+0123456789", max_size=18).map(lambda digits: f"+{digits}"))
def test_an_ordinary_phone_number_is_judged_the_same_by_one_pattern(value):
    """What the pattern for canonical numbers accepts, all other rules accept; a blank in front leads past it."""
    assert phone_doubt(value) == phone_doubt(f" {value}")


@given(st.one_of(st.text(min_size=1, max_size=20), st.sampled_from(IDS["suspicious"] + IDS["refused_when_new"])))
def test_nothing_is_wrong_with_a_plain_id(value):
    """The cheap test of an id never hides what the other two would say."""
    if is_plain_id(value):
        assert (id_error(value, "distinct_id"), id_doubt(value, "distinct_id")) == (None, None)
