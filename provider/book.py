"""The node's jobs as the chain has them, remembered between two looks."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from provider.duties import Memory, Self, draw_id, owes, seat_of
from provider.evidence import equivocation
from touchstone.errors import TransactionReverted
from touchstone.protocol.jobs import Clock, JobState, Phase
from touchstone.protocol.payload import payload_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eth_typing import ChecksumAddress

    from provider.offers import Served
    from provider.store import Store
    from touchstone.chain.market import Market
    from touchstone.chain.stake import Vault
    from touchstone.chain.trail import Look, Trail
    from touchstone.protocol.ids import JobId, PoolId
    from touchstone.protocol.orders import Order


class JobBook:
    """Joins the chain's state of each job with the store. Safe to use from threads.

    Attributes:
        served: what the node serves, by pool.
        trail: the blocks that were seen, which tell this chain from others.
    """

    def __init__(
        self,
        market: Market,
        vault: Vault,
        store: Store,
        served: Mapping[PoolId, Served],
        me: Self,
        trail: Trail,
    ) -> None:
        """Binds the contracts, the store, what is served, and the blocks seen so far."""
        self.market = market
        self.trail = trail
        self._vault = vault
        self._leaves: dict[PoolId, int] = {}
        self.store = store
        self.served = served
        self.me = me
        self._lock = Lock()
        self._looking = Lock()
        self._states: dict[JobId, JobState] = {}
        self._foreign: dict[JobId, None] = {}
        self._offered: set[JobId] = set()
        self._clock = market.clock()

    @property
    def clock(self) -> Clock:
        """The chain's time at the last look."""
        return self._clock

    def look(self) -> Look:
        """Where the chain is now. Raises WrongChainError where the endpoint serves another one."""
        look = self.trail.look()
        if not look.behind:
            self._clock = Clock(look.head.number, look.time)
        return look

    def states(self) -> list[JobState]:
        """The live jobs as they were at the last look."""
        with self._lock:
            return list(self._states.values())

    def state(self, job: JobId) -> JobState | None:
        """One job as it was at the last look."""
        with self._lock:
            return self._states.get(job)

    def refresh(self, job: JobId, order: Order) -> JobState:
        """Looks at a job on the chain, and remembers or forgets it by what is found."""
        # One look at a time: of two, the older might otherwise be remembered.
        with self._looking:
            return self._refresh(job, order)

    def _refresh(self, job: JobId, order: Order) -> JobState:
        state = self.market.job(order)
        # SAFETY: after the reading, so that nothing is remembered, forgotten or signed by the word
        # of another chain, where contracts of the same address may stand.
        self.trail.require_same_chain()
        if state.order.deferred:
            self._forget_other_input(state)
        ended = state.phase in _NOTHING_LEFT
        nothing_left = ended and not self._lied(state) and not owes(state, self.me)
        with self._lock:
            if state.phase is Phase.NONE or nothing_left or self._elsewhere(state):
                self._states.pop(job, None)
                self._offered.discard(job)
            else:
                self._states[job] = state
        if nothing_left:
            self.store.end_job(job, self._clock.time)
        elif self._elsewhere(state):
            self.store.forget(job)
            self._remember_foreign(job)
        elif state.phase in (Phase.OPEN, *_DRAWN) or owes(state, self.me):
            work = self.store.work(job)
            if work is not None and work.ended_at is not None:
                self.store.revive(job)
        return state

    def is_drawn_elsewhere(self, job: JobId) -> bool:
        """Whether the job is known to be drawn without this node; the newest are remembered."""
        with self._lock:
            return job in self._foreign

    def is_mine(self, job: JobId, seat: int) -> bool:
        """Whether a seat of a job is the node's, active or not."""
        state = self.state(job)
        return state is not None and state.seats.get(seat) == self._leaf(state.order.pool)

    def memory(self, state: JobState) -> Memory:
        """What the node has for the job's current draw."""
        work = self.store.work(state.id)
        return Memory(
            result=work is not None and work.stage == "done",
            committed=self.store.commit_of(state.id, draw_id(state)) is not None,
            lied=self._lied(state),
            input=work is not None and work.salt is not None,
            offered=state.id in self._offered,
        )

    def was_offered(self, job: JobId) -> None:
        """Remembers that the requester has offered the input of a job: nobody withholds it."""
        with self._lock:
            self._offered.add(job)

    def auditor(self, state: JobState) -> ChecksumAddress | None:
        """Whose turn it is to look at a settled job; None where nobody's."""
        return self.market.auditor_of(state, self._vault)

    def seat(self, state: JobState) -> int | None:
        """The node's active seat."""
        return seat_of(state, self.me.address)

    def _lied(self, state: JobState) -> bool:
        return equivocation(state, self._clock, self.store.shown(state.id)) is not None

    def _forget_other_input(self, state: JobState) -> None:
        """Drops an input that a reorganisation has put another one in the place of, with what was
        computed from it. One that is only no longer fixed may be fixed again."""
        work, payload = self.store.work(state.id), self.store.input(state.id)
        if work is None or work.salt is None or payload is None or not any(state.input_root):
            return
        if payload_root(payload, work.salt) != state.input_root:
            self.store.drop_input(state.id)

    def _elsewhere(self, state: JobState) -> bool:
        """Whether the job is drawn and the node is neither seated nor a reserve."""
        if state.phase not in _DRAWN:
            return False
        return self._leaf(state.order.pool) not in state.seats.values()

    def _remember_foreign(self, job: JobId) -> None:
        with self._lock:
            self._foreign[job] = None
            if len(self._foreign) > _MOST_FOREIGN:
                del self._foreign[next(iter(self._foreign))]

    def _leaf(self, pool: PoolId) -> int | None:
        """The node's leaf in a pool, which never changes; None where it has not joined."""
        if pool not in self._leaves:
            try:
                self._leaves[pool] = self._vault.leaf_of(pool, self.me.address)
            except TransactionReverted:
                return None
        return self._leaves[pool]


_DRAWN = (Phase.WAITING, Phase.DRAWN)
_NOTHING_LEFT = (Phase.SETTLED, Phase.CONCLUDED, Phase.REFUNDED)
_MOST_FOREIGN = 10_000
