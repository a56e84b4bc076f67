"""What the chain says about one contest, as players look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from touchstone.disputes.game import LEAVES, TREES, Stage, levels_of
from touchstone.disputes.player import View

if TYPE_CHECKING:
    from touchstone.chain.disputes import Disputes
    from touchstone.disputes.game import Contest, Game, Statement
    from touchstone.players.log import Log
    from touchstone.protocol.ids import JobId


def view_of(disputes: Disputes, log: Log, job: JobId, contest: Contest) -> View:
    """All that the chain says about a contest."""
    parties = disputes.parties(job, log.parties_of(job)) if log.parties_of(job) else {}
    pairs = log.games_of(job)
    games = disputes.games(job, pairs) if pairs else {}
    games = {pair: game for pair, game in games.items() if game.stage is not Stage.NONE}
    statements: dict[int, Statement] = {}
    for number, party in parties.items():
        known = log.statements.get((job, number))
        if known is not None and _hash(known) == party.statement:
            statements[number] = known
    head = disputes.w3.eth.get_block("latest")
    return View(
        now=head["timestamp"],
        clock=disputes.clock,
        judge_time=disputes.judge_time,
        longest_game=disputes.longest_game,
        began=contest.ends_at - disputes.window,
        contest=contest,
        brief=log.briefs.get(contest.brief),
        parties=parties,
        statements=statements,
        games=games,
        opened=_opened(disputes, log, games),
        chunks=_shown(disputes, log, games),
        parts={(a, b, first): parts for (of, a, b, first), parts in log.parts.items() if of == job},
    )


def _opened(
    disputes: Disputes, log: Log, games: dict[tuple[int, int], Game]
) -> dict[tuple[bytes, int], tuple[bytes, ...]]:
    """All known children, less those of nodes in play that do not count as opened."""
    asked = [
        (game.node(first), levels_of(game.height))
        for game in games.values()
        if game.stage in TREES
        for first in (True, False)
    ]
    counts = dict(zip(asked, disputes.opened(asked), strict=True))
    return {key: found for key, found in log.opened.items() if counts.get(key, True)}


def _shown(disputes: Disputes, log: Log, games: dict[tuple[int, int], Game]) -> dict[bytes, bytes]:
    asked = [
        (game.node(first), 0)
        for game in games.values()
        if game.stage in LEAVES
        for first in (True, False)
    ]
    counts = dict(zip(asked, disputes.opened(asked), strict=True))
    return {node: c for node, c in log.chunks.items() if counts.get((node, 0), True)}


def _hash(statement: Statement) -> bytes:
    return keccak(encode(["bytes32", "bytes32"], list(statement.as_abi())))
