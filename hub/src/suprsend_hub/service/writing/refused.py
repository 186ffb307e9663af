"""What the log of rejected records keeps of them: few entries for one edit, and each of them short. Pure."""

from collections.abc import Sequence

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.limits import MAX_LOGGED_BYTES, MAX_LOGGED_REFUSALS
from suprsend_hub.domain.refusal import Refusal
from suprsend_hub.service.writing.batch import json_text


def logged(refusals: Sequence[Refusal]) -> Sequence[Refusal]:
    """Return the refusals of one edit that are logged: the first ones, and one that counts the rest."""
    if len(refusals) <= MAX_LOGGED_REFUSALS:
        return refusals
    listed = refusals[: MAX_LOGGED_REFUSALS - 1]
    rest = refusals[len(listed) :]
    count = sum(refusal.count for refusal in rest)
    message = f"{count} more parts of the edit were rejected; they are not listed"
    return [*listed, Refusal(Code.MORE_REFUSALS, "", message, None, ignorable=True, count=count)]


def cut_record(record: object) -> str:
    """Return the record as JSON text; for a long record, a JSON string of its beginning."""
    text = json_text(record)
    encoded = text.encode()
    if len(encoded) <= MAX_LOGGED_BYTES:
        return text
    return json_text(encoded[: MAX_LOGGED_BYTES // 2].decode(errors="ignore") + "…")
