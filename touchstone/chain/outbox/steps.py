"""What to do next about a row: a pure function of the row and of what the chain shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from touchstone.chain.outbox.fees import Fees, raised_fees
from touchstone.chain.outbox.rows import Objection

if TYPE_CHECKING:
    from touchstone.chain.outbox.policy import Policy
    from touchstone.chain.outbox.rows import Mined, Row


@dataclass(frozen=True, slots=True)
class View:
    """What the chain shows about one row. The nonces are read before receipt and pool.

    Attributes:
        mined_nonce: transactions of the account up to the newest block.
        final_nonce: and up to the newest irrevocable block.
        final_block: the number of that block; negative where there is none.
        receipt: of whichever attempt is in a block.
        known: whether the node has any attempt, in a block or waiting.
        base_fee: the newest block's, in wei.
        priority: fee that the node suggests, in wei.
        refusal: why the contract would refuse the call now; empty where it would not, None where
            nobody has asked.
    """

    mined_nonce: int
    final_nonce: int
    final_block: int
    receipt: Mined | None
    known: bool
    base_fee: int
    priority: int
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be done now."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Send the last attempt's bytes, once more."""


@dataclass(frozen=True, slots=True)
class Replace:
    """Sign the call anew with these fees."""

    fees: Fees


@dataclass(frozen=True, slots=True)
class Cancel:
    """Spend the nonce on nothing, with these fees."""

    fees: Fees
    why: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Find out whether the contract would refuse the call now."""


@dataclass(frozen=True, slots=True)
class Record:
    """An attempt is in a block."""

    mined: Mined


@dataclass(frozen=True, slots=True)
class Reopen:
    """A reorganisation dropped the block it was in."""


@dataclass(frozen=True, slots=True)
class Finish:
    """What became of it is irrevocable."""


@dataclass(frozen=True, slots=True)
class Abandon:
    """Another's transaction has the nonce, irrevocably; the intent has no name."""

    why: str


@dataclass(frozen=True, slots=True)
class Requeue:
    """As `Abandon`, but the intent is safe to be done at another nonce."""

    why: str


Action = Wait | Broadcast | Replace | Cancel | Ask | Record | Reopen | Finish | Abandon | Requeue


def next_step(row: Row, view: View, now: float, policy: Policy) -> Action:
    """What to do about a row that is not final.

    That nothing is done twice rests on two rules: all attempts share one nonce, and an intent moves
    to another nonce only when another's transaction has spent this one irrevocably.

    Args:
        row: what is stored.
        view: what the chain shows.
        now: seconds since 1970.
        policy: how patient and generous to be.
    """
    if view.receipt is not None:
        if row.mined != view.receipt:
            return Record(view.receipt)
        return Finish() if view.receipt.block <= view.final_block else Wait(row.reason)
    if row.mined is not None:
        return Reopen()
    if view.mined_nonce > row.nonce:
        return _without_nonce(row, view)
    return _pending(row, view, now, policy)


def _without_nonce(row: Row, view: View) -> Action:
    if view.known:
        return Wait("mined; its receipt is not there yet")
    if view.final_nonce <= row.nonce:
        return Wait(f"another transaction took nonce {row.nonce}, but not irrevocably yet")
    why = f"another transaction took nonce {row.nonce}: this key is used elsewhere too"
    return Abandon(why) if row.key is None else Requeue(why)


def _pending(row: Row, view: View, now: float, policy: Policy) -> Action:
    last = row.last
    enough = view.base_fee <= last.fees.max_fee and row.objection is Objection.NONE
    if not view.known and enough:
        return Broadcast()
    # While a node has it, it has its time; one that no node takes at this price gets a better one.
    if view.known and now - row.since < policy.replace_after:
        return Wait(row.reason)
    if last.cancels:
        return _cancel(row, view, policy, row.reason)
    if not view.known and row.objection is Objection.RULE:
        return _cancel(row, view, policy, f"cancelled, since no node takes it: {row.reason}")
    raised = raised_fees(last.fees, view.base_fee, view.priority, policy.fee_cap(row.gas))
    if raised is not None:
        return Replace(raised)
    if view.refusal is None:
        return Ask()
    if not view.refusal:
        return _at_cap(row, view)
    why = f"cancelled, since the contract would refuse it now: {view.refusal}"
    return _cancel(row, view, policy, why)


def _cancel(row: Row, view: View, policy: Policy, why: str) -> Action:
    cap = policy.cancel_cap(row.gas)
    raised = raised_fees(row.last.fees, view.base_fee, view.priority, cap)
    return _at_cap(row, view) if raised is None else Cancel(raised, why)


def _at_cap(row: Row, view: View) -> Action:
    if row.objection is not Objection.NONE and view.base_fee <= row.last.fees.max_fee:
        # It was refused when gas was dearer.
        return Broadcast()
    return Wait(
        f"at its fee cap: it offers {row.last.fees.max_fee} wei for a unit of gas, the base fee is "
        f"{view.base_fee}; raise TOUCHSTONE_MAX_FEE_GWEI, or wait"
    )
