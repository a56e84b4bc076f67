"""The outbox's decisions, played against a small chain that forgets, reorganises and misleads."""

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from touchstone.chain.outbox.fees import Fees, first_fees, raised_fees
from touchstone.chain.outbox.policy import Policy
from touchstone.chain.outbox.rows import Attempt, Mined, Objection, Row, State
from touchstone.chain.outbox.steps import (
    Abandon,
    Ask,
    Broadcast,
    Cancel,
    Finish,
    Record,
    Reopen,
    Replace,
    Requeue,
    Wait,
    next_step,
)
from touchstone.chain.outbox.steps import View as StepView

GWEI = 10**9
POLICY = Policy(max_fee=100 * GWEI, replace_after=10, look_every=1)
GAS = 50_000


@dataclass(frozen=True)
class Transaction:
    """`intent` is None where it does nothing, or is another's."""

    name: str
    nonce: int
    fees: Fees
    intent: str | None
    foreign: bool = False


@dataclass
class World:
    """A chain of blocks, a pool, a disk, and an outbox that may lose its mind between any two
    steps: everything it does rests on the disk and on what the chain shows."""

    named: bool
    reverts: bool = False
    depth: int = 2
    base_fee: int = GWEI
    now: float = 0
    blocks: list[list[Transaction]] = field(default_factory=lambda: [[], [], []])
    pool: dict[int, Transaction] = field(default_factory=dict)
    signed: dict[str, Transaction] = field(default_factory=dict)
    rows: dict[int, Row] = field(default_factory=dict)

    # --- the chain -------------------------------------------------------------------------------

    def nonce(self, blocks):
        return sum(len(block) for block in self.blocks[: max(0, blocks)])

    @property
    def final_block(self):
        return len(self.blocks) - 1 - self.depth

    def offer(self, transaction):
        """As geth: None if the pool takes it."""
        if transaction.nonce < self.nonce(len(self.blocks)):
            return "spent"
        if transaction.fees.max_fee < self.base_fee:
            return "price"
        there = self.pool.get(transaction.nonce)
        if there is not None and there != transaction:
            old, new = there.fees, transaction.fees
            if new.max_fee * 10 < old.max_fee * 11 or new.priority * 10 < old.priority * 11:
                return "price"
        self.pool[transaction.nonce] = transaction
        return None

    def mine(self):
        block, nonce = [], self.nonce(len(self.blocks))
        while (found := self.pool.get(nonce)) and found.fees.max_fee >= self.base_fee:
            block.append(self.pool.pop(nonce))
            nonce += 1
        self.blocks.append(block)

    def reorganise(self, back_to_pool):
        """The newest block goes; what was in it comes back to the pool, or is forgotten."""
        if self.depth == 0 or not self.blocks[-1]:
            return
        block = self.blocks.pop()
        self.blocks.append([])
        if back_to_pool:
            self.pool |= {transaction.nonce: transaction for transaction in block}

    def foreign(self):
        nonce = self.nonce(len(self.blocks))
        self.offer(Transaction(f"foreign {nonce}", nonce, Fees(90 * GWEI, 90 * GWEI), None, True))

    def done(self):
        """How often the intent was carried out: only a call that is not refused does anything."""
        return sum(t.intent is not None for block in self.blocks for t in block)

    # --- the outbox ------------------------------------------------------------------------------

    def sign(self, nonce, fees, intent):
        name = f"{nonce} {fees.max_fee} {fees.priority} {intent}"
        self.signed[name] = Transaction(name, nonce, fees, intent)
        return Attempt(name, b"", fees, cancels=intent is None)

    def submit(self):
        nonce = max([self.nonce(len(self.blocks)), *(n + 1 for n in self.pool)])
        fees = first_fees(self.base_fee, GWEI, POLICY.fee_cap(GAS))
        key = "pay" if self.named else None
        attempt = self.sign(nonce, fees, "pay")
        self.rows[nonce] = Row(nonce, key, None, b"", 0, GAS, (attempt,), self.now)

    def view(self, row):
        receipt = None
        for number, block in enumerate(self.blocks):
            for transaction in block:
                if transaction.name in [attempt.hash for attempt in row.attempts]:
                    receipt = Mined(transaction.name, number, ok=True)
        pooled = {transaction.name for transaction in self.pool.values()}
        return StepView(
            mined_nonce=self.nonce(len(self.blocks)),
            final_nonce=self.nonce(self.final_block + 1),
            final_block=self.final_block,
            receipt=receipt,
            known=receipt is not None or any(a.hash in pooled for a in row.attempts),
            base_fee=self.base_fee,
            priority=GWEI,
        )

    def look(self, row, crash):
        """One round of the outbox for a row; after `crash` changes of the disk it is killed."""
        view = self.view(row)
        while crash > 0:
            crash -= 1
            match next_step(row, view, self.now, POLICY):
                case Ask():
                    view = replace(view, refusal="no" if self.reverts else "")
                case Record(mined):
                    row = self.put(row.found(mined, final=False))
                case Reopen():
                    row = self.put(row.dropped(self.now))
                case Finish():
                    self.put(row.settled())
                    return
                case Wait(why):
                    self.put(row.waiting(why))
                    return
                case Broadcast():
                    self.broadcast(row)
                    return
                case Replace(fees):
                    attempt = self.sign(row.nonce, fees, "pay")
                    row = self.put(row.tried(attempt, self.now, "replaced"))
                    if crash > 0:
                        self.broadcast(row)
                    return
                case Cancel(fees, why):
                    row = self.put(row.tried(self.sign(row.nonce, fees, None), self.now, why))
                    if crash > 0:
                        self.broadcast(row)
                    return
                case Abandon(why):
                    self.put(row.lost(why))
                    return
                case Requeue(why):
                    assert row.key is not None
                    self.put(row.lost(why))
                    self.submit()
                    return

    def broadcast(self, row):
        refused = self.offer(self.signed[row.last.hash])
        if refused is None:
            self.put(row.taken())
        elif refused == "price":
            self.put(row.refused(Objection.PRICE, "dearer"))

    def put(self, row):
        self.rows[row.nonce] = row
        return row

    def tend(self, crash=20):
        for row in [row for _, row in sorted(self.rows.items()) if not row.final]:
            self.look(row, crash)


TROUBLES = st.lists(
    st.one_of(
        # What happens most, twice.
        st.sampled_from(["tend", "mine", "tend", "mine", "foreign", "later", "drop", "revert"]),
        st.tuples(st.just("reorg"), st.booleans()),
        # Whoever keeps signed bytes can send them at any time.
        st.tuples(st.just("replay"), st.integers(0, 3)),
        st.tuples(st.just("crash"), st.integers(0, 4)),
        st.tuples(st.just("fee"), st.sampled_from([1, 1, 5, 88, 99, 150])),
    ),
    min_size=20,
    max_size=60,
)
"""What may happen, in any order."""


def suffer(world, trouble):
    match trouble:
        case "tend":
            world.tend()
        case "mine":
            world.mine()
        case "drop":
            world.pool.clear()
        case "foreign":
            world.foreign()
        case "later":
            world.now += POLICY.replace_after
        case "revert":
            world.reverts = not world.reverts
        case ("crash", steps):
            world.tend(steps)
        case ("fee", gwei):
            world.base_fee = gwei * GWEI
        case ("reorg", back):
            world.reorganise(back)
        case ("replay", number):
            transactions = list(world.signed.values())
            world.offer(transactions[number % len(transactions)])


@given(st.booleans(), st.sampled_from([0, 1, 3]), TROUBLES)
@settings(max_examples=500, deadline=None, derandomize=True)
def test_whatever_happens_an_intent_is_done_once_or_not_at_all_and_never_twice(
    named, depth, happened
):
    world = World(named=named, depth=depth)
    world.submit()
    for trouble in happened:
        suffer(world, trouble)
        assert world.done() <= 1

    # Once the troubles are over, it ends.
    world.base_fee = GWEI
    for _ in range(30):
        world.now += 1
        world.tend()
        world.mine()
        assert world.done() <= 1
    newest = world.rows[max(world.rows)]
    assert all(row.final for row in world.rows.values())
    assert (newest.state is State.MINED) == (world.done() == 1)
    if newest.state is not State.MINED:
        assert newest.state is State.ABANDONED
        assert newest.reason


@given(
    st.integers(0, 10**12),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
    st.integers(1, 10**12),
)
@settings(max_examples=300, derandomize=True)
def test_raised_fees_pass_the_rule_of_nodes_and_keep_the_cap(base, suggested, later_base, cap):
    first = first_fees(base, suggested, cap)
    assert first.priority <= first.max_fee <= cap
    raised = raised_fees(first, later_base, suggested, cap)
    if raised is None:
        assert first.max_fee * 9 > cap * 8 - 9
        return
    assert raised.priority <= raised.max_fee <= cap
    for before, after in ((first.max_fee, raised.max_fee), (first.priority, raised.priority)):
        assert after > before
        assert after * 8 >= before * 9


def test_a_call_at_its_cap_can_still_be_cancelled():
    for cap in (9, 100, 7 * GWEI, 500 * GWEI + 1):
        policy = Policy(max_fee=cap)
        last = Fees(policy.fee_cap(GAS), policy.fee_cap(GAS))
        assert raised_fees(last, 1000 * cap, cap, policy.fee_cap(GAS)) is None
        assert raised_fees(last, 1000 * cap, cap, policy.cancel_cap(GAS)) is not None


def test_nothing_is_raised_while_a_node_has_it_and_its_time_is_not_over():
    world = World(named=True)
    world.submit()
    world.tend()
    [row] = world.rows.values()
    assert row.state is State.BROADCAST
    world.now += POLICY.replace_after - 1
    assert isinstance(next_step(row, world.view(row), world.now, POLICY), Wait)
    world.now += 1
    assert isinstance(next_step(row, world.view(row), world.now, POLICY), Replace)
