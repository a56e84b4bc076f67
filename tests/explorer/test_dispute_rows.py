"""What the dispute engine's events bring about and say, where no game on a chain is needed."""

from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from explorer.database.tables import (
    ConvictionRow,
    EntryRow,
    LossRow,
    OpeningRow,
    PartyRow,
    TotalRow,
)
from explorer.derive.facts import Facts, PartyFact
from explorer.derive.records import RESOLVER, Event
from explorer.derive.rows import Rows
from explorer.derive.transaction import derive
from explorer.story.dispute_words import WORDS
from explorer.story.known import Known
from explorer.story.pieces import text_of
from explorer.story.places import Extent, Place, place_words
from explorer.story.words import sentence
from touchstone.disputes.game import Stage

JOB, OTHER_JOB = "0x" + "aa" * 32, "0x" + "bb" * 32
NODE_A, NODE_B, UNKNOWN = "0x" + "01" * 32, "0x" + "02" * 32, "0x" + "03" * 32
ACCOUNTS = ["0x" + f"{n:02x}" * 20 for n in range(16, 25)]
NO_GAME = dict.fromkeys(
    [
        "stage",
        "height",
        "index",
        "sequence",
        "position",
        "value",
        "since",
        "clockA",
        "clockB",
        "size",
        "from",
        "to",
        "postedA",
        "postedB",
        "partA",
        "partB",
    ],
    "0",
)


class Chain:
    """Events, each in a place of its own."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def say(self, transaction: str, name: str, **args: Any) -> Event:
        event = Event(7, len(self.events), transaction, RESOLVER, name, args)
        self.events.append(event)
        return event

    def descended(self, transaction: str, job: str = JOB, **game: Any) -> Event:
        nodes = {"nodeA": NODE_A, "nodeB": NODE_B, "closed": False}
        told = NO_GAME | nodes | {name: str(value) for name, value in game.items()}
        return self.say(transaction, "Descended", job=job, a="0", b="1", game=told)

    def derived(self) -> Rows:
        parties = {
            (job, n): PartyFact(ACCOUNTS[n], 11 if n == 8 else 0)
            for job in (JOB, OTHER_JOB)
            for n in range(9)
        }
        return derive(self.events, Facts(parties=parties))


def rows_of(rows: Rows, table) -> list[dict[str, Any]]:
    return rows.tables.get(table, [])


def known_of(rows: Rows) -> Known:
    def placed(table):
        return {(r["block"], r["log_index"]): table(**r) for r in rows_of(rows, table)}

    return Known(
        bucket_seconds=1,
        parties={
            (JOB, n): PartyRow(job=JOB, party=n, account=ACCOUNTS[n], bond=11 if n == 8 else 0)
            for n in range(9)
        },
        openings=placed(OpeningRow),
        convictions=placed(ConvictionRow),
        losses=placed(LossRow),
    )


def convict(chain: Chain, *, proven: bool, **args: Any) -> tuple[Event, Event]:
    told = {name: str(value) for name, value in args.items()}
    convicted = chain.say("0x1", "Convicted", job=JOB, party="1", **told)
    lost = chain.say("0x1", "Lost", job=JOB, party="1", against="0", proven=proven)
    return convicted, lost


def test_a_wrong_partial_result_convicts_without_the_clock():
    chain = Chain()
    chain.descended(
        "0x1", stage=Stage.ELEMENT, index=5, value=9, **{"from": 64, "to": 128},
        partA=-3, partB=4,
    )  # fmt: skip
    events = convict(
        chain, proven=False, sequence=0, position=0, value=9, element=5, found=4, expected=-3
    )
    rows = chain.derived()
    known = known_of(rows)

    (found,) = rows_of(rows, ConvictionRow)
    assert (found["start"], found["stop"], found["output"]) == (64, 128, False)
    (loss,) = rows_of(rows, LossRow)
    assert (loss["proven"], loss["late"]) == (False, False)
    totals = {(r["subject"], r["measure"]): r["value"] for r in rows_of(rows, TotalRow)}
    assert totals == {(ACCOUNTS[1], "convicted"): 1, (ACCOUNTS[0], "won"): 1}
    said = [text_of(WORDS[event.name](event, known)) for event in (chain.events[0], *events)]
    part = "the partial result over terms 64 to 127 of element 5 of value 9 of sequence 0"
    assert f"differ first in {part}: -3 against 4." in said[0]
    assert f"is convicted: {part} is 4 in what it stated, and must be -3" in said[1]
    assert said[2].endswith("it was shown to have lied.")


def test_a_strong_claim_is_convicted_of_another_element_than_the_games():
    chain = Chain()
    chain.descended(
        "0x1", stage=Stage.ELEMENT, index=5, value=9, **{"from": 64, "to": 128}, partB=4
    )
    convict(chain, proven=True, sequence=0, position=0, value=9, element=6, found=4, expected=-3)
    (found,) = rows_of(chain.derived(), ConvictionRow)

    assert (found["element"], found["start"], found["stop"]) == (6, 0, 0)


def test_who_is_late_lost_by_the_clock_and_half_its_bond():
    chain = Chain()
    lost = chain.say("0x1", "Lost", job=JOB, party="8", against="0", proven=False)
    bond = chain.say("0x1", "BondSettled", job=JOB, party="8", returned="0")
    rows = chain.derived()
    known = known_of(rows)

    assert rows_of(rows, LossRow)[0]["late"]
    entries = [(r["kind"], r["account"], r["amount"]) for r in rows_of(rows, EntryRow)]
    assert entries == [("challenge won", ACCOUNTS[0], 5), ("challenge burned", None, 6)]
    assert text_of(WORDS["Lost"](lost, known)).endswith("its clock ran out.")
    assert "Challenger 8 (" in text_of(WORDS["BondSettled"](bond, known))


def test_an_opening_belongs_to_the_game_that_stands_there():
    chain = Chain()
    chain.descended("0x1", stage=Stage.VALUES, height=4, sequence=2)
    chain.descended("0x2", job=OTHER_JOB, stage=Stage.VALUES, height=4)
    # Alone: the newest; with a word about an older one: that; unknown: the transaction's one job.
    chain.say("0x3", "Opened", node=NODE_B, levels="1", children=[NODE_A] * 2)
    chain.say("0x4", "Opened", node=NODE_A, levels="1", children=[NODE_A] * 2)
    chain.say("0x4", "GameOver", job=JOB, a="0", b="1")
    chain.say("0x5", "LeafOpened", node=UNKNOWN, chunk="0x0102")
    chain.say("0x5", "GameOver", job=JOB, a="0", b="2")
    chain.say("0x6", "LeafOpened", node=UNKNOWN, chunk="0x0102")
    rows = chain.derived()
    known = known_of(rows)

    found = [(r["job"], r["party"], r["count"]) for r in rows_of(rows, OpeningRow)]
    assert found == [(OTHER_JOB, 1, 2), (JOB, 0, 2), (JOB, None, 2), (None, None, 2)]
    said = [text_of(sentence(event, known)) for event in chain.events if "node" in event.args]
    assert said[1].startswith(f"Job {JOB}: Opened 2 children of seat 0's node")
    assert said[1].endswith("over values 0 to 15 of sequence 2.")
    assert said[3] == f"Showed the chunk {UNKNOWN}, 2 bytes."


def test_an_auditor_is_called_so():
    chain = Chain()
    lost = chain.say("0x1", "Lost", job=JOB, party="7", against="8", proven=True)
    started = chain.say("0x1", "GameStarted", job=JOB, a="7", b="8")
    known = known_of(chain.derived())

    said = text_of(WORDS["Lost"](lost, known))
    assert said.startswith(f"The auditor ({to_checksum_address(ACCOUNTS[7])}) lost to challenger 8")
    assert text_of(WORDS["GameStarted"](started, known)).startswith("The auditor and challenger 8")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place(Stage.SEQUENCES, 3, 0, 0, 0, 0, 0), "the transcript"),
        (Place(Stage.SEQUENCES, 1, 1, 0, 0, 0, 0), "sequences 2 to 3"),
        (Place(Stage.VALUES, 4, 0, 3, 0, 0, 0), "sequence 3"),
        (Place(Stage.VALUES, 2, 2, 3, 0, 0, 0), "values 8 to 9 of sequence 3"),
        (Place(Stage.VALUES, 0, 9, 3, 0, 0, 0), "value 9 of sequence 3"),
        (Place(Stage.CHUNKS, 2, 0, 3, 0, 2, 1000), "value 2 (add, here) of sequence 3"),
        (Place(Stage.CHUNKS, 1, 1, 3, 0, 1, 999), "chunks 2 to 3 of value 1 (embed) of sequence 3"),
        (Place(Stage.LEAF, 0, 1, 3, 0, 4, 30), "chunk 1 of value 4 of sequence 3"),
        (Place(Stage.OUTPUT, 1, 0, 0, 0, 0, 500), "the output"),
        (Place(Stage.OUTPUT, 1, 0, 0, 0, 0, 9000), "chunks 0 to 1 of the output"),
        (Place(Stage.OUTPUT_ELEMENT, 0, 8, 0, 0, 0, 30), "word 8 of the output"),
    ],
)  # fmt: skip
def test_places_in_words(place, words):
    assert place_words(place, Extent(8, None, 10, ("embed", "add, here"))) == words


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place(Stage.POSITIONS, 3, 0, 1, 0, 0, 0), "sequence 1"),
        (Place(Stage.POSITIONS, 2, 1, 1, 0, 0, 0), "positions 4 to 6 of sequence 1"),
        (Place(Stage.VALUES, 4, 0, 1, 5, 0, 0), "position 5 of sequence 1"),
        (Place(Stage.VALUES, 1, 2, 1, 5, 0, 0), "values 4 to 5 at position 5 of sequence 1"),
        (Place(Stage.ELEMENT, 0, 3, 1, 5, 0, 0), "element 3 of value 0 (the input) at position 5 "
         "of sequence 1"),
    ],
)  # fmt: skip
def test_places_of_causal_programs_in_words(place, words):
    assert place_words(place, Extent(2, [3, 7], 10)) == words


def test_an_input_that_breaks_a_rule_is_said_to():
    chain = Chain()
    # The flags are the last of its bytes.
    event = chain.say("0x1", "Described", job=JOB, brief="0x" + "00" * 164 + "01")
    assert "breaks a rule" in text_of(WORDS["Described"](event, known_of(chain.derived())))
