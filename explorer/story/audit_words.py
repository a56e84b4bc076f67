"""What happened when a job was audited, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.story.moments import utc
from explorer.story.pieces import Piece, Sentence, account, root, say, tokens
from touchstone.protocol.audits import AUDIT_ENDS, AUDITOR_SEAT

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.derive.records import Event
    from explorer.story.known import Known

AUDIT_REASONS = {
    "NotDrawn": "this one was not drawn",
    "NobodyFree": "nobody who could look was left",
    "TooLate": "nobody could have looked at it in time",
    "InputWithheld": "the auditor demanded the input on chain and it did not come",
    "Answered": "the job was undone or refuted meanwhile",
}
"""Why an audit ended without a report."""


def audit_due(event: Event, known: Known) -> Sentence:
    """`AuditDue`."""
    odds, block = event.number("odds"), event.text("seedBlock")
    if odds == 1:
        return say(f"An audit is due; the hash of block {block} names the auditor.")
    return say(
        f"One job in {odds} is audited: the hash of block {block} says whether this one is, and "
        "names the auditor."
    )


def auditor_drawn(event: Event, known: Known) -> Sentence:
    """`AuditorDrawn`."""
    until = (event.number("lockBucket") + 1) * known.bucket_seconds
    return say(
        "Drawn as auditor: ",
        account(event.text("auditor")),
        f", which must vouch for the result or dispute it. Its bond is locked until {utc(until)}.",
    )


def vouched(event: Event, known: Known) -> Sentence:
    """`Vouched`."""
    return say(
        "The auditor (",
        account(event.text("auditor")),
        ") vouched for the result with the seal ",
        root(event.text("seal")),
        f" and earned {tokens(event.number('fee'))}.",
    )


def audit_ended(event: Event, known: Known) -> Sentence:
    """`AuditEnded`."""
    number, row = event.number("reason"), known.jobs.get(event.text("job"))
    name = AUDIT_ENDS[number] if number < len(AUDIT_ENDS) else f"reason {number}"
    returned = tokens(event.number("returned"))
    whom: str | Piece = account(row.requester) if row else "the requester"
    parts: list[str | Piece] = [
        f"The audit is over: {audit_reason(name)}. {returned} went back to ",
        whom,
    ]
    auditor = known.account_of(event, AUDITOR_SEAT)
    if name == "InputWithheld" and auditor is not None:
        parts += [", the rest to the auditor (", account(auditor), ") as a reservation fee"]
    return say(*parts, ".")


def audit_reason(reason: str) -> str:
    """Why an audit ended without a report; an unknown reason is shown as it is named."""
    return AUDIT_REASONS.get(reason, reason)


WORDS: dict[str, Callable[[Event, Known], Sentence]] = {
    "AuditDue": audit_due,
    "AuditorDrawn": auditor_drawn,
    "Vouched": vouched,
    "AuditEnded": audit_ended,
}
"""By the event's name. `AuditorFailed` is told as the failure of a seat is."""
