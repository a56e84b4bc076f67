"""What the dispute engine's events bring about."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from explorer.database.tables import (
    BondRow,
    BriefRow,
    ContestRow,
    ConvictionRow,
    GameEndRow,
    GameRow,
    LossRow,
    OpeningRow,
    PartyRow,
    StatementRow,
)
from explorer.derive.facts import GameFact, PartyFact
from explorer.derive.money import Kind
from explorer.derive.records import RESOLVER
from touchstone.disputes.game import LEAVES, TREES, Brief, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from explorer.derive.records import Event
    from explorer.derive.transaction import Transaction


def jobs_in(events: Sequence[Event]) -> frozenset[str]:
    """The jobs that the engine's events name."""
    return frozenset(
        event.text("job") for event in events if event.contract == RESOLVER and "job" in event.args
    )


def contest_opened(tx: Transaction, event: Event) -> None:
    """A job is disputed."""
    tx.rows.add(
        ContestRow, event, job=event.text("job"), contest=event.text("contest"),
        ends_at=event.number("endsAt"),
    )  # fmt: skip


def entered(tx: Transaction, event: Event) -> None:
    """A party claims an output; a challenger puts up a bond."""
    job, party, account = event.text("job"), event.number("party"), event.text("account")
    bond = event.number("bond")
    tx.facts.parties[job, party] = PartyFact(account, bond)
    tx.rows.add(
        PartyRow, event, job=job, party=party, account=account, output=event.text("output"),
        bond=bond,
    )  # fmt: skip
    tx.rows.entry(event, job, Kind.CHALLENGE, account, bond)


def described(tx: Transaction, event: Event) -> None:
    """What the input asks for."""
    brief = brief_in(event)
    tx.rows.add(
        BriefRow,
        event,
        job=event.text("job"),
        program="0x" + brief.program.hex(),
        operators=brief.operators,
        lengths="0x" + brief.lengths.hex(),
        causal=brief.causal,
        output_bytes=brief.output_bytes,
        strong=brief.strong,
        refused=brief.refused,
    )


def brief_in(event: Event) -> Brief:
    """The brief in `Described`, of which the chain has the bytes."""
    return Brief.from_abi(bytes.fromhex(event.text("brief").removeprefix("0x")))


def stated(tx: Transaction, event: Event) -> None:
    """A party stated its transcript."""
    _mention(tx, event, event.number("party"))
    tx.rows.add(
        StatementRow, event, job=event.text("job"), party=event.number("party"),
        body=event.text("body"), output_top=event.text("outputTop"),
    )  # fmt: skip


def game_started(tx: Transaction, event: Event) -> None:
    """Two parties play; at first both must state their transcripts."""
    nothing = "0x" + "00" * 32
    _stand(tx, event, {"stage": Stage.STATING, "nodeA": nothing, "nodeB": nothing})


def descended(tx: Transaction, event: Event) -> None:
    """A game went on to where the two sides differ."""
    _stand(tx, event, event.args["game"])


def opened(tx: Transaction, event: Event) -> None:
    """A node's children are known to all."""
    _open(tx, event, len(event.args["children"]))


def leaf_opened(tx: Transaction, event: Event) -> None:
    """A chunk is known to all."""
    _open(tx, event, (len(event.text("chunk")) - 2) // 2)


def parts_posted(tx: Transaction, event: Event) -> None:
    """A side posted its partial results of a long reduction."""
    _mention(tx, event, event.number("a" if event.flag("first") else "b"))


def announced(tx: Transaction, event: Event) -> None:
    """A challenger says that it is about to convict."""
    _mention(tx, event, event.number("against"))


def convicted(tx: Transaction, event: Event) -> None:
    """A party is shown to have lied; the loss that follows says to whom it lost."""
    tx.accused = event


def lost(tx: Transaction, event: Event) -> None:
    """A party is out."""
    job, party = event.text("job"), event.number("party")
    against, proven = event.number("against"), event.flag("proven")
    accused, tx.accused = tx.accused, None
    late = not proven and accused is None
    tx.losses[job, party] = against
    tx.rows.add(LossRow, event, job=job, party=party, against=against, proven=proven, late=late)
    _mention(tx, event, party)
    _mention(tx, event, against)
    loser, winner = (tx.facts.party(job, number).account for number in (party, against))
    tx.rows.count(event, loser, "timed out" if late else "convicted", 1)
    tx.rows.count(event, winner, "won", 1)
    if accused is not None:
        _convict(tx, accused, against)


def game_over(tx: Transaction, event: Event) -> None:
    """A game ended."""
    a, b = event.number("a"), event.number("b")
    tx.rows.add(GameEndRow, event, job=event.text("job"), a=a, b=b)


def bond_settled(tx: Transaction, event: Event) -> None:
    """A challenger's bond is its own again; or half of it is burned, half its opponent's."""
    job, party, returned = event.text("job"), event.number("party"), event.number("returned")
    tx.rows.add(BondRow, event, job=job, party=party, returned=returned)
    _mention(tx, event, party)
    challenger = tx.facts.party(job, party)
    if returned:
        tx.rows.entry(event, job, Kind.CHALLENGE_BACK, challenger.account, returned)
    if returned or not challenger.bond:
        return
    won = challenger.bond // 2
    winner = tx.facts.party(job, tx.losses[job, party]).account
    tx.rows.entry(event, job, Kind.CHALLENGE_WON, winner, won)
    tx.rows.entry(event, job, Kind.CHALLENGE_BURNED, None, challenger.bond - won)


def credited(tx: Transaction, event: Event) -> None:
    """An account can withdraw more at the engine."""
    tx.rows.count(event, event.text("account"), "engine owes", event.number("amount"))


def withdrawn(tx: Transaction, event: Event) -> None:
    """An account was paid out."""
    tx.rows.count(event, event.text("account"), "engine owes", -event.number("amount"))


HANDLERS: dict[str, Callable[[Transaction, Event], None]] = {
    "ContestOpened": contest_opened,
    "Entered": entered,
    "Described": described,
    "Stated": stated,
    "GameStarted": game_started,
    "Descended": descended,
    "Opened": opened,
    "LeafOpened": leaf_opened,
    "PartsPosted": parts_posted,
    "Announced": announced,
    "Convicted": convicted,
    "Lost": lost,
    "GameOver": game_over,
    "BondSettled": bond_settled,
    "Credited": credited,
    "Withdrawn": withdrawn,
}
"""By the event's name."""


def _stand(tx: Transaction, event: Event, game: Mapping[str, Any]) -> None:
    """Notes where a game stands."""
    fact = GameFact(
        job=event.text("job"),
        a=event.number("a"),
        b=event.number("b"),
        node_a=str(game["nodeA"]),
        node_b=str(game["nodeB"]),
        **{name: int(game.get(field, 0)) for name, field in _FIELDS.items()},
    )
    tx.facts.games[fact.job, fact.a, fact.b] = fact
    if fact.stage in (*TREES, *LEAVES):
        for node in {fact.node_a, fact.node_b}:
            tx.facts.standing_at(node).append(fact)
    tx.rows.add(GameRow, event, **asdict(fact))


_FIELDS = {
    "stage": "stage",
    "height": "height",
    "index": "index",
    "sequence": "sequence",
    "position": "position",
    "value": "value",
    "size": "size",
    "start": "from",
    "stop": "to",
    "part_a": "partA",
    "part_b": "partB",
}
"""Columns of `GameRow`, and what the contract calls them."""


def _open(tx: Transaction, event: Event, count: int) -> None:
    """Notes whose node was opened, and where its game stands."""
    node = event.text("node")
    game = _game_at(tx, node)
    if game is None:
        job = next(iter(tx.disputed)) if len(tx.disputed) == 1 else None
        place: dict[str, Any] = {"job": job, "party": None, **dict.fromkeys(_PLACE)}
    else:
        party = game.owner(node)
        place = {"job": game.job, "party": party, **{name: getattr(game, name) for name in _PLACE}}
        tx.rows.mention(event, "account", tx.facts.party(game.job, party).account)
    if place["job"] is not None:
        tx.rows.mention(event, "job", place["job"])
    tx.rows.add(OpeningRow, event, node=node, count=count, **place)


_PLACE = ("a", "b", "stage", "height", "index", "sequence", "position", "value", "size")
"""What an opening has of its game."""


def _game_at(tx: Transaction, node: str) -> GameFact | None:
    """The game for which a node is opened: of those that came to it the newest, but first of all
    one whose job this transaction names."""
    games = tx.facts.standing_at(node)
    named = [game for game in games if game.job in tx.disputed]
    return (named or games)[-1] if games else None


def _convict(tx: Transaction, event: Event, against: int) -> None:
    """Notes what convicted a party: an element of a value or of its output, or a partial result.

    Which of them the game tells; a party of a strong claim is convicted without one.
    """
    job, party, found = event.text("job"), event.number("party"), event.number("found")
    names = ("sequence", "position", "value", "element")
    sequence, position, value, element = (event.number(name) for name in names)
    game = tx.facts.game(job, min(party, against), max(party, against))
    stood = None if game is None else (game.sequence, game.position, game.value, game.index)
    if stood != (sequence, position, value, element):
        game = None
    partial = game is not None and bool(game.stop) and game.part(party) == found
    _mention(tx, event, party)
    tx.rows.add(
        ConvictionRow,
        event,
        job=job,
        party=party,
        against=against,
        output=game is not None and game.stage == Stage.OUTPUT_ELEMENT,
        sequence=sequence,
        position=position,
        value=value,
        element=element,
        start=game.start if game is not None and partial else 0,
        stop=game.stop if game is not None and partial else 0,
        found=found,
        expected=event.number("expected"),
    )


def _mention(tx: Transaction, event: Event, party: int) -> None:
    """Says that the event is about a party's account."""
    tx.rows.mention(event, "account", tx.facts.party(event.text("job"), party).account)
