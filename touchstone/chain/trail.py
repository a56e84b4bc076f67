"""Which chain one follows, and from where it has branched off: block hashes kept on the way.

An RPC endpoint may one day serve another chain, an older head, or a branch that took the place of
what was read. Whoever remembers a few blocks can tell these apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from web3.exceptions import BlockNotFound

from touchstone.errors import WrongChainError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from web3 import Web3


@dataclass(frozen=True, slots=True)
class Mark:
    """A block that was seen: its number and its hash, 32 bytes."""

    number: int
    hash: bytes


def newest_standing(marks: Sequence[Mark], hash_at: Callable[[int], bytes | None]) -> Mark:
    """The newest of the marks, oldest first, whose block is still in the chain.

    Raises:
        WrongChainError: none is.
    """
    for mark in reversed(marks):
        if hash_at(mark.number) == mark.hash:
            return mark
    raise WrongChainError(
        f"the endpoint serves another chain: block {marks[0].number} is not "
        f"0x{marks[0].hash.hex()} there"
    )


def thinned(marks: Sequence[Mark], head: int) -> list[Mark]:
    """Few marks that reach far: the first, the last, and one for each doubling of the distance.

    Of several at about one distance the oldest is kept, so that marks grow old.
    """
    kept: list[Mark] = []
    distance_bits: set[int] = set()
    for mark in marks:
        bits = max(0, head - mark.number).bit_length()
        if not kept or mark is marks[-1] or bits not in distance_bits:
            kept.append(mark)
            distance_bits.add(bits)
    return kept


def hash_of(w3: Web3, number: int) -> bytes | None:
    """The hash of a block of the chain, None where the endpoint has no such block."""
    try:
        return bytes(w3.eth.get_block(number)["hash"])
    except BlockNotFound:
        return None


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the chain found.

    Attributes:
        head: the newest block.
        time: its Unix time.
        since: the newest block known before that still stands: whatever was read after it may
            have changed.
        behind: whether the endpoint only serves an older head than was seen before.
        branched: whether blocks that were seen before are no longer in the chain.
    """

    head: Mark
    time: int
    since: int
    behind: bool
    branched: bool


class Trail:
    """The blocks that one process has seen of one chain. Not safe to use from threads."""

    def __init__(self, w3: Web3, marks: Sequence[Mark]) -> None:
        """Goes on from the marks, oldest first; the first of them identifies the chain for ever."""
        if not marks:
            raise ValueError("a trail begins with a block")
        self._w3 = w3
        self.marks = list(marks)

    def require_same_chain(self) -> None:
        """Raises WrongChainError where the endpoint now serves another chain."""
        newest_standing(self.marks[:1], lambda number: hash_of(self._w3, number))

    def look(self) -> Look:
        """Where the chain is now; changes nothing.

        Raises:
            WrongChainError: the endpoint serves another chain.
        """
        # An endpoint that has shown another chain's higher blocks would seem to lag for ever.
        believe = getattr(self._w3.provider, "believe", None)
        if believe is not None:
            believe(self.marks[-1].number)
        block = self._w3.eth.get_block("latest")
        head = Mark(block["number"], bytes(block["hash"]))
        time, last = block["timestamp"], self.marks[-1]
        if head == last:
            return Look(head, time, head.number, behind=False, branched=False)
        reached = [mark for mark in self.marks if mark.number <= head.number]
        if not reached:
            raise WrongChainError(
                f"the endpoint serves another chain: it ends at block {head.number}, before "
                f"block {self.marks[0].number}"
            )
        since = newest_standing(reached, lambda number: hash_of(self._w3, number))
        behind = reached[-1] is not last and since is reached[-1]
        branched = not behind and since is not last
        return Look(head, time, since.number, behind=behind, branched=branched)

    def saw(self, look: Look) -> None:
        """Keeps what a look found, once all that it led to has been done."""
        if look.behind:
            return
        standing = [mark for mark in self.marks if mark.number <= look.since]
        if standing[-1] != look.head:
            standing.append(look.head)
        self.marks = thinned(standing, look.head.number)
