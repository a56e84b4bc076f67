"""What the chain says about one contest, as players look at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from touchstone.disputes.game import FIRST_CHALLENGER, LEAVES, TREES, Stage, levels_of
from touchstone.disputes.player import View
from touchstone.players.finding import (
    find_brief,
    find_children,
    find_chunk,
    find_parts,
    find_statement,
)
from touchstone.protocol.jobs import seats_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from touchstone.chain.disputes import Disputes
    from touchstone.disputes.game import Brief, Contest, Game, Party, Statement
    from touchstone.players.log import Facts, Log
    from touchstone.players.recent import Recent
    from touchstone.protocol.ids import JobId

    Pair = tuple[int, int]
    Opening = tuple[bytes, int]

K = TypeVar("K")
V = TypeVar("V")


def view_of(
    disputes: Disputes, log: Log, job: JobId, contest: Contest, account: str | None = None
) -> View:
    """All that the chain says about a contest; of the games of `account`, also what was posted in
    them."""
    facts = log.facts(job, contest.ends_at)
    parties = parties_of(disputes, job, contest)
    ours = _pairs_of(parties, account)
    games = games_of(disputes, job, facts.games | ours)
    head = disputes.w3.eth.get_block("latest")
    opened, chunks = _shown(disputes, log, games)
    return View(
        now=head["timestamp"],
        clock=disputes.clock,
        judge_time=disputes.judge_time,
        longest_game=disputes.longest_game,
        began=contest.ends_at - disputes.window,
        contest=contest,
        ended=disputes.verdict(job)[0],
        brief=_brief(disputes, job, contest, facts),
        parties=parties,
        statements=_statements(disputes, job, parties, facts),
        games=games,
        opened=opened,
        chunks=chunks,
        parts=_parts(disputes, job, {p: g for p, g in games.items() if p in ours}, facts),
    )


def parties_of(disputes: Disputes, job: JobId, contest: Contest) -> dict[int, Party]:
    """All that take part, by number: the seats of the contest, and the challengers of any."""
    challengers = range(FIRST_CHALLENGER, contest.parties)
    return disputes.parties(job, [*seats_in(contest.seats), *challengers])


def games_of(disputes: Disputes, job: JobId, pairs: Collection[Pair]) -> dict[Pair, Game]:
    """Those of these games that were started, by pair."""
    found = disputes.games(job, sorted(pairs))
    return {pair: game for pair, game in found.items() if game.stage is not Stage.NONE}


def _pairs_of(parties: Mapping[int, Party], account: str | None) -> set[Pair]:
    """All games in which an account can be."""
    ours = [number for number, party in parties.items() if party.account == account]
    pairs = {(min(me, n), max(me, n)) for me in ours for n in parties if n != me}
    return {(a, b) for a, b in pairs if a < FIRST_CHALLENGER}


# --- what was said -------------------------------------------------------------------------------


def _brief(disputes: Disputes, job: JobId, contest: Contest, facts: Facts) -> Brief | None:
    if contest.brief == bytes(32):
        return None
    if facts.brief is None or facts.brief.hash() != contest.brief:
        facts.brief = find_brief(disputes, job)
    known = facts.brief
    return known if known is not None and known.hash() == contest.brief else None


def _statements(
    disputes: Disputes, job: JobId, parties: Mapping[int, Party], facts: Facts
) -> dict[int, Statement]:
    found = {}
    for number, party in parties.items():
        if party.statement == bytes(32):
            continue
        known = facts.statements.get(number)
        if known is None or _hash(known) != party.statement:
            known = find_statement(disputes, job, number, party.stated_at)
        if known is not None and _hash(known) == party.statement:
            found[number] = facts.statements[number] = known
    return found


def _hash(statement: Statement) -> bytes:
    return keccak(encode(["bytes32", "bytes32"], list(statement.as_abi())))


def _parts(
    disputes: Disputes, job: JobId, games: Mapping[Pair, Game], facts: Facts
) -> dict[tuple[int, int, bool], tuple[int, ...]]:
    """What was posted in the present round of these games: that it is of this round, the game
    knows."""
    found = {}
    for pair, game in games.items():
        for first in (True, False):
            if game.stage is not Stage.PARTS or not game.posted(first):
                continue
            side = (*pair, first)
            known = facts.parts.get(side)
            if known is None or _hash_of_parts(known) != game.node(first):
                posted = find_parts(disputes, job, side, game.posted(first))
                known = next((x for x in posted if _hash_of_parts(x) == game.node(first)), None)
            if known is not None:
                found[side] = facts.parts[side] = known
    return found


def _hash_of_parts(parts: tuple[int, ...]) -> bytes:
    return keccak(encode(["int256[]"], [parts]))


# --- what was opened -----------------------------------------------------------------------------


def _shown(
    disputes: Disputes, log: Log, games: Mapping[Pair, Game]
) -> tuple[Mapping[Opening, tuple[bytes, ...]], Mapping[bytes, bytes]]:
    """Children and chunks that anybody has opened."""
    nodes = [
        (game.node(first), levels_of(game.height))
        for game in games.values()
        if game.stage in TREES
        for first in (True, False)
    ]
    leaves = [
        game.node(first)
        for game in games.values()
        if game.stage in LEAVES
        for first in (True, False)
    ]
    times = _Times(disputes, [*nodes, *((leaf, 0) for leaf in leaves)])
    return (
        _Shown(
            log.opened,
            set(nodes),
            times,
            lambda key, time: find_children(disputes, *key, time),
        ),
        _Shown(
            log.chunks,
            set(leaves),
            lambda node: times((node, 0)),
            lambda node, time: find_chunk(disputes, node, time),
        ),
    )


class _Times:
    """When nodes were opened, by the chain, each asked once; zero for never."""

    def __init__(self, disputes: Disputes, nodes: Collection[Opening]) -> None:
        self._disputes = disputes
        self._known = dict(zip(nodes, disputes.opened_at(list(nodes)), strict=True))

    def __call__(self, node: Opening) -> int:
        if node not in self._known:
            (self._known[node],) = self._disputes.opened_at([node])
        return self._known[node]


class _Shown(Mapping[K, V], Generic[K, V]):
    """What somebody has made known, found again where it was long ago.

    Of nodes at which games stand the chain says whether they count as opened: the log may know them
    from blocks that are gone. Of all others it is enough to know what they hold.
    """

    def __init__(
        self,
        recent: Recent[K, V],
        in_play: Collection[K],
        time_of: Callable[[K], int],
        find: Callable[[K, int], V | None],
    ) -> None:
        self._recent = recent
        self._in_play = in_play
        self._time_of = time_of
        self._find = find

    def __contains__(self, key: object) -> bool:
        known = key not in self._in_play and self._recent.get(key) is not None  # type: ignore[arg-type]
        return known or self._time_of(key) != 0  # type: ignore[arg-type]

    def __getitem__(self, key: K) -> V:
        if key not in self:
            raise KeyError(key)
        found = self._recent.get(key)
        if found is None:
            found = self._find(key, self._time_of(key))
        if found is None:
            raise KeyError(key)
        return self._recent.keep(key, found)

    def __iter__(self) -> Iterator[K]:
        return iter(key for key, _ in self._recent.items())

    def __len__(self) -> int:
        return len(self._recent)
