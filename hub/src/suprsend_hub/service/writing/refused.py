"""What the log of rejected records keeps of them: few entries for one edit, and each of them short. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from uuid import UUID

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.limits import MAX_LOGGED_BYTES, MAX_LOGGED_REFUSALS
from suprsend_hub.domain.masking import mask_secrets
from suprsend_hub.domain.records import RejectedRow
from suprsend_hub.domain.refusal import Refusal
from suprsend_hub.service.writing.edit import RejectedRecord
from suprsend_hub.service.writing.group import Entry, Group, json_text
from suprsend_hub.service.writing.linking import loss


def rows_of(
    groups: Iterable[Group], rejects: Iterable[RejectedRecord], new_id: Callable[[], UUID]
) -> Iterator[RejectedRow]:
    """Return the rows for records that are not edits, and for what was refused of the edits of a batch."""
    for reject in rejects:
        yield RejectedRow(
            reject.key, new_id(), reject.code, "", reject.message, cut_record(reject.record), reject.actor.source
        )
    for group in groups:
        for entry in group.entries:
            for refusal in (*_losses(entry), *(logged(entry.logged()) if entry.refusals else ())):
                yield RejectedRow(
                    group.key, new_id(), refusal.code, refusal.key, refusal.message, cut_record(refusal.operation),
                    entry.edit.actor.source,
                )  # fmt: skip


def _losses(entry: Entry) -> Sequence[Refusal]:
    """Return why the edit is lost as a whole, though its operations could be applied."""
    error = loss(entry)
    return [] if error is None else [Refusal(error.code, "", error.message, mask_secrets(entry.edit.operations))]


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
