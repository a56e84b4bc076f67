"""What deriving one event needs to know of those before it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class JobFact:
    """An opened job.

    Attributes:
        id: its id.
        requester: who pays.
        pool: from which it draws.
        replicas: seats that begin active.
        share: what one seat earns, and an auditor.
        audited: whether the order asks for audits, and pays for one.
        deferred: whether its input is fixed after the draw.
        ceiling: the most that a slot of the pool can be owed for one job.
    """

    id: str
    requester: str
    pool: str
    replicas: int
    share: int
    audited: bool
    deferred: bool
    ceiling: int

    @property
    def payment(self) -> int:
        """What went into escrow."""
        return self.share * (self.replicas + self.audited)


@dataclass(frozen=True, slots=True)
class PoolFact:
    """A pool: the model it is for, and the stake behind one of its slots."""

    model: str
    bond: int


@dataclass(frozen=True, slots=True)
class UnbondingFact:
    """Stake that is leaving a pool."""

    pool: str
    leaf: int
    account: str


@dataclass(frozen=True, slots=True)
class PartyFact:
    """A party of a dispute, and what it put up as a challenger."""

    account: str
    bond: int


@dataclass(frozen=True, slots=True)
class GameFact:
    """Where a game of a dispute stands, by the names of `GameRow`."""

    job: str
    a: int
    b: int
    stage: int
    height: int
    index: int
    sequence: int
    position: int
    value: int
    size: int
    start: int
    stop: int
    part_a: int
    part_b: int
    node_a: str
    node_b: str

    def owner(self, node: str) -> int:
        """The party whose node this is."""
        return self.a if node == self.node_a else self.b

    def part(self, party: int) -> int:
        """A party's partial result."""
        return self.part_a if party == self.a else self.part_b


@dataclass(slots=True)
class Facts:
    """Facts by key. `explorer.indexer.stored_facts` looks up what is missing here in the data base.

    Attributes:
        jobs: by id.
        phases: the phase that a job is in, by job.
        pools: by id.
        owners: who has a leaf, by pool and leaf.
        leaves: the leaf that a provider has, by pool and provider.
        seats: leaf and account, by job and seat; under `AUDITOR_SEAT` those of the newest auditor.
        paid: seats that a settled job paid, as bits, by job.
        unbondings: by id.
        totals: by subject and measure.
        parties: of disputes, by job and number.
        games: where they stand, by job and pair.
        standing: games that came to a node which both sides then open, by node.
    """

    jobs: dict[str, JobFact] = field(default_factory=dict)
    phases: dict[str, str] = field(default_factory=dict)
    pools: dict[str, PoolFact] = field(default_factory=dict)
    owners: dict[tuple[str, int], str] = field(default_factory=dict)
    leaves: dict[tuple[str, str], int] = field(default_factory=dict)
    seats: dict[tuple[str, int], tuple[int, str]] = field(default_factory=dict)
    paid: dict[str, int] = field(default_factory=dict)
    unbondings: dict[int, UnbondingFact] = field(default_factory=dict)
    totals: dict[tuple[str, str], int] = field(default_factory=dict)
    parties: dict[tuple[str, int], PartyFact] = field(default_factory=dict)
    games: dict[tuple[str, int, int], GameFact] = field(default_factory=dict)
    standing: dict[str, list[GameFact]] = field(default_factory=dict)

    def job(self, job: str) -> JobFact:
        """A job that was opened before."""
        return self.jobs[job]

    def phase(self, job: str) -> str | None:
        """The phase that a job is in, or None where it is only being opened."""
        return self.phases.get(job)

    def pool(self, pool: str) -> PoolFact:
        """A pool that was created before."""
        return self.pools[pool]

    def owner(self, pool: str, leaf: int) -> str:
        """The provider that has a leaf."""
        return self.owners[pool, leaf]

    def leaf(self, pool: str, account: str) -> int:
        """The leaf of a provider that has joined the pool."""
        return self.leaves[pool, account]

    def seat(self, job: str, seat: int) -> tuple[int, str]:
        """Leaf and provider of a drawn job's seat."""
        return self.seats[job, seat]

    def paid_seats(self, job: str) -> int:
        """The seats that a settled job paid, as bits."""
        return self.paid[job]

    def unbonding(self, number: int) -> UnbondingFact:
        """An unbonding that was started before."""
        return self.unbondings[number]

    def total(self, subject: str, measure: str) -> int:
        """A running total; zero where nothing was counted yet."""
        return self.totals.get((subject, measure), 0)

    def party(self, job: str, number: int) -> PartyFact:
        """A party that has entered a dispute."""
        return self.parties[job, number]

    def game(self, job: str, a: int, b: int) -> GameFact | None:
        """Where a game stands, or None before both sides have stated their transcripts."""
        return self.games.get((job, a, b))

    def standing_at(self, node: str) -> list[GameFact]:
        """Games that came to this node, in the order in which they did; may be added to."""
        return self.standing.setdefault(node, [])
