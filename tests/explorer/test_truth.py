"""What the explorer says is what the contracts say, and no unit of money is missing."""

import pytest
from sqlalchemy import select

from explorer.database.tables import EntryRow, LeafRow
from explorer.derive.money import BONDS, DEPOSITS, ESCROW, Kind, balance
from explorer.derive.rows import position_of
from explorer.views.jobs import lived, seats_of_jobs
from explorer.views.queries import entries_of, events_about, times_of, totals_of
from explorer.views.site import Constants, Site
from tests.explorer.conftest import KINDS, PENDING
from tests.explorer.world import PROVIDERS, REQUESTER
from touchstone.protocol.audits import AuditState
from touchstone.protocol.demands import DemandState
from touchstone.protocol.jobs import Clock, Phase

ALL = (*KINDS, *PENDING)


@pytest.fixture(scope="module")
def session(story):
    with story.database.read() as found:
        yield found


def life(story, session, name):
    world, key = story.world, story.world.hex_of(story.jobs[name])
    bucket = world.deployment.views(world.devnet.w3, "StakeVault").call("bucketSeconds")
    constants = Constants(31337, world.market.domain.market, world.market.parameters, bucket)
    events = events_about(session, "job", [key], 500)
    times = times_of(session, {event.block for event in events})
    from explorer.database.tables import JobRow

    site = Site(constants, Clock(world.head, 0), world.head, 12)
    seats = seats_of_jobs(session, [key]).get(key, [])
    return lived(session.get_one(JobRow, key), seats, events, times, site)


@pytest.mark.parametrize("name", ALL)
def test_a_jobs_state_is_the_markets(story, session, name):
    order = story.jobs[name]
    said, real = life(story, session, name).state, story.world.market.job(order)

    assert said.order == order
    for field in ("id", "phase", "since", "failed", "round", "seed", "input_root"):
        assert getattr(said, field) == getattr(real, field), field
    # An ended job keeps the seats that it paid or holds, the explorer all that were drawn.
    assert dict(real.seats).items() <= dict(said.seats).items()
    if real.phase is Phase.DRAWN:
        assert (said.seats, said.locked_until, said.active) == (
            real.seats,
            real.locked_until,
            real.active,
        )
        assert (said.commitments, said.reveals) == (real.commitments, real.reveals)
    assert_same_audit(said.audit, real.audit)
    for mine, its in (
        (said.input_demand, real.input_demand),
        (said.output_demand, real.output_demand),
    ):
        assert mine.state is its.state
        if its.state is not DemandState.NONE:
            assert (mine.demander, mine.deadline, mine.seats) == (
                its.demander,
                its.deadline,
                its.seats,
            )


def assert_same_audit(said, real):
    fields = ["state", "since", "odds", "held", "seal"]
    # What is left of the drawn leaves when it is over means nothing.
    fields += ["leaf"] if real.state in (AuditState.DRAWN, AuditState.VOUCHED) else []
    for name in fields:
        assert getattr(said, name) == getattr(real, name), name


@pytest.mark.parametrize("name", ALL)
def test_every_unit_of_a_jobs_escrow_is_accounted_for(story, session, name):
    order, key = story.jobs[name], story.world.hex_of(story.jobs[name])
    moved = [(Kind(entry.kind), entry.amount) for entry in entries_of(session, [key])]
    waits = order.payment if name in ("open", "waiting", "drawn", "demanded") else 0
    waits += order.share if name in ("audit_due", "audit_drawn") else 0

    assert [amount for kind, amount in moved if kind is Kind.PAYMENT] == [order.payment]
    ordered = order.share if name in ("requested", "audited_twice") else 0
    assert sum(amount for kind, amount in moved if kind is Kind.AUDIT_ORDERED) == ordered
    assert balance(moved, ESCROW) == waits
    assert balance(moved, DEPOSITS) == (
        story.world.market.answer_deposit if name == "demanded" else 0
    )
    assert balance(moved, BONDS) == 0
    assert all(pot["adds_up"] for pot in story.job(name)["pots"])


def test_the_market_holds_what_the_explorer_says_is_in_it(story, session):
    """The market's tokens are all escrow, all deposits, and all that it owes."""
    world = story.world
    moved = [(Kind(e.kind), e.amount) for e in session.scalars(select(EntryRow))]
    accounts = [world.devnet.account(index).address for index in range(PROVIDERS + 2)]
    owed = sum(totals_of(session, account.lower()).get("owed", 0) for account in accounts)

    held = world.token.balance_of(world.market.domain.market)
    assert held == balance(moved, ESCROW) + balance(moved, DEPOSITS) + owed
    assert owed > 0


@pytest.mark.parametrize("index", range(PROVIDERS + 2))
def test_what_an_account_is_owed_and_has_staked_is_what_the_contracts_say(story, session, index):
    world = story.world
    account = world.devnet.account(index).address
    totals = totals_of(session, account.lower())

    assert totals.get("owed", 0) == sum(world.market.balance_of(account))
    assert totals.get("free", 0) == world.vault.free_stake(account)
    if index > REQUESTER:
        position = world.vault.position(world.pool, account)
        leaf = session.scalars(select(LeafRow).where(LeafRow.account == account.lower())).one()
        own = totals_of(session, position_of(leaf.pool, leaf.leaf))
        held = world.vault.contract.functions.bondsOf(world.pool, leaf.leaf).call()[1]
        assert (own["slots"], own["offered"], own.get("held", 0)) == (
            position.slots, position.next_weight, held,
        )  # fmt: skip


def test_withdrawing_lowers_what_is_owed(world, story, session, tmp_path):
    from tests.explorer.indexing import fresh_database, indexer_of

    before = world.market.balance_of(world.devnet.account(REQUESTER).address)
    world.sender(REQUESTER).send(world.market.withdraw())
    database = fresh_database(tmp_path / "explorer.sqlite")
    indexer_of(world, database).catch_up()

    with database.read() as after:
        totals = totals_of(after, world.devnet.account(REQUESTER).address.lower())
        assert totals["withdrawn"] == before[0] > 0
        assert totals["owed"] == before[1]
    database.close()
