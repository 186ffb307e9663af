"""E-mail addresses and phone numbers: the vectors of the contract, and what holds for any text."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from suprsend_hub.domain import phones
from suprsend_hub.domain.addresses import address_keys, addresses
from suprsend_hub.domain.channels import RULES
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.profile import Identity, Profile
from suprsend_hub.domain.values import InvalidValue

VECTORS = json.loads((Path(__file__).parents[4] / "contract" / "vectors" / "addresses.json").read_text())
CHANNELS = {"email": "$email", "phone": "$sms"}
EMAIL, PHONE = RULES["$email"], RULES["$sms"]


def cases(kind):
    return [pytest.param(channel, case, id=f"{name}-{case!a}"[:80].replace("::", ":"))
            for name, channel in CHANNELS.items() for case in VECTORS[name][kind]]  # fmt: skip


@pytest.mark.parametrize(("channel", "given"), cases("accepted"))
def test_accepted(channel, given):
    """These are stored as they are."""
    assert RULES[channel].read(given) == given


@pytest.mark.parametrize(("channel", "case"), cases("repaired"))
def test_repaired(channel, case):
    """These are stored in their canonical form, which a search for the given text finds."""
    stored = RULES[channel].read(case["given"])
    assert stored == case["stored"]
    assert RULES[channel].key(stored) in address_keys(case["given"])


@pytest.mark.parametrize(("channel", "case"), cases("refused"))
def test_refused(channel, case):
    """These are refused with a reason that helps and does not repeat them."""
    with pytest.raises(InvalidValue) as caught:
        RULES[channel].read(case["given"])
    assert case["because"] in caught.value.reason
    assert len(caught.value.reason) < 250
    assert not case["given"] or case["given"] not in caught.value.reason


@pytest.mark.parametrize(("channel", "spellings"), cases("same"))
def test_spellings_of_one_address_are_one_identity(channel, spellings):
    """The first spelling is kept, the others change nothing, and any of them removes it."""
    result = fold(None, [{"$append": {channel: spelling}} for spelling in spellings])
    assert [identity.value for identity in result.profile.channels[channel]] == [RULES[channel].read(spellings[0])]
    for spelling in spellings:
        assert fold(result.profile, [{"$remove": {channel: spelling}}]).profile.channels == {}


@pytest.mark.parametrize(("channel", "spellings"), cases("different"))
def test_similar_addresses_stay_apart(channel, spellings):
    """Different addresses stay two identities, however alike they look."""
    assert len(fold(None, [{"$append": {channel: spellings}}]).profile.channels[channel]) == len(spellings)


BITS = [
    "+",
    "44",
    "(0)",
    "0",
    "20",
    " ",
    "-",
    "\u2011",
    "\u200b",
    "\ufeff",
    "tel:",
    "x5",
    "7946",
    "0958",
    "+1555",
    "/",
    "\uff11",
    "\u0664",
]
PIECES = ["a", "@", "example.com", "<", ">", "mailto:", ".", "xn--", "b\u00fccher", "\u200b", "\u0301", ",", '"', "\u0130", "\u00df", "-", "\ufeff", "@x.y"]  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.lists(st.sampled_from(BITS), max_size=12).map("".join),
    st.builds("{}@{}.example".format, st.text(max_size=8), st.text(max_size=8)),
    st.builds("+{}".format, st.integers(0, 10**16)),
)


@given(TEXTS)
@example("\ud800@b.com")
@example("a@\u0130.com")
def test_reading_is_total_and_idempotent(text):
    """Any text is read or refused, never anything else; what was read reads as itself, and a search for it finds it."""
    keys = address_keys(text)
    for rule in (EMAIL, PHONE):
        try:
            stored = rule.read(text)
        except InvalidValue:
            continue
        assert rule.read(stored) == stored
        assert rule.key(stored) in keys
        assert rule.key(stored) in address_keys(stored)
        assert rule.key(rule.key(stored)) == rule.key(stored)


@given(st.sampled_from(["+442079460958", "+15550100042", "+390669812345", "+4402079460958"]), st.data())
def test_separators_do_not_matter(number, data):
    """The same digits get the same answer, whatever stands between them."""
    separators = st.text("- .\u2011\u200b\u00a0", max_size=2)
    spelled = "".join(data.draw(separators) + char for char in number) + data.draw(separators)
    answers = []
    for text in (number, spelled):
        try:
            answers.append(PHONE.read(text))
        except InvalidValue as refusal:
            answers.append(refusal.reason)
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "unit", ["a", "@", "a@", "a.", "+", "0", "(0)", " ", "\u200b", "<", "a@b.", "xn--", "\u00e9", "x5", "-", "a@b.com,"]
)
def test_a_megabyte_of_text_takes_no_time(unit):
    """The cost of reading and searching does not grow with a text that cannot be an address."""
    text = (unit * (1_000_000 // len(unit) + 1))[:1_000_000]
    started = time.perf_counter()
    for surrounded in (text, f"a@b.com{text}", f"{text}+15550100"):
        for rule in (EMAIL, PHONE):
            with pytest.raises(InvalidValue):
                rule.read(surrounded)
        assert address_keys(surrounded) == []
    assert time.perf_counter() - started < 1


def test_lengths_of_country_codes():
    """The pattern of the fast path cuts off each country code that exists, and no number that the library would change."""
    for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        assert phones._is_plain(f"+{code}1234567")
        assert not phones._is_plain(f"+{code}0234567")


def test_the_libraries_are_imported_when_needed():
    """A hub starts, and reads canonical addresses, without the two libraries."""
    program = """
import sys
from suprsend_hub.domain.channels import RULES
RULES["$sms"].read("+442079460958"), RULES["$email"].read("marge@example.com")
print([name for name in ("phonenumbers", "email_validator") if name in sys.modules])
RULES["$sms"].read("+390669812345"), RULES["$email"].read("m@b\\u00fccher.example")
print([name for name in ("phonenumbers", "email_validator") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "['phonenumbers', 'email_validator']"]


STORED_EARLIER = [
    "marge@example.com\u200b",
    "<marge@example.com>",
    "a@x.com,b@x.com",
    "marge@b\u00fccher.example",
    "a@b..c",
]


@pytest.mark.parametrize("old", STORED_EARLIER)
def test_what_earlier_versions_stored(old):
    """An address that was accepted once can be repeated, removed and found as it is."""
    profile = Profile({}, {"$email": [Identity(old)]})
    again = fold(profile, [{"$append": {"$email": old}}])
    assert (again.changed, again.refusals) == (False, [])
    gone = fold(profile, [{"$remove": {"$email": old}}])
    assert (gone.profile.channels, gone.refusals) == ({}, [])
    assert set(addresses(profile.channels)) <= set(address_keys(old))


def test_an_invisible_duplicate_of_earlier_is_the_same_identity():
    """Addresses that look the same are one identity, also if an earlier version stored the other."""
    profile = Profile({}, {"$email": [Identity("marge@example.com\u200b")]})
    assert addresses(profile.channels) == ["marge@example.com"]
    assert not fold(profile, [{"$append": {"$email": "marge@example.com"}}]).changed


def test_other_addresses_that_were_accepted_once_can_be_removed():
    """A number with a trunk zero and a Slack address that could not be added today are removed by repeating them."""
    wrong = Profile({}, {"$sms": [Identity("+4402079460958")], "$slack": [Identity({"email": "a@b.com,c@d.com"})]})
    result = fold(wrong, [{"$remove": {"$sms": "+4402079460958", "$slack": {"email": "a@b.com,c@d.com"}}}])
    assert (result.profile.channels, result.refusals) == ({}, [])


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("442079460958", "+442079460958"),
        ("44 20 7946 0958", "+442079460958"),
        ("00442079460958", "+442079460958"),
        ("0044 (0)20 7946 0958", "+442079460958"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+44 (0)20 7946 0958", "+4402079460958"),
        ("+49 030 1234567", "+49301234567"),
        ("Marge Simpson <Marge@example.com>", "marge@example.com"),
        ('"Simpson, Marge" <marge@example.com>', "marge@example.com"),
        ("a@x.com,b@x.com", "a@x.com,b@x.com"),
        ("marge@b\u00fccher.example", "marge@b\u00fccher.example"),
    ],
)  # fmt: skip
def test_a_search_guesses(text, means):
    """A search accepts more than an edit, and also finds what earlier versions stored under another form."""
    assert means in address_keys(text)


@pytest.mark.parametrize("text", ["", "con-186b3d", "02079460958", "123456", "marge", "a\0@b.com", "\ud800@b.com"])
def test_what_is_neither(text):
    """Other texts mean no address, and nothing is searched."""
    assert address_keys(text) == []


def test_addresses_of_slack_are_read_alike():
    """The e-mail address of a Slack recipient gets the same reading as that of a person."""
    given = ["\ufeffmarge@example.com", "Marge@example.com", "a@b.com,c@d.com"]
    result = fold(None, [{"$append": {"$slack": [{"email": text} for text in given]}}])
    assert [identity.value for identity in result.profile.channels["$slack"]] == [{"email": "marge@example.com"}]
    assert [refusal.code for refusal in result.refusals] == ["invalid_channel_value"]


@pytest.mark.parametrize(
    ("searched", "stored"),
    [
        ("+442079460958,", "+442079460958"), ("+44 20 7946 0958.", "+442079460958"),
        ("+442079460958;ext=5", "+442079460958"), ("+44 20 7946 0958 x5", "+442079460958"),
        ("+44 20 7946 0958 ext. 5", "+442079460958"), ("sms:+442079460958", "+442079460958"),
        ("sms:+442079460958?body=hello", "+442079460958"), ("tel://+442079460958", "+442079460958"),
        ("whatsapp:+442079460958", "+442079460958"), ("011 44 20 7946 0958", "+442079460958"),
        ("0044 20 7946 0958", "+442079460958"), ("'+442079460958'", "+442079460958"),
        ("Marge marge@example.com", "marge@example.com"), ("marge@example.com,", "marge@example.com"),
        ("marge@example.com.", "marge@example.com"), ("(marge@example.com)", "marge@example.com"),
        ("mailto:marge@example.com?subject=Hello%20there", "marge@example.com"),
        ("Marge <mailto:Marge@Example.com?cc=x>", "marge@example.com"), ("'marge@example.com'", "marge@example.com"),
        ("e-mail:marge@example.com; thanks", "marge@example.com"),
        ("Marge marge@b\u00fccher.example!", "marge@xn--bcher-kva.example"),
        ("homer@example.com, marge@example.com", "marge@example.com"),
    ],
)  # fmt: skip
def test_a_search_finds_an_address_in_what_is_pasted(searched: str, stored: str) -> None:
    """Whatever is around it: punctuation, a scheme, an extension, a name, a sentence."""
    assert stored in address_keys(searched)


@pytest.mark.parametrize("searched", ["o'hara@example.com", "a?b@example.com", "x+y@example.com"])
def test_a_search_finds_signs_that_belong_to_an_address(searched: str) -> None:
    assert address_keys(searched)[0] == searched
