"""How a contest stands, for people: read from the chain, with nothing of one's own."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from touchstone.amounts import format_tokens
from touchstone.disputes.clocks import JUDGED, has_moved, left
from touchstone.disputes.game import FIRST_CHALLENGER, Stage
from touchstone.players.log import Log
from touchstone.players.looking import view_of
from touchstone.protocol.audits import AUDITOR_SEAT
from touchstone.protocol.ids import JobId
from touchstone.protocol.jobs import seats_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from web3.types import EventData

    from touchstone.chain.disputes import Disputes
    from touchstone.disputes.game import Game
    from touchstone.disputes.player import View


@dataclass(slots=True)
class LastMove:
    """What an account did last: its events in one transaction, and what that cost."""

    block: int
    transaction: str
    events: list[str] = field(default_factory=list)
    gas: int = 0
    gas_of_all: int = 0


def standing(disputes: Disputes, job: JobId, first_block: int) -> dict[str, Any] | None:
    """A contest as JSON knows it, read from block `first_block` on; None where there is none."""
    contest = disputes.contest(job)
    if contest.ends_at == 0:
        return None
    log = Log(disputes, first_block, lambda of, _: of == job, most_openings=sys.maxsize)
    log.read()
    view = view_of(disputes, log, job, contest)
    ended, guilty, winners = disputes.verdict(job)
    last = last_moves(disputes, job, first_block, _nodes(log, job))
    return {
        "job": "0x" + job.hex(),
        "of": "settled job" if contest.agreed else "contested job",
        "described": view.brief is not None,
        "ended": ended,
        "ends_in": max(0, contest.ends_at - view.now),
        "open_for": 0 if contest.agreed else max(0, view.began + disputes.clock - view.now),
        "guilty": list(seats_in(guilty)),
        "winners": {str(seat): winner for seat, winner in winners.items()},
        "parties": [
            _party(disputes, view, n, last.get(p.account)) for n, p in view.parties.items()
        ],
        "games": [_game(view, pair, game) for pair, game in view.games.items()],
    }


def contests(disputes: Disputes, first_block: int, last_block: int) -> Iterator[dict[str, Any]]:
    """The contests that were opened in these blocks, oldest first; each job once."""
    seen: dict[JobId, int] = {}
    for event in disputes.events(first_block, last_block, ("ContestOpened",)):
        seen[JobId(bytes(event["args"]["job"]))] = event["blockNumber"]
    for job, block in seen.items():
        contest, (ended, guilty, winners) = disputes.contest(job), disputes.verdict(job)
        yield {
            "job": "0x" + job.hex(),
            "block": block,
            "of": "settled job" if contest.agreed else "contested job",
            "ended": ended,
            "games": contest.games,
            "guilty": list(seats_in(guilty)),
            "winners": {str(seat): winner for seat, winner in winners.items()},
        }


def last_moves(
    disputes: Disputes, job: JobId, first_block: int, nodes: set[bytes]
) -> dict[str, LastMove]:
    """What each account did last in the contest of a job, by address. Openings name no job: those
    of `nodes` count."""
    found: dict[str, LastMove] = {}
    transactions: dict[str, list[EventData]] = {}
    w3 = disputes.w3
    for event in disputes.events(first_block, w3.eth.block_number):
        args = event["args"]
        ours = args.get("job") == job or ("node" in args and bytes(args["node"]) in nodes)
        if ours:
            transactions.setdefault(event["transactionHash"].to_0x_hex(), []).append(event)
    for name, events in transactions.items():
        receipt = w3.eth.get_transaction_receipt(events[0]["transactionHash"])
        before = found.get(receipt["from"])
        found[receipt["from"]] = LastMove(
            block=receipt["blockNumber"],
            transaction=name,
            events=list(dict.fromkeys(event["event"] for event in events)),
            gas=receipt["gasUsed"],
            gas_of_all=receipt["gasUsed"] + (before.gas_of_all if before else 0),
        )
    return found


def _nodes(log: Log, job: JobId) -> set[bytes]:
    """All nodes below the statements of a job that anybody has opened."""
    facts = log.facts(job, 0)
    waiting = [node for known in facts.statements.values() for node in known.as_abi()]
    children: dict[bytes, list[bytes]] = {}
    for (node, _), found in log.opened.items():
        children.setdefault(node, []).extend(found)
    nodes: set[bytes] = set()
    while waiting:
        node = waiting.pop()
        if node not in nodes:
            nodes.add(node)
            waiting += children.get(node, ())
    return nodes


def _party(disputes: Disputes, view: View, number: int, last: LastMove | None) -> dict[str, Any]:
    party = view.parties[number]
    return {
        "party": number,
        "role": _role(number),
        "account": party.account,
        "output": "0x" + party.output.hex(),
        "bond": format_tokens(disputes.bond) if number >= FIRST_CHALLENGER else None,
        "stated": party.stated_at != 0,
        "out": party.lost,
        "proven": party.proven,
        "last_move": None
        if last is None
        else {
            "block": last.block,
            "transaction": last.transaction,
            "events": last.events,
            "gas": last.gas,
            "gas_of_all": last.gas_of_all,
        },
    }


def _role(number: int) -> str:
    if number >= FIRST_CHALLENGER:
        return "challenger"
    return "auditor" if number == AUDITOR_SEAT else "seat"


def _game(view: View, pair: tuple[int, int], game: Game) -> dict[str, Any]:
    over = game.closed or game.stage is Stage.OVER
    sides = [
        {
            "party": number,
            "clock": None if over else left(view, pair, game, first),
            "to_move": not over and _is_next(view, pair, game, first),
        }
        for number, first in zip(pair, (True, False), strict=True)
    ]
    return {
        "a": pair[0],
        "b": pair[1],
        "stage": "over" if over else game.stage.name.lower().replace("_", " "),
        "sequence": game.sequence,
        "position": game.position if view.brief is not None and view.brief.causal else None,
        "value": game.value,
        "index": game.index,
        "sides": sides,
    }


def _is_next(view: View, pair: tuple[int, int], game: Game, first: bool) -> bool:
    if game.stage in JUDGED:
        return True
    return not has_moved(view, pair, game, first)
