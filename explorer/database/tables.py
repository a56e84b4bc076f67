"""What the explorer stores. Rows are only ever added; each says which event brought it about.

A reorganisation is undone by deleting the rows of the blocks that are gone: what was true before
them is what remains. Where something changes, its versions are rows of their own, and the newest is
in force. Bytes are 0x-prefixed lower-case hex, amounts are base units of the token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Index,
    MetaData,
    SmallInteger,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

LABEL_LENGTH = 128
"""Characters of a model's label by which it is searched."""


class Amount(TypeDecorator[int]):
    """A whole number of any size, as decimal text: no data base that we use has 256 bits."""

    impl = String(80)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """To the data base."""
        return None if value is None else str(int(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        """From the data base."""
        return None if value is None else int(value)


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def _hash(*, primary_key: bool = False) -> Mapped[str]:
    return mapped_column(String(66), primary_key=primary_key)


def _address() -> Mapped[str]:
    return mapped_column(String(42))


class Placed:
    """A row that an event brought about: the event's block and its place among the block's logs."""

    block: Mapped[int] = mapped_column(BigInteger, index=True, sort_order=-2)
    log_index: Mapped[int] = mapped_column(sort_order=-1)


class Version:
    """A row that is in force until a later one with the same key."""

    block: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, index=True, sort_order=8
    )
    log_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, sort_order=9)


class CheckpointRow(Base):
    """The one row that says what the data base is about and how far it has read."""

    __tablename__ = "checkpoint"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    chain_id: Mapped[int] = mapped_column(BigInteger)
    market: Mapped[str] = _address()
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = _hash()
    time: Mapped[int] = mapped_column(BigInteger)


class BlockRow(Base):
    """A block that was read and has events, or by whose hash a reorganisation is found."""

    __tablename__ = "blocks"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(66), index=True)
    time: Mapped[int] = mapped_column(BigInteger)


class EventRow(Base):
    """An event as its contract emitted it; everything else is derived from these."""

    __tablename__ = "events"

    block: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    log_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    transaction: Mapped[str] = mapped_column(String(66), index=True)
    contract: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80))
    args: Mapped[str] = mapped_column(Text)
    """A JSON object; integers are decimal text."""


class MentionRow(Version, Base):
    """An event is about something: a job, an account, a pool or a model."""

    __tablename__ = "mentions"

    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    key: Mapped[str] = mapped_column(String(66), primary_key=True)


class ModelRow(Placed, Base):
    """A published model version."""

    __tablename__ = "models"

    id: Mapped[str] = _hash(primary_key=True)
    publisher: Mapped[str] = _address()
    name: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(String(LABEL_LENGTH), index=True)
    """The beginning of `name@version` in lower case."""
    program_root: Mapped[str] = _hash()
    weight_root: Mapped[str] = _hash()
    shards: Mapped[int]
    modes: Mapped[int]
    unit_rows: Mapped[int] = mapped_column(BigInteger)
    max_rows: Mapped[int] = mapped_column(BigInteger)
    uri: Mapped[str] = mapped_column(Text)


class PoolRow(Placed, Base):
    """A pool: one shard of a model at one price."""

    __tablename__ = "pools"

    id: Mapped[str] = _hash(primary_key=True)
    model: Mapped[str] = mapped_column(String(66), index=True)
    shard: Mapped[int]
    tier: Mapped[int]
    bond: Mapped[int] = mapped_column(Amount)


class LeafRow(Placed, Base):
    """A provider joined a pool."""

    __tablename__ = "leaves"

    pool: Mapped[str] = _hash(primary_key=True)
    leaf: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[str] = mapped_column(String(42), index=True)


class EndpointRow(Version, Base):
    """Where a provider says that its node is."""

    __tablename__ = "endpoints"

    account: Mapped[str] = mapped_column(String(42), primary_key=True)
    endpoint: Mapped[str] = mapped_column(Text)


class UnbondingRow(Placed, Base):
    """Stake began to leave a pool."""

    __tablename__ = "unbondings"

    id: Mapped[int] = mapped_column(Amount, primary_key=True, autoincrement=False)
    pool: Mapped[str] = _hash()
    account: Mapped[str] = mapped_column(String(42), index=True)
    leaf: Mapped[int]
    slots: Mapped[int]
    ready_at: Mapped[int] = mapped_column(BigInteger)


class UnbondedRow(Placed, Base):
    """Stake has left a pool; slashes may have made it less than what began to leave."""

    __tablename__ = "unbonded"

    id: Mapped[int] = mapped_column(Amount, primary_key=True, autoincrement=False)
    slots: Mapped[int]
    amount: Mapped[int] = mapped_column(Amount)


class JobRow(Placed, Base):
    """An opened job: its order, which never changes."""

    __tablename__ = "jobs"

    id: Mapped[str] = _hash(primary_key=True)
    requester: Mapped[str] = mapped_column(String(42), index=True)
    pool: Mapped[str] = mapped_column(String(66), index=True)
    model: Mapped[str] = mapped_column(String(66), index=True)
    shard: Mapped[int]
    tier: Mapped[int]
    mode: Mapped[int]
    replicas: Mapped[int]
    units: Mapped[int]
    input_root: Mapped[str] = _hash()
    params: Mapped[str] = _hash()
    nonce: Mapped[int] = mapped_column(Amount)
    open_by: Mapped[int] = mapped_column(BigInteger)
    seed_block: Mapped[int] = mapped_column(BigInteger)


class PhaseRow(Version, Base):
    """A job entered a phase, and for a refund why."""

    __tablename__ = "phases"

    job: Mapped[str] = _hash(primary_key=True)
    phase: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(String(32))


class SeatRow(Placed, Base):
    """A seat of a drawn job; the first `replicas` begin active, the others are reserves."""

    __tablename__ = "seats"

    job: Mapped[str] = _hash(primary_key=True)
    seat: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    leaf: Mapped[int]
    account: Mapped[str] = mapped_column(String(42), index=True)
    reserve: Mapped[bool] = mapped_column(Boolean)


class SettlementRow(Placed, Base):
    """What a job was settled on."""

    __tablename__ = "settlements"

    job: Mapped[str] = _hash(primary_key=True)
    output_root: Mapped[str] = _hash()
    paid: Mapped[int] = mapped_column(SmallInteger)
    """Bit i is set where seat i earned the share."""
    share: Mapped[int] = mapped_column(Amount)


class EntryRow(Base):
    """Money that a job moved: see `explorer.derive.money`."""

    __tablename__ = "entries"

    block: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    log_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    """Tells the entries of one event apart."""
    job: Mapped[str] = mapped_column(String(66), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    account: Mapped[str | None] = mapped_column(String(42), index=True)
    """Whose money it was or became; none where it was burned."""
    seat: Mapped[int | None] = mapped_column(SmallInteger)
    """7 is an auditor."""
    amount: Mapped[int] = mapped_column(Amount)


class TransactionRow(Base):
    """Who sent a transaction with events of the dispute engine, and what gas it took: its receipt's
    words, the only ones here that are not events."""

    __tablename__ = "transactions"

    hash: Mapped[str] = _hash(primary_key=True)
    block: Mapped[int] = mapped_column(BigInteger, index=True)
    sender: Mapped[str] = _address()
    gas: Mapped[int] = mapped_column(BigInteger)


class ContestRow(Version, Base):
    """The dispute engine took a job on; a settled job can be challenged more than once."""

    __tablename__ = "contests"

    job: Mapped[str] = _hash(primary_key=True)
    contest: Mapped[str] = _hash()
    """What the market said of a contested job; zero for one that was challenged."""
    ends_at: Mapped[int] = mapped_column(BigInteger)


class PartyRow(Version, Base):
    """Who claims an output of a disputed job: a seat (0 to 6), an auditor that vouched for it (7),
    or a challenger (from 8 on)."""

    __tablename__ = "parties"

    job: Mapped[str] = _hash(primary_key=True)
    party: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    account: Mapped[str] = mapped_column(String(42), index=True)
    output: Mapped[str] = _hash()
    bond: Mapped[int] = mapped_column(Amount)
    """What a challenger put up; zero for a seat, whose slot is its bond."""


class BriefRow(Placed, Base):
    """What a disputed job's input asks for."""

    __tablename__ = "briefs"

    job: Mapped[str] = _hash(primary_key=True)
    program: Mapped[str] = _hash()
    operators: Mapped[int] = mapped_column(BigInteger)
    lengths: Mapped[str] = mapped_column(Text)
    """Positions of each sequence, two bytes each."""
    causal: Mapped[bool] = mapped_column(Boolean)
    """Transcripts are laid down position by position."""
    output_bytes: Mapped[int] = mapped_column(BigInteger)
    strong: Mapped[bool] = mapped_column(Boolean)
    """Outputs name their transcripts, so that one transaction can convict."""
    refused: Mapped[bool] = mapped_column(Boolean)
    """The input breaks a rule: there is one right output, and no games."""


class StatementRow(Placed, Base):
    """A party stated its transcript: the node over all its sequences, and its output's."""

    __tablename__ = "statements"

    job: Mapped[str] = _hash(primary_key=True)
    party: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    body: Mapped[str] = _hash()
    output_top: Mapped[str] = _hash()


class GameRow(Version, Base):
    """Where a game between two parties stands; see `IDisputeTypes.Game`."""

    __tablename__ = "games"

    job: Mapped[str] = _hash(primary_key=True)
    a: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    b: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    stage: Mapped[int] = mapped_column(SmallInteger)
    height: Mapped[int] = mapped_column(SmallInteger)
    index: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
    start: Mapped[int] = mapped_column(BigInteger)
    stop: Mapped[int] = mapped_column(BigInteger)
    """Terms of a reduction whose partial results differ; none where it is zero."""
    part_a: Mapped[int] = mapped_column(Amount)
    part_b: Mapped[int] = mapped_column(Amount)
    """These partial results."""
    node_a: Mapped[str] = mapped_column(String(66), index=True)
    node_b: Mapped[str] = mapped_column(String(66), index=True)


class GameEndRow(Placed, Base):
    """A game is over."""

    __tablename__ = "game_ends"

    job: Mapped[str] = _hash(primary_key=True)
    a: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    b: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class OpeningRow(Base):
    """A node's children were opened, or its chunk was shown: in which game, and where that stood.

    The events name the node alone. Where no game is known to have stood there, all is none but what
    they say.
    """

    __tablename__ = "openings"

    block: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    log_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    node: Mapped[str] = _hash()
    count: Mapped[int] = mapped_column(BigInteger)
    """Children, or bytes of a chunk."""
    job: Mapped[str | None] = mapped_column(String(66), index=True)
    a: Mapped[int | None] = mapped_column(BigInteger)
    b: Mapped[int | None] = mapped_column(BigInteger)
    party: Mapped[int | None] = mapped_column(BigInteger)
    """Whose node it is."""
    stage: Mapped[int | None] = mapped_column(SmallInteger)
    height: Mapped[int | None] = mapped_column(SmallInteger)
    index: Mapped[int | None] = mapped_column(BigInteger)
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    position: Mapped[int | None] = mapped_column(BigInteger)
    value: Mapped[int | None] = mapped_column(BigInteger)
    size: Mapped[int | None] = mapped_column(BigInteger)


class ConvictionRow(Base):
    """A party's element is not what its own openings give."""

    __tablename__ = "convictions"

    block: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    log_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    job: Mapped[str] = mapped_column(String(66), index=True)
    party: Mapped[int] = mapped_column(BigInteger)
    against: Mapped[int] = mapped_column(BigInteger)
    output: Mapped[bool] = mapped_column(Boolean)
    """The element is one of the output's bytes, not of a value."""
    sequence: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[int] = mapped_column(BigInteger)
    element: Mapped[int] = mapped_column(BigInteger)
    start: Mapped[int] = mapped_column(BigInteger)
    stop: Mapped[int] = mapped_column(BigInteger)
    """As in `GameRow`: the partial result over these terms was wrong."""
    found: Mapped[int] = mapped_column(Amount)
    expected: Mapped[int] = mapped_column(Amount)


class LossRow(Base):
    """A party lost to another."""

    __tablename__ = "losses"

    block: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    log_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    job: Mapped[str] = mapped_column(String(66), index=True)
    party: Mapped[int] = mapped_column(BigInteger)
    against: Mapped[int] = mapped_column(BigInteger)
    proven: Mapped[bool] = mapped_column(Boolean)
    """By what its statement says."""
    late: Mapped[bool] = mapped_column(Boolean)
    """Because its clock ran out. One that is neither was convicted of a wrong partial result."""


class BondRow(Base):
    """A challenger's bond was returned, or (zero) lost."""

    __tablename__ = "bonds"

    block: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    log_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    job: Mapped[str] = mapped_column(String(66), index=True)
    party: Mapped[int] = mapped_column(BigInteger)
    returned: Mapped[int] = mapped_column(Amount)


class TotalRow(Version, Base):
    """A running total, as it stood after an event."""

    __tablename__ = "totals"

    subject: Mapped[str] = mapped_column(String(90), primary_key=True)
    measure: Mapped[str] = mapped_column(String(16), primary_key=True)
    value: Mapped[int] = mapped_column(Amount)


Index("ix_jobs_block_log_index", JobRow.block, JobRow.log_index)
