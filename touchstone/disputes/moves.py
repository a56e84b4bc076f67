"""What a party can do. Each move is one call of the engine; several go in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from touchstone.disputes.copying import Copy
    from touchstone.disputes.game import Element, Statement
    from touchstone.transcripts.evidence import Evidence
    from touchstone.transcripts.proofs import Chunks


@dataclass(frozen=True, slots=True)
class Enter:
    """The seats of a contested job become parties."""


@dataclass(frozen=True, slots=True)
class Describe:
    """Say what the input asks for."""


@dataclass(frozen=True, slots=True)
class State:
    """State one's transcript."""

    party: int
    statement: Statement


@dataclass(frozen=True, slots=True)
class Start:
    """Start a game."""

    a: int
    b: int


@dataclass(frozen=True, slots=True)
class Face:
    """Go on once both have stated."""

    a: int
    b: int
    of_a: Statement
    of_b: Statement


@dataclass(frozen=True, slots=True)
class Open:
    """Open children of either node, or of both; `record` where the game comes to a value."""

    a: int
    b: int
    children_a: tuple[bytes, ...]
    children_b: tuple[bytes, ...]
    record: Chunks


@dataclass(frozen=True, slots=True)
class OpenLeaf:
    """Show either chunk, or both."""

    a: int
    b: int
    chunk_a: bytes
    chunk_b: bytes


@dataclass(frozen=True, slots=True)
class PostParts:
    """Post partial results of one's side."""

    a: int
    b: int
    first: bool
    statement: Statement
    parts: tuple[int, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Narrow:
    """Go on to the first partial result that differs."""

    a: int
    b: int
    parts_a: tuple[int, ...]
    parts_b: tuple[int, ...]
    records: Chunks


@dataclass(frozen=True, slots=True)
class Convict:
    """Show that a side's element is not what its own transcript gives."""

    a: int
    b: int
    first: bool
    statement: Statement
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ConvictEnd:
    """The same for the input's copy, and for the output."""

    a: int
    b: int
    first: bool
    statement: Statement
    chunk: bytes
    input: Chunks
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ConvictStrong:
    """Show in one transaction that an element of a strong claim is not what its openings give."""

    party: int
    against: int
    output: Chunks
    element: Element
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class ConvictCopy:
    """The same for an element of a strong claim's copy of the input; see `ConvictEnd`."""

    party: int
    against: int
    output: Chunks
    element: Element
    copy: Copy
    input: Chunks
    evidence: Evidence


Conviction = ConvictStrong | ConvictCopy
"""What convicts without a game."""


@dataclass(frozen=True, slots=True)
class Announce:
    """Say by its hash, 32 bytes, what a challenger will convict a party with in a later block, so
    that nobody copies it."""

    party: int
    against: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class ConvictRefused:
    """Show that a party claims a result where the input breaks a rule."""

    party: int
    against: int


@dataclass(frozen=True, slots=True)
class ConvictTwin:
    """A party with the statement of one that was convicted loses as well."""

    convicted: int
    party: int


@dataclass(frozen=True, slots=True)
class Timeout:
    """End a game in which a clock has run out, or a side has lost."""

    a: int
    b: int


@dataclass(frozen=True, slots=True)
class SettleBond:
    """Take a challenger's bond back."""

    party: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Have paid out what the engine owes."""


Move = (
    Enter
    | Describe
    | State
    | Start
    | Face
    | Open
    | OpenLeaf
    | PostParts
    | Narrow
    | Convict
    | ConvictEnd
    | ConvictStrong
    | ConvictCopy
    | Announce
    | ConvictRefused
    | ConvictTwin
    | Timeout
    | SettleBond
    | Withdraw
)
