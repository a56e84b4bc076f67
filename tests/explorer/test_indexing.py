"""The indexer against a real chain that is extended, cut off and rewritten under it."""

import pytest

from explorer.database.tables import CheckpointRow, MentionRow
from explorer.derive.records import Header
from explorer.indexer.indexer import Indexer, newest_shared
from explorer.indexer.source import ChainMovedError, ChainSource
from explorer.indexer.store import StaleCheckpointError, Store, Subject
from tests.explorer.indexing import dump, fresh_database, indexer_of, rebuilt
from tests.explorer.world import explorable_world
from touchstone.chain.devnet import Devnet
from touchstone.errors import ExplorerError


@pytest.fixture
def database(tmp_path):
    found = fresh_database(tmp_path / "explorer.sqlite")
    yield found
    found.close()


def test_whatever_the_batches_the_rows_are_the_same(world, tmp_path):
    world.settled()
    world.replaced()
    world.contested()
    for audited in ("requested", "auditors_silent", "audit_starved", "refuted", "audit_challenged"):
        getattr(world, audited)()

    whole = rebuilt(world, tmp_path / "whole.sqlite")
    in_steps = rebuilt(world, tmp_path / "steps.sqlite", most_blocks=7)
    one_by_one = rebuilt(world, tmp_path / "blocks.sqlite", most_blocks=1)

    assert whole == in_steps == one_by_one
    assert len(whole["events"]) > 50
    assert {row[-1] for row in whole["checkpoint"]} == {
        world.devnet.w3.eth.get_block("latest")["timestamp"]
    }


@pytest.mark.parametrize("depth", [1, 5, 64])
def test_a_reorganisation_leaves_what_a_rebuild_finds(world, database, tmp_path, depth):
    indexer = indexer_of(world, database)
    if depth == 64:
        world.devnet.mine(40)
    world.settled()
    gone = world.drawn()
    before = indexer.catch_up()
    assert dump(database) == rebuilt(world, tmp_path / "before.sqlite")

    # The last blocks are replaced by empty ones.
    world.request("anvil_reorg", depth, [])
    world.devnet.mine(2)
    world.replaced()
    after = indexer.catch_up()

    assert after.head.number > before.head.number
    assert dump(database) == rebuilt(world, tmp_path / "after.sqlite")
    phases = [row for row in dump(database)["phases"] if row[0] == world.hex_of(gone)]
    assert {row[1] for row in phases} == ({"open"} if depth < 5 else set())


@pytest.mark.parametrize("depth", [1, 3, 6])
def test_a_reorganisation_in_the_middle_of_an_audit(world, database, tmp_path, depth):
    indexer = indexer_of(world, database)
    order = world.audit_drawn()
    world.sender_of(world.auditor(order)).send(world.market.demand_audit_input(order))
    world.wait(world.market.parameters.answer_window + 1)
    world.advance_audit(order)
    indexer.catch_up()
    assert dump(database) == rebuilt(world, tmp_path / "before.sqlite")

    # The end of the audit is gone, or its auditor as well, or the settlement.
    world.request("anvil_reorg", depth, [])
    world.devnet.mine(2)
    indexer.catch_up()
    assert dump(database) == rebuilt(world, tmp_path / "undone.sqlite")

    world.vouched()
    indexer.catch_up()
    assert dump(database) == rebuilt(world, tmp_path / "after.sqlite")


@pytest.mark.parametrize("blocks", [1, 5, 64])
def test_a_chain_that_is_set_back_and_goes_another_way_is_followed(
    world, database, tmp_path, blocks
):
    indexer = indexer_of(world, database)
    world.settled()
    indexer.catch_up()
    kept, snapshot = dump(database), world.request("evm_snapshot")
    orders = list(world.orders)

    world.open()
    world.devnet.mine(blocks - 1)
    indexer.catch_up()
    assert dump(database) != kept
    world.request("evm_revert", snapshot)
    world.orders[:] = orders
    world.reconnect()
    indexer = indexer_of(world, database)

    indexer.catch_up()
    assert dump(database) == kept

    world.wait(1000)
    world.contested()
    indexer.catch_up()
    assert dump(database) == rebuilt(world, tmp_path / "other.sqlite")


def test_a_chain_begun_anew_is_read_anew(world, database, tmp_path):
    world.settled()
    indexer_of(world, database).catch_up()

    with explorable_world() as other:
        other.contested()
        assert other.market.domain.market == world.market.domain.market
        look = indexer_of(other, database).catch_up()

        assert look.checkpoint.number == other.head
        assert dump(database) == rebuilt(other, tmp_path / "anew.sqlite")


def test_a_chain_without_the_deployments_block_is_refused(world, database):
    with Devnet() as empty:
        source = ChainSource(empty.w3, world.deployment, world.market)
        store = Store(database.writer, Subject(31337, world.market.domain.market))
        late = type(world.deployment)(31337, 10, world.deployment.contracts)

        with pytest.raises(ExplorerError, match="the chain has no block 10"):
            Indexer(source, store, late).look()


def test_a_data_base_of_another_market_is_refused(world, database):
    indexer_of(world, database).catch_up()
    source = ChainSource(world.devnet.w3, world.deployment, world.market)
    store = Store(database.writer, Subject(1, world.market.domain.market))

    with pytest.raises(ExplorerError, match=r"on chain 31337, not .* on chain 1: give another"):
        Indexer(source, store, world.deployment).look()


def test_it_stays_behind_the_head_by_the_confirmations(world, database):
    look = indexer_of(world, database, confirmations=10).catch_up()

    assert look.checkpoint.number == world.head - 10
    world.devnet.mine(3)
    assert (
        indexer_of(world, database, confirmations=10).catch_up().checkpoint.number
        == world.head - 10
    )


def test_of_two_indexers_the_later_changes_nothing(world, database, tmp_path):
    indexer = indexer_of(world, database, most_blocks=20)
    indexer.look()
    source = ChainSource(world.devnet.w3, world.deployment, world.market)
    store = Store(database.writer, Subject(31337, world.market.domain.market))
    stale = store.checkpoint()
    batch = source.read(stale.number + 1, stale.number + 10)
    indexer.look()
    before = dump(database)

    with pytest.raises(StaleCheckpointError):
        store.apply(stale, batch)
    with pytest.raises(StaleCheckpointError):
        store.roll_back(stale, Header(world.deployment.block, "0x", 0))

    assert dump(database) == before
    indexer.catch_up()
    assert dump(database) == rebuilt(world, tmp_path / "rebuilt.sqlite")


def test_blocks_that_change_while_they_are_read_do_not_count(world, database, tmp_path):
    world.settled()
    world.devnet.mine(3)

    class Unlucky(ChainSource):
        """The chain is reorganised while the blocks of events are looked up."""

        def _headers(self, numbers):
            found = super()._headers(numbers)
            if not self.done:
                self.done = True
                world.request("anvil_reorg", 8, [])
            return found

    source = Unlucky(world.devnet.w3, world.deployment, world.market)
    source.done = False
    store = Store(database.writer, Subject(31337, world.market.domain.market))
    indexer = Indexer(source, store, world.deployment)

    with pytest.raises(ChainMovedError, match="changed while they were read"):
        indexer.catch_up()
    assert [row[3] for row in dump(database)["checkpoint"]] == [world.deployment.block]

    indexer.catch_up()
    assert dump(database) == rebuilt(world, tmp_path / "rebuilt.sqlite")


def test_a_batch_that_fails_leaves_nothing_behind(world, database, monkeypatch):
    indexer = indexer_of(world, database, most_blocks=20)
    indexer.look()
    before = dump(database)
    world.settled()

    def broken(*_, **__):
        raise RuntimeError("the power is gone")

    monkeypatch.setattr("explorer.derive.market._pay_seats", broken)
    with pytest.raises(RuntimeError):
        indexer.catch_up()
    failed = dump(database)
    assert failed["checkpoint"] >= before["checkpoint"]

    monkeypatch.undo()
    indexer.catch_up()
    with database.read() as session:
        assert session.get(CheckpointRow, 1).number == world.head
        assert (
            session.query(MentionRow)
            .filter_by(kind="job", key=world.hex_of(world.orders[-1]))
            .count()
            > 2
        )


def test_the_common_ancestor_is_found_with_few_questions():
    blocks = [Header(number, str(number), 0) for number in range(1000, 0, -1)]
    asked = []

    def shared(block):
        asked.append(block)
        return block.number <= 617

    assert newest_shared(blocks, shared).number == 617
    assert len(asked) <= 11
    assert newest_shared(blocks[:100], shared) is None
    assert newest_shared([], shared) is None
