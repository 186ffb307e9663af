"""An edit with all methods that the SDKs have, for the scripts of this folder."""

from __future__ import annotations

from typing import Any


def every_method(edit: Any) -> Any:
    """Call every method by which an edit of a user or an object changes something, in every form; return the edit."""
    edit.set("name", "Marge")
    edit.set({"plan": "pro", "nested": {"a": [1, 2.5, None, True, "ü"]}})
    edit.set_once("first", "kept")
    edit.set_once({"first": "ignored", "second": 2})
    edit.increment("logins", 5)
    edit.increment({"logins": -2, "score": 1.5})
    edit.append("tags", "a")
    edit.append("tags", "b")
    edit.append({"tags": "c"})
    edit.remove("tags", "b")
    edit.set("gone", 1)
    edit.set({"gone1": 1, "gone2": 2})
    edit.unset("gone")
    edit.unset(["gone1", "gone2"])
    edit.set_preferred_language("en")
    edit.set_locale("en_GB")
    edit.set_timezone("America/New_York")
    edit.add_email("marge@example.com")
    edit.add_email("other@example.com")
    edit.remove_email("other@example.com")
    edit.add_sms("+15550100042")
    edit.add_sms("+15550100043")
    edit.remove_sms("+15550100043")
    edit.add_whatsapp("+15550100042")
    edit.add_whatsapp("+15550100043")
    edit.remove_whatsapp("+15550100043")
    edit.add_androidpush("android-1")
    edit.add_androidpush("android-2", "fcm")
    edit.remove_androidpush("android-2", "fcm")
    edit.add_iospush("ios-1", "apns")
    edit.add_iospush("ios-2")
    edit.remove_iospush("ios-2")
    webpush = {"endpoint": "https://push.example.com/1", "expirationTime": None, "keys": {"p256dh": "p", "auth": "a"}}
    edit.add_webpush(webpush, "vapid")
    edit.add_webpush(dict(webpush, endpoint="https://push.example.com/2"))
    edit.remove_webpush(dict(webpush, endpoint="https://push.example.com/2"))
    edit.add_slack({"email": "marge@example.com", "access_token": "xoxb-1"})
    edit.add_slack({"user_id": "U1", "access_token": "xoxb-1"})
    edit.remove_slack({"user_id": "U1", "access_token": "xoxb-1"})
    edit.add_ms_teams({"tenant_id": "t", "service_url": "https://teams.example.com", "user_id": "29:1"})
    edit.add_ms_teams({"incoming_webhook": {"url": "https://hook.example.com/1"}})
    edit.remove_ms_teams({"incoming_webhook": {"url": "https://hook.example.com/1"}})
    return edit
