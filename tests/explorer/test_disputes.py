"""Real disputes on a real chain: what is indexed is what the engine says, and the pages tell it in
words."""

import re

import pytest
from alembic import command
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from sqlalchemy import select

from explorer.database.migrate import alembic_config, migrate
from explorer.database.tables import (
    BondRow,
    CheckpointRow,
    ContestRow,
    EntryRow,
    EventRow,
    GameEndRow,
    GameRow,
    LossRow,
    OpeningRow,
    PartyRow,
    StatementRow,
    TransactionRow,
)
from explorer.derive.money import CHALLENGES, Kind, balance
from explorer.programs import operator_names
from explorer.views.queries import totals_of
from tests.explorer.conftest import Story
from tests.explorer.disputed import CHALLENGER, KINDS, PROVIDERS, court_in
from tests.explorer.indexing import browser, dump, fresh_database, indexer_of, rebuilt
from tests.explorer.test_pages import text_of
from tests.support.commands import Commands
from touchstone.disputes.game import FIRST_CHALLENGER, Stage
from touchstone.errors import ExplorerError
from touchstone.protocol.audits import AUDITOR_SEAT
from touchstone.protocol.jobs import seats_in

VALUE = "value 30 (peak, layer.0.attention_norm.peak) of sequence 1"
WORDS = {
    "convicted": [
        "The resolver took the contest on",
        f"is convicted: element 5 of {VALUE} is 1163358 in what it stated, and must be 114782 by "
        "its own openings.",
        "): it was shown to have lied.",
        "was found guilty and lost 12 of 12 slices of its bond: 1.58 tokens burned, 0.02 tokens as "
        "compensation",
        "Seat 1 lost to seat 0 (shown to have lied).",
        "The input has 2 sequences of 5, 9 positions; the program has 96 operators.",
        "The input's shape was shown: 2 sequences with 14 positions, for a program of 96 operators",
        "Seat 0 and seat 1 must show where their executions differ.",
        "Opened 2 children of seat 0's node",
        "Opened 16 children of seat 1's node",
        "Seat 0 and seat 1 differ first in sequence 1.",
        "over values 24 to 31 of sequence 1.",
        f"Seat 0 and seat 1 differ first in chunk 0 of {VALUE}.",
        f"Showed seat 0's chunk 0 of {VALUE}, 36 bytes.",
        "Sent by seat 0 0x",
        "seat 0 against seat 1: over, at element 5",
    ],
    "at_once": [
        f"is convicted: element 5 of {VALUE} is 1163358 in what it stated, and must be 114782",
        "Seat 1 lost to seat 0 (shown to have lied).",
        "redundant, strong claims",
        "one transaction can convict",
    ],
    "timed_out": [
        "): its clock ran out.",
        "Seat 1 lost to seat 0 (its clock ran out).",
        "seat 0 against seat 1: over, at the statements",
        "not stated",
    ],
    "outputs_differ": [
        "is convicted: word 51 of its output is",
        "Showed seat 0's chunk 0 of the output, 208 bytes.",
        "over, at word 51 of the output",
    ],
    "all_lied": [
        "that all agreed on is disputed: the bonds of seats 0 and 1 (",
        "Seat 0 lost to challenger 8 (shown to have lied); seat 1 lost to challenger 8",
        "The result was disputed: seats 0 and 1 guilty.",
        "with a bond of 1 token.",
        "has its bond of 1 token back, to be withdrawn.",
        "took its bond back",
        "1.6 tokens burned, 0.16 tokens to the requester",
    ],
    "auditor_lied": [
        "the bonds of seat 0 and the auditor (0x",
        "Seat 0 lost to challenger 8 (shown to have lied); the auditor lost to challenger 8 (shown "
        "to have lied).",
        "Concluded: seat 0 and the auditor guilty; the bounties go to 0x709979…79C8.",
        ") was found guilty and lost 12 of 12 slices of its bond: 1.6 tokens burned, 0.16 tokens "
        "to the requester (0x709979…79C8), 0.16 tokens as bounty (0x709979…79C8).",
        "The result was disputed: seat 0 and the auditor guilty. Its auditor was found guilty.",
        "The auditor (0x",
        "vouched for the result, earned 0.02 tokens, lost 1.92 tokens of its bond (was found "
        "guilty)",
    ],
    "wrongly_challenged": [
        "Challenger 8 lost to seat 0 (shown to have lied).",
        "The result was disputed, and nobody was shown to have lied.",
        "lost its bond of 1 token: 0.5 tokens burned, 0.5 tokens to its opponent.",
        "Settled: 2 providers were paid 0.04 tokens.",
    ],
    "pending": ["Nobody has lost.", "its bond is held", "Seat 0 and seat 1 must show"],
    "challenged": [
        "The result is disputed, and the bonds are held.",
        "its bond is held",
        "The challenge ends at the latest at",
    ],
}  # fmt: skip
ALL = tuple(WORDS)


@pytest.fixture(scope="module")
def court(tmp_path_factory):
    with court_in(tmp_path_factory.mktemp("court")) as found:
        for name in KINDS:
            found.jobs[name] = getattr(found, name)()
        found.jobs["challenged"] = found.challenged(found.right(), found.wrong())
        yield found


@pytest.fixture(scope="module")
def story(court, tmp_path_factory):
    database = fresh_database(tmp_path_factory.mktemp("disputes") / "explorer.sqlite")
    look = indexer_of(court, database).catch_up()
    client = browser(court, database, look, operator_names([court.folder]))
    yield Story(court, database, client, {})
    database.close()


@pytest.fixture(scope="module")
def session(story):
    with story.database.read() as found:
        yield found


def key_of(court, name: str) -> str:
    return "0x" + court.jobs[name].job.id.hex()


def rows_of(session, table, key):
    order = table.__table__.primary_key.columns
    return session.scalars(select(table).where(table.job == key).order_by(*order)).all()


# --- what the engine says -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_a_contest_and_its_parties_are_the_engines(court, session, name):
    key, job = key_of(court, name), court.jobs[name].job.id
    contest = court.disputes.contest(job)
    parties = {row.party: row for row in rows_of(session, PartyRow, key)}
    losses = {row.party: row for row in rows_of(session, LossRow, key)}
    returned = {row.party for row in rows_of(session, BondRow, key) if row.returned}
    statements = {row.party: row for row in rows_of(session, StatementRow, key)}

    assert rows_of(session, ContestRow, key)[-1].ends_at == contest.ends_at
    assert {n for n in parties if n < FIRST_CHALLENGER} == set(seats_in(contest.seats))
    assert {n for n in losses if n < FIRST_CHALLENGER} == set(seats_in(contest.guilty))
    assert contest.parties in (0, FIRST_CHALLENGER + sum(n >= FIRST_CHALLENGER for n in parties))
    for number, real in court.disputes.parties(job, sorted(parties)).items():
        said = parties[number]
        assert (said.account, said.output) == (real.account.lower(), "0x" + real.output.hex())
        assert real.lost == (number in losses or number in returned)
        assert real.proven == (number in losses and losses[number].proven)
        if number in statements:
            halves = [bytes.fromhex(half[2:]) for half in words_of(statements[number])]
            assert keccak(encode(["bytes32", "bytes32"], halves)) == real.statement
        else:
            assert real.stated_at == 0


@pytest.mark.parametrize("name", ALL)
def test_games_stand_where_the_engine_has_them(court, session, name):
    key, job = key_of(court, name), court.jobs[name].job.id
    newest = {}
    for row in sorted(rows_of(session, GameRow, key), key=lambda r: (r.block, r.log_index)):
        newest[row.a, row.b] = row
    ended = {(row.a, row.b) for row in rows_of(session, GameEndRow, key)}

    assert newest or name in ("challenged", "at_once")
    assert court.disputes.contest(job).games == len(newest) - len(ended)
    for pair, real in court.disputes.games(job, sorted(newest)).items():
        said = newest[pair]
        assert real.closed == (pair in ended)
        for field in ("height", "index", "sequence", "position", "value", "size", "start", "stop"):
            assert getattr(said, field) == getattr(real, field), field
        assert (said.part_a, said.part_b) == (real.part_a, real.part_b)
        assert real.stage in (said.stage, Stage.OVER)
        if said.stage != Stage.STATING:
            assert (said.node_a, said.node_b) == (
                "0x" + real.node_a.hex(),
                "0x" + real.node_b.hex(),
            )


def test_every_opening_has_its_job_and_its_party(court, session):
    openings = session.scalars(select(OpeningRow)).all()
    events = {
        (row.block, row.log_index): row
        for row in session.scalars(select(EventRow).where(EventRow.contract == "Disputes"))
    }
    owners = {(row.job, row.party): row.account for row in session.scalars(select(PartyRow))}
    senders = {row.hash: row.sender for row in session.scalars(select(TransactionRow))}

    assert len(openings) > 10
    for row in openings:
        event = events[row.block, row.log_index]
        levels = 0 if event.name == "LeafOpened" else row.count.bit_length() - 1
        assert court.disputes.opened_at([(bytes.fromhex(row.node[2:]), levels)]) != [0]
        assert (row.job, row.party) in owners
        # Whoever plays opens its own node, or repeats the other's as well.
        assert senders[event.transaction] in {owners[row.job, row.a], owners[row.job, row.b]}


def test_the_engine_holds_what_the_explorer_says_is_in_it(court, session):
    moved = [(Kind(entry.kind), entry.amount) for entry in session.scalars(select(EntryRow))]
    accounts = [court.devnet.account(index).address for index in range(2 + PROVIDERS)]
    owed = {
        account: totals_of(session, account.lower()).get("engine owes", 0) for account in accounts
    }

    for account, amount in owed.items():
        assert amount == court.disputes.balance_of(account)
    held = court.token.balance_of(court.disputes.address)
    assert held == balance(moved, CHALLENGES) + sum(owed.values())
    # One challenger waits for the verdict.
    assert balance(moved, CHALLENGES) == court.disputes.bond
    assert sum(owed.values()) == court.disputes.bond * 5 // 2


def test_senders_and_gas_are_the_receipts(court, session):
    rows = session.scalars(select(TransactionRow)).all()

    assert len(rows) > 30
    for row in rows:
        receipt = court.devnet.w3.eth.get_transaction_receipt(row.hash)
        assert (row.sender, row.gas) == (receipt["from"].lower(), receipt["gasUsed"])
        assert row.block == receipt["blockNumber"]


# --- what is shown ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_a_jobs_page_tells_its_dispute(court, story, name):
    page = story.page(f"/jobs/{key_of(court, name)}")
    shown = text_of(page)

    for words in WORDS[name]:
        assert words in shown, words
    assert "does not add up" not in shown
    for transaction in set(re.findall(r'href="/transactions/(0x[0-9a-f]{64})"', page)):
        assert story.client.get(f"/transactions/{transaction}").status_code == 200


@pytest.mark.long
@pytest.mark.parametrize("name", ALL)
def test_json_tells_the_same_as_the_page(court, story, name):
    view = story.json(f"/jobs/{key_of(court, name)}")["dispute"]
    shown = text_of(story.page(f"/jobs/{key_of(court, name)}"))

    assert view["outcome"] in shown
    assert f"{view['gas']:,} gas" in shown
    assert view["gas"] == sum(move["gas"] for move in view["moves"])
    for move in view["moves"]:
        assert move["sender"] is not None
        for step in move["steps"]:
            assert step["transaction"] == move["transaction"]
    for party in view["parties"]:
        assert party["outcome"] in shown
    for game in view["games"]:
        assert game["where"] in shown


def test_a_conviction_has_its_element_and_both_numbers(court, story):
    (found,) = story.json(f"/jobs/{key_of(court, 'convicted')}")["dispute"]["convictions"]
    arena = court.jobs["convicted"]
    wrong = court.wrong().runs[court.lab.sequences[1].tobytes()][30].reshape(-1)[5]
    right = court.right().runs[court.lab.sequences[1].tobytes()][30].reshape(-1)[5]

    assert (found["party"], found["against"], found["of_output"]) == ("seat 1", "seat 0", False)
    assert (found["sequence"], found["value"], found["element"]) == (1, 30, 5)
    assert (found["found"], found["expected"]) == (str(wrong), str(right))
    assert found["operator"] == "peak, layer.0.attention_norm.peak"
    assert found["terms"] is None
    moved = {m["sender"] for m in story.json(f"/jobs/0x{arena.job.id.hex()}")["dispute"]["moves"]}
    assert {arena.job.providers[seat] for seat in arena.job.active} <= moved


def test_without_the_program_a_value_is_a_number(court, story, tmp_path):
    look = indexer_of(court, story.database).catch_up()
    client = browser(court, story.database, look)
    shown = text_of(client.get(f"/jobs/{key_of(court, 'convicted')}").text)

    assert "element 5 of value 30 of sequence 1 is 1163358" in shown
    assert "peak" not in shown
    with pytest.raises(ExplorerError, match="is no program that can be read"):
        operator_names([tmp_path])


def test_names_of_operators_are_escaped(court, story):
    script = "<script>alert(1)</script>"
    names = {root: [script] * len(n) for root, n in operator_names([court.folder]).items()}
    client = browser(court, story.database, indexer_of(court, story.database).catch_up(), names)
    page = client.get(f"/jobs/{key_of(court, 'convicted')}").text

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_providers_pages_count_what_they_won_and_lost(court, story, session):
    losses = session.scalars(select(LossRow)).all()
    accounts = {(row.job, row.party): row.account for row in session.scalars(select(PartyRow))}
    for index in range(1, 2 + PROVIDERS):
        address = court.devnet.account(index).address
        mine = [row for row in losses if accounts[row.job, row.party] == address.lower()]
        won = [row for row in losses if accounts[row.job, row.against] == address.lower()]
        view = story.json(f"/providers/{address}")
        shown = text_of(story.page(f"/providers/{address}"))

        assert view["summary"]["disputes_won"] == len(won)
        assert view["summary"]["convictions"] == sum(not row.late for row in mine)
        assert view["summary"]["timeouts"] == sum(row.late for row in mine)
        assert f"Disputes won{len(won)}" in shown
        for dispute in view["disputes"]:
            assert dispute["outcome"] in shown
    challenger = story.json(f"/providers/{court.devnet.account(CHALLENGER).address}")
    assert {one["party"] for one in challenger["disputes"]} == {"challenger 8"}
    assert challenger["engine_owes"]["tokens"] == "2"
    assert len(losses) == 9
    entered = {
        one["party"]
        for index in range(2, 2 + PROVIDERS)
        for one in story.json(f"/providers/{court.devnet.account(index).address}")["disputes"]
    }
    assert "the auditor" in entered


def test_a_move_leads_to_its_job(court, story):
    key = key_of(court, "convicted")
    for move in story.json(f"/jobs/{key}")["dispute"]["moves"]:
        found = story.json(f"/search?q={move['transaction']}")["found"]
        assert {(one["kind"], one["key"]) for one in found} == {
            ("transaction", move["transaction"]),
            ("job", key),
        }
        shown = text_of(story.page(f"/transactions/{move['transaction']}"))
        assert f"{move['gas']:,} gas" in shown
        assert "said " not in shown


def test_the_command_names_the_auditor_and_who_each_of_the_guilty_lost_to(court, tmp_path):
    """What `touchstone dispute show` says of the same dispute."""
    commands = Commands(tmp_path / "home", court.devnet, court.deployment)
    challenger = court.devnet.account(CHALLENGER).address
    found = commands.json("dispute", "show", key_of(court, "auditor_lied"))
    shown = commands.run("dispute", "show", key_of(court, "auditor_lied")).stdout

    assert found["guilty"] == [0, AUDITOR_SEAT]
    assert found["winners"] == {"0": challenger, "7": challenger}
    assert [party["role"] for party in found["parties"]] == ["seat", "auditor", "challenger"]
    assert [party["bond"] for party in found["parties"]] == [None, None, "1"]
    assert f"seat 0 lost to {challenger}" in shown
    assert f"the auditor lost to {challenger}" in shown
    listed = {one["job"]: one for one in commands.json("dispute", "list")}
    assert listed[key_of(court, "auditor_lied")]["winners"] == found["winners"]


# --- the chain goes another way -----------------------------------------------------------------


@pytest.mark.long
def test_whatever_the_batches_the_rows_are_the_same(court, story, tmp_path):
    indexer_of(court, story.database).catch_up()
    assert dump(story.database) == rebuilt(court, tmp_path / "steps.sqlite", most_blocks=3)


def test_a_data_base_of_the_version_before_is_read_anew(court, tmp_path):
    database = fresh_database(tmp_path / "explorer.sqlite")
    indexer_of(court, database).catch_up()
    with database.writer.begin() as connection:
        command.downgrade(alembic_config(connection), "0002")
    with database.read() as session:
        head = court.devnet.w3.eth.block_number
        assert session.scalar(select(CheckpointRow.number)) == head
        assert session.scalars(select(EventRow.name).where(EventRow.name == "Convicted")).first()

    assert migrate(database.writer) == "0003"
    with database.read() as session:
        assert session.get(CheckpointRow, 1) is None
    indexer_of(court, database).catch_up()

    assert dump(database) == rebuilt(court, tmp_path / "rebuilt.sqlite")
    database.close()


@pytest.mark.long
@pytest.mark.parametrize("depth", [1, 4])
def test_a_reorganisation_in_the_middle_of_a_game(court, tmp_path, depth):
    executions = court.right(), court.wrong(2 + depth)
    arena = court.contested(*executions)
    court.moves(arena, 3)
    database = fresh_database(tmp_path / "explorer.sqlite")
    indexer = indexer_of(court, database)
    indexer.catch_up()
    before = dump(database)
    assert before == rebuilt(court, tmp_path / "before.sqlite", most_blocks=5)

    # The last blocks are replaced by empty ones, and the parties make their moves once more.
    court.request("anvil_reorg", depth, [])
    court.devnet.mine(2)
    indexer.catch_up()
    assert dump(database) == rebuilt(court, tmp_path / "undone.sqlite")
    gone = {row[0] for row in before["transactions"]}
    assert not gone <= {row[0] for row in dump(database)["transactions"]}
    court.seat(arena, *executions)
    assert arena.play() == (True, {1})
    court.conclude(arena)
    indexer.catch_up()

    assert dump(database) == rebuilt(court, tmp_path / "after.sqlite")
    with database.read() as session:
        assert [row.party for row in rows_of(session, LossRow, "0x" + arena.job.id.hex())] == [1]
    database.close()


def words_of(row: StatementRow) -> tuple[str, str]:
    return row.body, row.output_top
