"""What the dispute engine knows. Twins of the structs in `contracts/dispute`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import TYPE_CHECKING, Any

from eth_utils.crypto import keccak

from touchstone.programs.program import InputKind

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST_CHALLENGER = 8
"""Parties below are seats of the job, the last an auditor that vouched; from here on challengers
with a bond."""
PARTS = 64
"""A long reduction is cut into so many partial results at most."""


class Stage(IntEnum):
    """Where a game stands; see `contracts/dispute/IDisputeTypes.sol`."""

    NONE = 0
    STATING = 1
    SEQUENCES = 2
    POSITIONS = 3
    VALUES = 4
    CHUNKS = 5
    LEAF = 6
    OUTPUT = 7
    OUTPUT_LEAF = 8
    ELEMENT = 9
    OUTPUT_ELEMENT = 10
    PARTS = 11
    OVER = 12


TREES = (Stage.SEQUENCES, Stage.POSITIONS, Stage.VALUES, Stage.CHUNKS, Stage.OUTPUT)
"""Stages in which both sides open children."""
LEAVES = (Stage.LEAF, Stage.OUTPUT_LEAF)
"""Stages in which both sides show a chunk."""

_BRIEF = Struct(">32s32s32s32sIQIIQIB????")


@dataclass(frozen=True, slots=True)
class Statement:
    """The two halves of a transcript, 32 bytes each: the node over all its sequences, and the top
    of the tree over its output's bytes."""

    body: bytes
    output_top: bytes

    def as_abi(self) -> tuple[bytes, bytes]:
        """As contract calls take it."""
        return (self.body, self.output_top)


@dataclass(frozen=True, slots=True)
class Party:
    """Who claims an output of a job, by contract field."""

    account: str
    entered_at: int
    stated_at: int
    lost: bool
    proven: bool
    lost_to: int
    left: bool
    output: bytes
    statement: bytes


@dataclass(frozen=True, slots=True)
class Contest:
    """A contest as the engine keeps it, by contract field; the winner by account."""

    ends_at: int
    games: int
    parties: int
    live: int
    first: int
    seats: int
    guilty: int
    agreed: bool
    refused: bool
    contested: bytes
    brief: bytes


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a transcript, by contract field: of a whole sequence, or in a causal program of
    one position."""

    sequence: int
    position: int
    value: int
    index: int

    def as_abi(self) -> tuple[int, int, int, int]:
        """As contract calls take it."""
        return (self.sequence, self.position, self.value, self.index)


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A node of a transcript: in the tree over its `sequences`, over the `positions` of one, over
    their `values`, or over the `chunks` of one, where that of height 0 is the chunk itself."""

    tree: str
    sequence: int
    position: int
    value: int
    height: int
    index: int


@dataclass(frozen=True, slots=True)
class Game:
    """A game as the engine keeps it, by contract field."""

    stage: Stage
    height: int
    index: int
    sequence: int
    value: int
    since: int
    clock_a: int
    clock_b: int
    size: int
    node_a: bytes
    node_b: bytes
    position: int
    start: int
    stop: int
    posted_a: int
    posted_b: int
    closed: bool
    part_a: int
    part_b: int

    @classmethod
    def at_start(cls) -> Game:
        """A game that nobody has moved in, without clocks."""
        nothing = bytes(32)
        nodes = (nothing, nothing)
        return cls(Stage.STATING, 0, 0, 0, 0, 0, 0, 0, 0, *nodes, 0, 0, 0, 0, 0, False, 0, 0)

    @classmethod
    def from_abi(cls, fields: Sequence[Any]) -> Game:
        """A game as the contract returns it."""
        return cls(Stage(fields[0]), *fields[1:])

    @property
    def element(self) -> Element:
        """The element at which the game stands, in its last stages."""
        return Element(self.sequence, self.position, self.value, self.index)

    def node(self, first: bool) -> bytes:
        """The node at which a side stands."""
        return self.node_a if first else self.node_b

    def clock(self, first: bool) -> int:
        """Seconds that a side has left."""
        return self.clock_a if first else self.clock_b

    def posted(self, first: bool) -> int:
        """Unix time at which a side posted its parts; 0 before."""
        return self.posted_a if first else self.posted_b


@dataclass(frozen=True, slots=True)
class Brief:
    """What order, input and program say together about every transcript, by contract field.

    Twin of `contracts/dispute/Brief.sol`, where the form of its bytes stands.
    """

    job: bytes
    program: bytes
    operators: int
    salt: bytes
    input_bytes: int
    input_top: bytes
    output_value: int
    output_width: int
    output_per_position: bool
    output_bytes: int
    input_kind: int
    input_width: int
    causal: bool
    strong: bool
    lengths: bytes
    prompts: bytes
    refused: bool

    @classmethod
    def from_abi(cls, encoded: bytes) -> Brief:
        """A brief as the contract's event gives it."""
        (
            job,
            program,
            salt,
            input_top,
            operators,
            input_bytes,
            output_value,
            output_width,
            output_bytes,
            input_width,
            input_kind,
            causal,
            output_per_position,
            strong,
            refused,
        ) = _BRIEF.unpack_from(encoded)
        # There are as many prompts as sequences, and both have two bytes.
        prompted = input_kind == InputKind.PROMPT
        end = (_BRIEF.size + len(encoded)) // 2 if prompted else len(encoded)
        return cls(
            job=job,
            program=program,
            operators=operators,
            salt=salt,
            input_bytes=input_bytes,
            input_top=input_top,
            output_value=output_value,
            output_width=output_width,
            output_per_position=output_per_position,
            output_bytes=output_bytes,
            input_kind=input_kind,
            input_width=input_width,
            causal=causal,
            strong=strong,
            lengths=encoded[_BRIEF.size : end],
            prompts=encoded[end:],
            refused=refused,
        )

    def as_abi(self) -> bytes:
        """As contract calls take it."""
        fixed = _BRIEF.pack(
            self.job,
            self.program,
            self.salt,
            self.input_top,
            self.operators,
            self.input_bytes,
            self.output_value,
            self.output_width,
            self.output_bytes,
            self.input_width,
            self.input_kind,
            self.causal,
            self.output_per_position,
            self.strong,
            self.refused,
        )
        return fixed + self.lengths + self.prompts

    @property
    def count(self) -> int:
        """Sequences of the transcript."""
        return len(self.lengths) // 2

    def length(self, sequence: int) -> int:
        """Positions of a sequence."""
        return _at(self.lengths, sequence)

    def prompt(self, sequence: int) -> int:
        """Tokens of a prompt; 0 where the program reads none."""
        return _at(self.prompts, sequence)

    def hash(self) -> bytes:
        """What the engine keeps of it, 32 bytes."""
        return keccak(self.as_abi())


def _at(lengths: bytes, index: int) -> int:
    return int.from_bytes(lengths[2 * index : 2 * index + 2], "big")


def levels_of(height: int) -> int:
    """Levels that one opening goes down: as many rounds as needed, of equal size."""
    rounds = -(-height // 6)
    return -(-height // rounds)
