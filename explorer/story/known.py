"""What the words about an event need besides the event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from explorer.derive.money import Kind
from explorer.derive.records import failed_seat
from explorer.story.places import Extent
from touchstone.protocol.audits import AUDITOR_SEAT
from touchstone.protocol.jobs import FAILURES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from explorer.database.tables import (
        BriefRow,
        ConvictionRow,
        EntryRow,
        JobRow,
        LossRow,
        OpeningRow,
        PartyRow,
        SeatRow,
    )
    from explorer.derive.records import Event

FAILURE_WORDS = {
    "NoShow": "was silent",
    "Withheld": "withheld its result",
    "Equivocated": "signed two statements",
    "Guilty": "was found guilty",
    "OutputWithheld": "withheld the output",
    "InputWithheld": "did not hand the input to the auditor",
    "NotComputed": "vouched for what it had not computed",
}
"""Why a seat's provider or an auditor failed, in few words."""


@dataclass(frozen=True, slots=True)
class Slash:
    """What became of a slot's bond.

    Attributes:
        place: of the vault's event.
        bond: all of it, in base units.
        burned: what left circulation.
        back: what stayed the provider's.
        paid: what others got: kind, account and amount.
    """

    place: tuple[int, int]
    bond: int
    burned: int
    back: int
    paid: Sequence[tuple[Kind, str, int]]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about the jobs that events mention.

    Attributes:
        bucket_seconds: length of a lock bucket.
        jobs: by id.
        seats: by job and seat.
        auditors: who was drawn as an auditor, by job: the event's place and the account, in order.
        slashes: by the place of the `SeatFailed` or `AuditorFailed` that brought them about.
        labels: names of models, by id.
        parties: of disputes, by job and number.
        briefs: what disputed inputs ask for, by job.
        openings: whose nodes were opened, by the place of the event.
        convictions: by the place of the event.
        losses: of disputes, by the place of the event.
        operators: names of a program's operators, by job, where the program is known.
    """

    bucket_seconds: int
    jobs: Mapping[str, JobRow] = field(default_factory=dict)
    seats: Mapping[tuple[str, int], SeatRow] = field(default_factory=dict)
    auditors: Mapping[str, Sequence[tuple[tuple[int, int], str]]] = field(default_factory=dict)
    slashes: Mapping[tuple[int, int], Slash] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    parties: Mapping[tuple[str, int], PartyRow] = field(default_factory=dict)
    briefs: Mapping[str, BriefRow] = field(default_factory=dict)
    openings: Mapping[tuple[int, int], OpeningRow] = field(default_factory=dict)
    convictions: Mapping[tuple[int, int], ConvictionRow] = field(default_factory=dict)
    losses: Mapping[tuple[int, int], LossRow] = field(default_factory=dict)
    operators: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def job_of(self, event: Event) -> str | None:
        """The job that an event is about: openings name none."""
        if "job" in event.args:
            return event.text("job")
        opening = self.openings.get(event.place)
        return None if opening is None else opening.job

    def account_of(self, event: Event, seat: int) -> str | None:
        """Who had a seat of the event's job, or was its auditor when the event happened."""
        job = event.text("job")
        if seat == AUDITOR_SEAT:
            drawn = [who for place, who in self.auditors.get(job, ()) if place <= event.place]
            return drawn[-1] if drawn else None
        row = self.seats.get((job, seat))
        return None if row is None else row.account

    def extent(self, job: str) -> Extent:
        """How much there is of a disputed job's transcripts."""
        return Extent.of(self.briefs.get(job), self.operators.get(job, ()))


def failure_name(number: int) -> str:
    """The name of a `IMarketTypes.Failure`."""
    return FAILURES[number] if number < len(FAILURES) else f"failure {number}"


def pair_slashes(
    events: Sequence[Event], entries: Sequence[EntryRow]
) -> dict[tuple[int, int], Slash]:
    """The slash of each `SeatFailed` and `AuditorFailed` that had one, by that event's place.

    Args:
        events: of some jobs, in order.
        entries: of the same jobs, in order.
    """
    failures = [event for event in events if event.name in ("SeatFailed", "AuditorFailed")]
    found = {}
    for bond in entries:
        if bond.kind != Kind.BOND:
            continue
        causes = [
            failure.place
            for failure in failures
            if failure.text("job") == bond.job
            and failed_seat(failure) == bond.seat
            and failure.block == bond.block
            and failure.log_index < bond.log_index
        ]
        if causes:
            found[causes[-1]] = _slash(bond, causes[-1], entries)
    return found


def _slash(bond: EntryRow, cause: tuple[int, int], entries: Sequence[EntryRow]) -> Slash:
    parts = [
        entry
        for entry in entries
        if entry.job == bond.job
        and entry.seat == bond.seat
        and cause < (entry.block, entry.log_index) <= (bond.block, bond.log_index)
    ]
    given = (Kind.REFUND_SLICE, Kind.COMPENSATION, Kind.BOUNTY)
    return Slash(
        place=(bond.block, bond.log_index),
        bond=bond.amount,
        burned=sum(entry.amount for entry in parts if entry.kind == Kind.BURNED),
        back=sum(entry.amount for entry in parts if entry.kind == Kind.BOND_BACK),
        paid=[
            (Kind(entry.kind), entry.account, entry.amount)
            for entry in parts
            if entry.kind in given and entry.account is not None
        ],
    )
