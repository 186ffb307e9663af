"""The lines of Python that an edit form shows are the edit: run with our SDK they make the very same operations."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import suprsend
from suprsend_hub.console.recipient.edit_forms import draft
from suprsend_hub.console.recipient.snippets import literal, python_lines
from suprsend_hub.domain.fold import fold
from suprsend_hub.domain.profile import Profile
from suprsend_hub.domain.recipient import RecipientKey

FORMS = [
    {"do": "add_channel", "channel": "$email", "value": "ann@example.com"},
    {"do": "add_channel", "channel": "$sms", "value": "+15550100100"},
    {"do": "add_channel", "channel": "$whatsapp", "value": "+15550100100"},
    {"do": "add_channel", "channel": "$androidpush", "value": "token", "provider": "xiaomi"},
    {"do": "add_channel", "channel": "$iospush", "value": "token"},
    {
        "do": "add_channel",
        "channel": "$webpush",
        "value": '{"endpoint": "https://p.example", "keys": {"p256dh": "a", "auth": "b"}}',
    },
    {"do": "add_channel", "channel": "$slack", "value": '{"channel_id": "C1", "access_token": "xoxb-1"}'},
    {"do": "add_channel", "channel": "$ms_teams", "value": '{"conversation_id": "19:x"}'},
    {"do": "set_property", "key": "text", "value": 'it\'s "quoted"\n\\ \u202e é'},
    {"do": "set_property", "key": "number", "kind": "number", "value": "-1.5e3"},
    {"do": "set_property", "key": "flag", "kind": "true or false", "value": "false"},
    {"do": "set_property", "key": "deep", "kind": "JSON", "value": '{"a": [1, {"b": null}], "c": true}'},
    {"do": "set_property", "key": "nothing", "kind": "JSON", "value": "null"},
    {"do": "unset_property", "key": "text"},
    {"do": "set_language", "language": "de", "locale": "de_AT", "timezone": "Europe/Vienna"},
    {"do": "set_language", "language": "", "locale": "", "timezone": ""},
]
KEYS = [RecipientKey.user(1, 'an"n'), RecipientKey(1, "teams", "red/1")]
STORED = Profile({"text": "old", "$timezone": "UTC"})


def run(lines: list[str]) -> list[Any]:
    """Execute the lines with a client that keeps the edit instead of sending it; returns its operations."""
    client = suprsend.Suprsend("key", "secret", base_url="http://127.0.0.1:1/")
    kept: list[Any] = []
    faces = {
        name: SimpleNamespace(get_edit_instance=getattr(client, name).get_edit_instance, edit=kept.append)
        for name in ("users", "objects")
    }
    exec("\n".join(lines), {"supr_client": SimpleNamespace(**faces)})
    [edit] = kept
    return list(edit.operations)


@pytest.mark.parametrize("key", KEYS, ids=["user", "object"])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form['do']}-{form.get('channel', form.get('key', ''))}")
def test_the_lines_make_the_operations_that_the_form_sends(key: RecipientKey, form: dict[str, str]) -> None:
    drafted = draft(form["do"], form, STORED)
    assert drafted.errors == {}
    assert drafted.operations
    assert run(python_lines(key, drafted.operations)) == drafted.operations


def test_removals_make_the_same_operations_too() -> None:
    from suprsend_hub.console.recipient.secrets import shown_channels

    profile = STORED
    for form in FORMS[:8]:
        profile = fold(profile, draft(form["do"], form, profile).operations).profile
    marks = [shown.mark for each in shown_channels(profile).values() for shown in each]
    assert len(marks) == 8
    for mark in marks:
        operations = draft("remove_channel", {"mark": mark}, profile).operations
        assert run(python_lines(KEYS[0], operations)) == operations


def test_literals_are_python() -> None:
    for value in (None, True, 1.5, "a\x00\"'\\", ["x", {"y": [None]}], {}):
        assert eval(literal(value)) == value
