"""What pages show and the JSON interface answers: the same things."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from eth_utils.address import to_checksum_address
from pydantic import AfterValidator, BaseModel, ConfigDict

Item = TypeVar("Item")
Address = Annotated[str, AfterValidator(to_checksum_address)]
"""An account, with the checksum in its letters."""


class Shape(BaseModel):
    """Anything that is shown."""

    model_config = ConfigDict(frozen=True)


class Amount(Shape):
    """An amount: base units as decimal text, and the same in tokens, both exact."""

    units: str
    tokens: str


class Moment(Shape):
    """When something happened: block, Unix time, the same in words, and whether it is final."""

    block: int
    time: int
    utc: str
    final: bool


class PieceShape(Shape):
    """A part of a sentence; `href` leads to a page, `title` is the whole of a shortened text."""

    text: str
    href: str | None
    title: str | None


class Step(Shape):
    """Something that happened, in words."""

    moment: Moment
    transaction: str
    log_index: int
    contract: str
    event: str
    sentence: str
    pieces: list[PieceShape]


class DecodedEvent(Step):
    """An event with all its arguments; integers are decimal text."""

    args: dict[str, str]


class Page(Shape, Generic[Item]):
    """A part of a list: page `number`, beginning at 1, and whether there is one more."""

    items: list[Item]
    number: int
    more: bool


class JobSummary(Shape):
    """A job in a list."""

    id: str
    phase: str
    reason: str | None
    requester: Address
    model: str
    model_name: str | None
    pool: str
    replicas: int
    units: int
    payment: Amount
    opened: Moment


class AuditView(Shape):
    """The last audit of a job, of one in `odds`. `seal` is what the auditor posted that vouched,
    `ended` why there is no report, as the market names it."""

    odds: int
    state: str
    seal: str | None
    ended: str | None


class Participant(Shape):
    """A seat of a drawn job; 7 is an auditor."""

    seat: int
    provider: Address
    role: str
    outcome: str
    commitment: str | None
    output_root: str | None
    earned: Amount
    lost: Amount


class Movement(Shape):
    """Money that a job moved. `account` is None where it was burned; `incoming` says whether it
    went into the pot or out of it."""

    moment: Moment
    transaction: str
    pot: str
    kind: str
    incoming: bool
    account: Address | None
    seat: int | None
    amount: Amount


class Pot(Shape):
    """What went into a pot of a job's money, what came out, and what is left in it."""

    name: str
    moved_in: Amount
    moved_out: Amount
    left: Amount
    adds_up: bool
    note: str


class Deadline(Shape):
    """Something that ends: at a block, or at a Unix time."""

    what: str
    block: int | None
    time: int | None
    when: str
    passed: bool


class PartyView(Shape):
    """Who claims an output in a dispute. `stated` is when it stated its transcript."""

    number: int
    name: str
    account: Address
    output_root: str
    bond: Amount
    stated: Moment | None
    lost: bool
    outcome: str


class GameView(Shape):
    """A game between two parties, and where it stands."""

    a: str
    b: str
    stage: str
    where: str
    over: bool


class ConvictionView(Shape):
    """An element that convicted: what its party stated, and what it must be. `operator` is the name
    of the one that writes the value, where the explorer knows the program; `position` that of a
    causal program; `terms` are those of the partial result that was wrong, where it was one."""

    moment: Moment
    transaction: str
    party: str
    against: str
    of_output: bool
    sequence: int
    position: int | None
    value: int
    operator: str | None
    element: int
    terms: tuple[int, int] | None
    found: str
    expected: str


class MoveView(Shape):
    """A transaction of a dispute: who sent it, its gas, and what it did."""

    moment: Moment
    transaction: str
    sender: Address | None
    sender_name: str | None
    gas: int | None
    steps: list[Step]


class BriefView(Shape):
    """What a disputed input asks for: positions of each sequence. `strong`: outputs name their
    transcripts, so that one transaction can convict; `refused`: the input breaks a rule."""

    positions: list[int]
    operators: int
    output_bytes: int
    strong: bool
    refused: bool


class DisputeView(Shape):
    """A dispute about a job. `more` says that it had more events than are shown."""

    outcome: str
    ends: str
    ends_at: int
    contests: int
    gas: int
    brief: BriefView | None
    parties: list[PartyView]
    games: list[GameView]
    convictions: list[ConvictionView]
    moves: list[MoveView]
    more: bool


class JobView(Shape):
    """Everything about a job."""

    summary: JobSummary
    shard: int
    mode: str
    share: Amount
    bond: Amount
    input_root: str | None
    params: str
    nonce: str
    open_by: str
    seed_block: int
    seed: str | None
    attempt: int
    output_root: str | None
    outcome: str
    acknowledged: bool
    due: str | None
    steps: list[Step]
    participants: list[Participant]
    movements: list[Movement]
    pots: list[Pot]
    deadlines: list[Deadline]
    audit: AuditView | None
    dispute: DisputeView | None


class PositionView(Shape):
    """A provider's stake in one pool, in slots of one bond."""

    pool: str
    model: str
    model_name: str | None
    shard: int
    price: Amount
    bond: Amount
    slots: int
    offered: int
    held: int
    stake: Amount


class UnbondingView(Shape):
    """Stake on its way out."""

    id: str
    pool: str
    slots: int
    ready: str
    ready_at: int
    done: bool
    amount: Amount | None


class SlashView(Shape):
    """A slot that was lost, and why. Seat 7 is an auditor."""

    moment: Moment
    transaction: str
    job: str
    seat: int
    reason: str
    burned: Amount
    paid: Amount


class SeatView(Shape):
    """A seat of a provider in a job, and what became of it."""

    job: JobSummary
    seat: int
    role: str
    outcome: str
    earned: Amount
    lost: Amount


class AuditedView(Shape):
    """A job for which a provider was drawn as the auditor, and what became of it."""

    job: JobSummary
    drawn: Moment
    outcome: str
    earned: Amount
    lost: Amount


class DisputedView(Shape):
    """A dispute in which an account took part."""

    job: str
    party: str
    entered: Moment
    bond: Amount
    outcome: str


class AccountSummary(Shape):
    """A provider in a list."""

    address: Address
    endpoint: str | None
    free: Amount
    pools: int
    seated: int
    audits: int
    earned: Amount
    slashes: int
    disputes_won: int
    convictions: int
    timeouts: int


class AccountView(Shape):
    """Everything about an account: what it staked, earned, lost and ordered."""

    summary: AccountSummary
    endpoint_href: str | None
    is_provider: bool
    positions: list[PositionView]
    unbondings: list[UnbondingView]
    pledged: Amount
    owed: Amount
    withdrawn: Amount
    lost: Amount
    burned: Amount
    opened: int
    engine_owes: Amount
    slashes: list[SlashView]
    disputes: list[DisputedView]
    audits: list[AuditedView]
    seats: Page[SeatView]
    orders: list[JobSummary]
    events: list[Step]


class ModelSummary(Shape):
    """A model in a list."""

    id: str
    name: str
    version: str
    publisher: Address
    published: Moment
    pools: int


class PoolSummary(Shape):
    """A pool: one shard of a model at one price."""

    id: str
    model: str
    model_name: str | None
    shard: int
    tier: int
    price: Amount
    bond: Amount
    providers: int
    offered: int
    jobs: int


class ModelView(Shape):
    """Everything about a model."""

    summary: ModelSummary
    program_root: str
    weight_root: str
    shard_roots: list[str]
    modes: list[str]
    unit_rows: int
    max_rows: int
    uri: str
    uri_href: str | None
    transaction: str
    pools: list[PoolSummary]
    jobs: Page[JobSummary]


class MemberView(Shape):
    """A provider in a pool."""

    leaf: int
    provider: Address
    slots: int
    offered: int
    held: int


class PoolView(Shape):
    """Everything about a pool."""

    summary: PoolSummary
    members: Page[MemberView]
    jobs: list[JobSummary]


class TransactionView(Shape):
    """A transaction's events; who sent it and its gas, for those of disputes."""

    hash: str
    moment: Moment
    sender: Address | None
    gas: int | None
    events: list[DecodedEvent]


class BlockView(Shape):
    """A block's events. The hash is None where nothing of it was kept."""

    number: int
    hash: str | None
    moment: Moment | None
    transactions: list[str]
    events: list[Step]
    note: str


class Found(Shape):
    """Something that a search found."""

    kind: str
    key: str
    label: str
    href: str


class SearchView(Shape):
    """What a search found, and what to try where that is nothing."""

    query: str
    found: list[Found]
    message: str


class Status(Shape):
    """How far the explorer has read."""

    chain_id: int
    market: Address
    indexed_block: int
    indexed_time: int
    indexed_utc: str
    head_block: int | None
    behind: int | None
    caught_up: bool
    problem: str | None
    confirmations: int
    final_after: int


class Totals(Shape):
    """Over everything: how many jobs are in each phase, and what was moved."""

    jobs: int
    phases: dict[str, int]
    escrowed: Amount
    earned: Amount
    refunded: Amount
    burned: Amount
    slashes: int


class HomeView(Shape):
    """The front page."""

    totals: Totals
    latest: Page[JobSummary]
