"""Where in two transcripts a game stands, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from explorer.story.pieces import clipped, counted
from touchstone.disputes.game import FIRST_CHALLENGER, Stage
from touchstone.protocol.audits import AUDITOR_SEAT
from touchstone.protocol.merkle import chunk_count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from explorer.database.tables import BriefRow, GameRow, OpeningRow


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a transcript, or of an output: as in `IDisputeTypes.Game`."""

    stage: int
    height: int
    index: int
    sequence: int
    position: int
    value: int
    size: int
    start: int = 0
    stop: int = 0

    @classmethod
    def of_event(cls, game: Mapping[str, Any]) -> Place:
        """Where a `Descended` says that a game stands."""
        names = ("stage", "height", "index", "sequence", "position", "value", "size", "from", "to")
        return cls(*(int(game[name]) for name in names))

    @classmethod
    def of_game(cls, row: GameRow) -> Place:
        """Where a game stood."""
        stands = (row.height, row.index, row.sequence, row.position, row.value, row.size)
        return cls(row.stage, *stands, row.start, row.stop)

    @classmethod
    def of_opening(cls, row: OpeningRow) -> Place | None:
        """What was opened, where that is known."""
        if row.stage is None:
            return None
        numbers = (row.height, row.index, row.sequence, row.position, row.value, row.size)
        return cls(row.stage, *(number or 0 for number in numbers))


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is of a job's transcripts.

    Attributes:
        sequences: of the input.
        positions: of each sequence, where transcripts are laid down position by position.
        values: of each sequence, or position: the input's copy, and what each operator writes.
        operators: names of the operators, where their program is known.
    """

    sequences: int | None = None
    positions: Sequence[int] | None = None
    values: int | None = None
    operators: Sequence[str] = ()

    @classmethod
    def of(cls, brief: BriefRow | None, operators: Sequence[str] = ()) -> Extent:
        """Of a job with this brief."""
        if brief is None:
            return cls(operators=operators)
        lengths = positions_of(brief.lengths)
        return cls(len(lengths), lengths if brief.causal else None, brief.operators + 1, operators)


def place_words(place: Place, extent: Extent) -> str:
    """A part of a transcript or of an output, as a noun."""
    within = within_words(place.sequence, place.position, extent)
    value = f"{value_words(place.value, extent)} {within}"
    chunks = chunk_count(place.size) if place.size else None
    match place.stage:
        case Stage.STATING:
            return "the statements"
        case Stage.SEQUENCES:
            return _range(place, "sequence", extent.sequences, "the transcript")
        case Stage.POSITIONS:
            count = None if extent.positions is None else extent.positions[place.sequence]
            part = _range(place, "position", count, "")
            whole = f"sequence {place.sequence}"
            return f"{part} of {whole}" if part else whole
        case Stage.VALUES:
            part = _range(place, "value", extent.values, "")
            return f"{part} {within}" if part else within.removeprefix("of ").removeprefix("at ")
        case Stage.CHUNKS:
            part = _range(place, "chunk", chunks, "")
            return f"{part} of {value}" if part else value
        case Stage.LEAF:
            return f"chunk {place.index} of {value}"
        case Stage.OUTPUT:
            part = _range(place, "chunk", chunks, "")
            return f"{part} of the output" if part else "the output"
        case Stage.OUTPUT_LEAF:
            return f"chunk {place.index} of the output"
        case Stage.OUTPUT_ELEMENT:
            return f"word {place.index} of the output"
    element = f"element {place.index} of {value}"
    return f"{part_words(place.start, place.stop)} of {element}" if place.stop else element


def within_words(sequence: int, position: int, extent: Extent) -> str:
    """What an element stands in: a sequence, of causal programs a position of one."""
    if extent.positions is None:
        return f"of sequence {sequence}"
    return f"at position {position} of sequence {sequence}"


def positions_of(lengths: str) -> list[int]:
    """Positions of each sequence, from two bytes each in hex."""
    data = bytes.fromhex(lengths[2:])
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def part_words(start: int, stop: int) -> str:
    """A partial result of a long sum."""
    return f"the partial result over terms {start} to {stop - 1}"


def value_words(value: int, extent: Extent) -> str:
    """A value by its number, and by the operator that writes it where that is known."""
    if value == 0:
        return "value 0 (the input)"
    if value <= len(extent.operators):
        return f"value {value} ({clipped(extent.operators[value - 1])})"
    return f"value {value}"


def party_name(number: int) -> str:
    """`seat 1`, `the auditor`, `challenger 8`."""
    if number == AUDITOR_SEAT:
        return "the auditor"
    return f"{'seat' if number < FIRST_CHALLENGER else 'challenger'} {number}"


def seat_name(number: int) -> str:
    """`1`, `auditor`: in a column of seats."""
    return "auditor" if number == AUDITOR_SEAT else str(number)


def _range(place: Place, noun: str, count: int | None, whole: str) -> str:
    """What a node covers; `whole` where that is all."""
    first, last = place.index << place.height, ((place.index + 1) << place.height) - 1
    if count is not None:
        if first == 0 and last >= count - 1:
            return whole
        last = min(last, count - 1)
    return f"{noun} {first}" if first == last else f"{counted(0, noun)[2:]} {first} to {last}"
