"""One nonce and what it is used for. Nothing here does input or output."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from touchstone.chain.outbox.fees import Fees


class State(StrEnum):
    """What has become of an intent."""

    INTENDED = "intended"
    """Stored; no node is known to have it."""
    BROADCAST = "broadcast"
    """A node has taken it."""
    MINED = "mined"
    """Done on chain."""
    FAILED = "failed"
    """On chain, where the contract refused it."""
    ABANDONED = "abandoned"
    """Its nonce was spent otherwise; what was intended is not done."""


class Objection(StrEnum):
    """What a node has against the last attempt."""

    NONE = ""
    PRICE = "price"
    """It must offer more."""
    RULE = "rule"
    """It will never do."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed transaction.

    Attributes:
        hash: its hash, with 0x.
        raw: its signed bytes.
        fees: what it offers.
        cancels: it does nothing but spend the nonce.
    """

    hash: str
    raw: bytes
    fees: Fees
    cancels: bool = False


@dataclass(frozen=True, slots=True)
class Mined:
    """Which attempt is in which block.

    Attributes:
        hash: the transaction's, with 0x.
        block: its block's number.
        ok: whether the call succeeded.
    """

    hash: str
    block: int
    ok: bool


@dataclass(frozen=True, slots=True)
class Row:
    """An intent at its nonce.

    Attributes:
        nonce: the account's, of all attempts.
        key: the caller's name for the intent: one name is done once. None for one that has none,
            which is never given another nonce.
        to: the address called; None where a contract is created.
        data: the call's bytes.
        value: wei that go with it.
        gas: its limit.
        attempts: all that was signed, oldest first; never empty. Any of them may be mined.
        since: seconds since 1970 of the last attempt, or of the reorganisation that dropped one.
        state: what has become of it.
        mined: where it was mined; None where it was not, or where another's transaction took the
            nonce.
        reason: why it failed, was abandoned or waits; empty where there is nothing to say.
        final: nothing about it will change any more.
        objection: what the node has against the last attempt.
    """

    nonce: int
    key: str | None
    to: str | None
    data: bytes
    value: int
    gas: int
    attempts: tuple[Attempt, ...]
    since: float
    state: State = State.INTENDED
    mined: Mined | None = None
    reason: str = ""
    final: bool = False
    objection: Objection = Objection.NONE

    @property
    def last(self) -> Attempt:
        """The newest attempt."""
        return self.attempts[-1]

    @property
    def ended(self) -> bool:
        """Whether it is known what became of it, as far as the newest block tells."""
        return self.state in (State.MINED, State.FAILED, State.ABANDONED)

    def taken(self) -> Row:
        """A node has the last attempt."""
        return replace(self, state=State.BROADCAST, objection=Objection.NONE)

    def refused(self, objection: Objection, why: str) -> Row:
        """A node does not take the last attempt."""
        return replace(self, objection=objection, reason=why)

    def waiting(self, why: str) -> Row:
        """Nothing can be done now."""
        return replace(self, reason=why)

    def tried(self, attempt: Attempt, now: float, why: str) -> Row:
        """Another attempt is signed."""
        attempts = (*self.attempts, attempt)
        return replace(self, attempts=attempts, since=now, objection=Objection.NONE, reason=why)

    def found(self, mined: Mined, final: bool) -> Row:
        """An attempt is in a block."""
        attempt = next(a for a in self.attempts if a.hash == mined.hash)
        state, reason = State.MINED, ""
        if attempt.cancels:
            state, reason = State.ABANDONED, self.reason
        elif not mined.ok:
            state, reason = State.FAILED, "the contract refused it in the block"
        return replace(self, state=state, mined=mined, reason=reason, final=final)

    def dropped(self, now: float) -> Row:
        """A reorganisation took it out of the chain."""
        return replace(
            self,
            state=State.BROADCAST,
            mined=None,
            reason="a reorganisation dropped it",
            since=now,
            final=False,
        )

    def undone(self) -> Row:
        """It counted as irrevocable, and its nonce is free again: it has to be looked after."""
        return replace(self, final=False)

    def settled(self) -> Row:
        """What became of it is irrevocable."""
        return replace(self, final=True)

    def lost(self, why: str) -> Row:
        """Another's transaction has its nonce, irrevocably."""
        return replace(self, state=State.ABANDONED, mined=None, reason=why, final=True)
