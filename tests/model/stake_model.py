"""The vault as plain arithmetic: stake, pledges, weights, timed locks, holds and slashes."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

BURN = "burned"
BOND_CEILINGS = 12


class RefusedError(Exception):
    """The call must revert with the error of this name."""


class DisagreementError(AssertionError):
    """The chain did what the model says cannot happen."""


def require(condition: bool, error: str) -> None:
    if not condition:
        raise RefusedError(error)


def price(tier: int) -> int:
    return (1, 2, 5)[tier % 3] * 10 ** (tier // 3)


def ceiling(tier: int) -> int:
    return 16 * price(tier)


def bond(tier: int) -> int:
    return BOND_CEILINGS * ceiling(tier)


@dataclass
class Leaf:
    """A provider's place in a pool: timed locks by the bucket at whose end they lapse, and the
    weights by the epoch from which they hold."""

    owner: str
    slots: int = 0
    held: int = 0
    locks: Counter[int] = field(default_factory=Counter)
    weights: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])

    @property
    def next_weight(self) -> int:
        return self.weights[-1][1]

    def weight(self, epoch: int) -> int:
        return next(w for since, w in reversed(self.weights) if since <= epoch)


@dataclass
class Unbonding:
    owner: str
    tier: int
    slots: int
    ready: int


class StakeModel:
    """The vault's state; a clock is set from outside before each call."""

    def __init__(self, epoch_blocks: int, bucket_seconds: int, unbonding_time: int) -> None:
        self.epoch_blocks = epoch_blocks
        self.bucket_seconds = bucket_seconds
        self.unbonding_time = unbonding_time
        self.block = self.time = 0
        self.tokens: defaultdict[str, int] = defaultdict(int)
        self.free: defaultdict[str, int] = defaultdict(int)
        self.pools: dict[int, list[Leaf]] = {}
        self.unbondings: dict[int, Unbonding] = {}
        self.unbonding_count = 0

    # --- reading ---------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        return self.block // self.epoch_blocks

    @property
    def bucket(self) -> int:
        return self.time // self.bucket_seconds

    def in_use(self, leaf: Leaf) -> int:
        return leaf.held + sum(n for until, n in leaf.locks.items() if until >= self.bucket)

    def lockable(self, leaf: Leaf) -> bool:
        return self.in_use(leaf) < min(leaf.weight(self.epoch), leaf.slots)

    def leaf_of(self, tier: int, owner: str) -> Leaf:
        found = [leaf for leaf in self.pools.get(tier, []) if leaf.owner == owner]
        require(bool(found), "UnknownPool")
        return found[0]

    def backing(self) -> int:
        """What the vault owes: all free stake, and a bond for each slot."""
        pledged = sum(bond(t) * leaf.slots for t, pool in self.pools.items() for leaf in pool)
        return sum(self.free.values()) + pledged

    # --- providers -------------------------------------------------------------------------------

    def deposit(self, who: str, amount: int) -> None:
        require(amount > 0, "NothingToDo")
        self.move(who, "vault", amount)
        self.free[who] += amount

    def withdraw_stake(self, who: str, amount: int) -> None:
        require(amount > 0, "NothingToDo")
        require(amount <= self.free[who], "StakeTooSmall")
        self.free[who] -= amount
        self.move("vault", who, amount)

    def pledge(self, who: str, tier: int, slots: int) -> None:
        require(slots > 0, "NothingToDo")
        require(slots * bond(tier) <= self.free[who], "StakeTooSmall")
        self.free[who] -= slots * bond(tier)
        pool = self.pools.setdefault(tier, [])
        leaf = next((leaf for leaf in pool if leaf.owner == who), None)
        if leaf is None:
            leaf = Leaf(who)
            pool.append(leaf)
        leaf.slots += slots
        self._offer(leaf, leaf.next_weight + slots)

    def unpledge(self, who: str, tier: int, slots: int) -> None:
        leaf = self.leaf_of(tier, who)
        require(slots > 0, "NothingToDo")
        require(slots <= leaf.next_weight, "SlotsTooMany")
        self._offer(leaf, leaf.next_weight - slots)
        self.unbonding_count += 1
        ready = self.time + self.unbonding_time
        self.unbondings[self.unbonding_count] = Unbonding(who, tier, slots, ready)

    def finish_unbonding(self, number: int) -> None:
        require(number in self.unbondings, "UnknownUnbonding")
        leaving = self.unbondings.pop(number)
        require(self.time >= leaving.ready, "NotReady")
        leaf = self.leaf_of(leaving.tier, leaving.owner)
        slots = min(leaving.slots, leaf.slots - leaf.next_weight)
        require(self.in_use(leaf) <= leaf.slots - slots, "SlotsInUse")
        leaf.slots -= slots
        self.free[leaving.owner] += slots * bond(leaving.tier)

    # --- the market ------------------------------------------------------------------------------

    def lock(self, tier: int, leaf: int, until: int) -> bool:
        found = self.pools[tier][leaf]
        if not self.lockable(found):
            return False
        found.locks[until] += 1
        return True

    def hold(self, tier: int, leaf: int, until: int) -> None:
        self._unlock(self.pools[tier][leaf], until)
        self.pools[tier][leaf].held += 1

    def release(self, tier: int, leaf: int) -> None:
        self.pools[tier][leaf].held -= 1

    def slash(
        self, tier: int, leaf: int, until: int | None, burned: int, paid: dict[str, int]
    ) -> None:
        """Take a slot that is locked `until` the end of a bucket, or held where that is None."""
        found = self.pools[tier][leaf]
        if until is None:
            found.held -= 1
        else:
            self._unlock(found, until)
        found.slots -= 1
        if found.next_weight:
            self._offer(found, found.next_weight - 1)
        for account, amount in paid.items():
            self.free[account] += amount
        rest = bond(tier) - burned - sum(paid.values())
        require(rest >= 0, "CutTooLarge")
        self.free[found.owner] += rest
        self.move("vault", BURN, burned)

    # --- inside ----------------------------------------------------------------------------------

    def move(self, source: str, target: str, amount: int) -> None:
        self.tokens[source] -= amount
        self.tokens[target] += amount

    def _offer(self, leaf: Leaf, weight: int) -> None:
        leaf.weights = [w for w in leaf.weights if w[0] <= self.epoch]
        leaf.weights.append((self.epoch + 1, weight))

    def _unlock(self, leaf: Leaf, until: int) -> None:
        require(until >= self.bucket and leaf.locks[until] > 0, "NoSuchLock")
        leaf.locks[until] -= 1
