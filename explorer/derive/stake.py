"""What the vault's events bring about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.database.tables import EndpointRow, LeafRow, PoolRow, UnbondedRow, UnbondingRow
from explorer.derive.facts import PoolFact, UnbondingFact
from explorer.derive.money import Kind
from explorer.derive.records import NOBODY, failed_seat
from explorer.derive.rows import MARKET_TOTALS, position_of
from explorer.derive.texts import storable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from explorer.derive.records import Event
    from explorer.derive.transaction import Transaction


def deposited(tx: Transaction, event: Event) -> None:
    """Tokens became free stake."""
    tx.rows.count(event, event.text("provider"), "free", event.number("amount"))


def withdrawn(tx: Transaction, event: Event) -> None:
    """Free stake left the vault."""
    tx.rows.count(event, event.text("provider"), "free", -event.number("amount"))


def credited(tx: Transaction, event: Event) -> None:
    """A part of a slashed bond became an account's free stake; which part, the slash tells."""
    tx.rows.count(event, event.text("account"), "free", event.number("amount"))
    tx.credits.append(event)


def endpoint_set(tx: Transaction, event: Event) -> None:
    """A provider said where its node is."""
    endpoint = storable(event.text("endpoint"))
    tx.rows.add(EndpointRow, event, account=event.text("provider"), endpoint=endpoint)


def pool_created(tx: Transaction, event: Event) -> None:
    """A pool got its first pledge."""
    pool, model, bond = event.text("pool"), event.text("model"), event.number("bond")
    tx.facts.pools[pool] = PoolFact(model, bond)
    tx.rows.add(
        PoolRow, event, id=pool, model=model, shard=event.number("shard"),
        tier=event.number("tier"), bond=bond,
    )  # fmt: skip


def joined(tx: Transaction, event: Event) -> None:
    """A provider got its leaf in a pool."""
    pool, leaf, account = event.text("pool"), event.number("leaf"), event.text("provider")
    tx.facts.owners[pool, leaf] = account
    tx.facts.leaves[pool, account] = leaf
    tx.rows.add(LeafRow, event, pool=pool, leaf=leaf, account=account)
    tx.rows.count(event, pool, "providers", 1)
    tx.rows.count(event, account, "pools", 1)


def pledged(tx: Transaction, event: Event) -> None:
    """Free stake became slots."""
    pool, account, slots = event.text("pool"), event.text("provider"), event.number("slots")
    position = position_of(pool, tx.facts.leaf(pool, account))
    tx.rows.count(event, position, "slots", slots)
    _offer(tx, event, pool, position, slots)
    tx.rows.count(event, account, "free", -slots * tx.facts.pool(pool).bond)


def unbonding_started(tx: Transaction, event: Event) -> None:
    """Slots are no longer offered, and leave after a while."""
    pool, account, slots = event.text("pool"), event.text("provider"), event.number("slots")
    number, leaf = event.number("id"), tx.facts.leaf(pool, account)
    tx.facts.unbondings[number] = UnbondingFact(pool, leaf, account)
    tx.rows.add(
        UnbondingRow, event, id=number, pool=pool, account=account, leaf=leaf, slots=slots,
        ready_at=event.number("readyAt"),
    )  # fmt: skip
    _offer(tx, event, pool, position_of(pool, leaf), -slots)


def unbonded(tx: Transaction, event: Event) -> None:
    """Slots became free stake again."""
    number, slots, amount = event.number("id"), event.number("slots"), event.number("amount")
    leaving = tx.facts.unbonding(number)
    tx.rows.add(UnbondedRow, event, id=number, slots=slots, amount=amount)
    tx.rows.count(event, position_of(leaving.pool, leaving.leaf), "slots", -slots)
    tx.rows.count(event, leaving.account, "free", amount)
    tx.rows.mention(event, "account", leaving.account)
    tx.rows.mention(event, "pool", leaving.pool)


def bond_held(tx: Transaction, event: Event) -> None:
    """A contest or a challenge holds a slot."""
    _hold(tx, event, 1)


def bond_released(tx: Transaction, event: Event) -> None:
    """A contest or a challenge lets a slot go, which may be locked for a while yet."""
    _hold(tx, event, -1)


def slashed(tx: Transaction, event: Event) -> None:
    """A slot is gone. The market's last word of a failure says why, the credits before say to
    whom."""
    pool, leaf, account = event.text("pool"), event.number("leaf"), event.text("provider")
    burned, paid = event.number("burned"), event.number("paid")
    bond, position = tx.facts.pool(pool).bond, position_of(pool, leaf)
    tx.rows.count(event, position, "slots", -1)
    # The slot comes out of what is offered; where all of it is on its way out, out of that.
    if tx.facts.total(position, "offered") > 0:
        _offer(tx, event, pool, position, -1)
    if event.number("bucket") == 0:
        tx.rows.count(event, position, "held", -1)
    tx.rows.count(event, account, "free", bond - burned - paid)
    for subject in (account, MARKET_TOTALS):
        tx.rows.count(event, subject, "slashes", 1)
        tx.rows.count(event, subject, "lost", burned + paid)
        tx.rows.count(event, subject, "burned", burned)
    failure, credits = tx.failure, tx.credits
    tx.failure, tx.credits = None, []
    if failure is None:
        return
    job, seat = failure.text("job"), failed_seat(failure)
    tx.rows.mention(event, "job", job)
    tx.rows.entry(event, job, Kind.BOND, account, bond, seat)
    for credit, kind in zip(credits, _kinds(tx, failure, len(credits)), strict=True):
        tx.rows.mention(credit, "job", job)
        tx.rows.entry(credit, job, kind, credit.text("account"), credit.number("amount"), seat)
    tx.rows.entry(event, job, Kind.BURNED, None, burned, seat)
    tx.rows.entry(event, job, Kind.BOND_BACK, account, bond - burned - paid, seat)


def _kinds(tx: Transaction, failure: Event, count: int) -> Sequence[Kind]:
    """What the credits of a slash are, by the order in which the market names their accounts."""
    reason = failure.number("reason")
    if reason == _WITHHELD:
        return [Kind.REFUND_SLICE, *[Kind.COMPENSATION] * count][:count]
    if reason == _EQUIVOCATED:
        return [*[Kind.REFUND_SLICE] * (count - 1), Kind.BOUNTY][-count:] if count else []
    if reason in (_INPUT_WITHHELD, _NOT_COMPUTED):
        return [Kind.REFUND_SLICE, Kind.BOUNTY][:count]
    verdict = tx.verdicts.get(failure.text("job"))
    last = [Kind.REFUND_SLICE]
    if verdict is not None and verdict.args["winners"][failed_seat(failure)] != NOBODY:
        last.append(Kind.BOUNTY)
    return [*[Kind.COMPENSATION] * (count - len(last)), *last][:count]


_WITHHELD, _EQUIVOCATED, _INPUT_WITHHELD, _NOT_COMPUTED = 1, 2, 5, 6
"""Places in `IMarketTypes.Failure`."""


def _offer(tx: Transaction, event: Event, pool: str, position: str, change: int) -> None:
    tx.rows.count(event, position, "offered", change)
    tx.rows.count(event, pool, "offered", change)


def _hold(tx: Transaction, event: Event, change: int) -> None:
    pool, leaf = event.text("pool"), event.number("leaf")
    tx.rows.count(event, position_of(pool, leaf), "held", change)
    tx.rows.mention(event, "account", tx.facts.owner(pool, leaf))


HANDLERS: dict[str, Callable[[Transaction, Event], None]] = {
    "Deposited": deposited,
    "Withdrawn": withdrawn,
    "Credited": credited,
    "EndpointSet": endpoint_set,
    "PoolCreated": pool_created,
    "Joined": joined,
    "Pledged": pledged,
    "UnbondingStarted": unbonding_started,
    "Unbonded": unbonded,
    "BondHeld": bond_held,
    "BondReleased": bond_released,
    "BondRelocked": bond_released,
    "Slashed": slashed,
}
"""By the event's name."""
