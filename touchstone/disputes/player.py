"""What an honest party does next. Pure: the chain's state and one's own transcript in, moves out.

The moves of one look go into one transaction: they are played on a board first, so that a party
that completes a round opens the next one with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from touchstone.disputes import board
from touchstone.disputes.clocks import JUDGED, has_moved
from touchstone.disputes.game import (
    FIRST_CHALLENGER,
    LEAVES,
    PARTS,
    TREES,
    Game,
    Stage,
    levels_of,
)
from touchstone.disputes.moves import (
    Convict,
    ConvictEnd,
    Conviction,
    ConvictRefused,
    ConvictTwin,
    Describe,
    Enter,
    Face,
    Move,
    Narrow,
    Open,
    OpenLeaf,
    PostParts,
    SettleBond,
    Start,
    State,
    Timeout,
    Withdraw,
)
from touchstone.disputes.theirs import Theirs
from touchstone.errors import DisputeError
from touchstone.transcripts.proofs import Chunks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from touchstone.disputes.case import Case
    from touchstone.disputes.game import Brief, Contest, Party, Statement

_ROUNDS = 16
"""More moves than these do not go into one transaction."""


@dataclass(frozen=True, slots=True)
class View:
    """All that the chain says about one contest.

    Attributes:
        now: the chain's time, Unix seconds.
        clock: seconds of a side's clock.
        judge_time: seconds in which an element can be recomputed.
        longest_game: seconds of the longest game.
        began: Unix time at which the contest was opened.
        contest: the contest.
        ended: whether it is decided or over.
        brief: what was described, None before.
        parties: all parties, by number.
        statements: what they have stated, by number.
        games: all games, by pair.
        opened: children of nodes that anybody has opened, by node and levels.
        chunks: chunks that anybody has shown, by their hash.
        served: convictions at hand of parties with strong claims, by party.
        parts: partial results posted in a game's present round, by pair and side.
    """

    now: int
    clock: int
    judge_time: int
    longest_game: int
    began: int
    contest: Contest
    ended: bool
    brief: Brief | None
    parties: Mapping[int, Party]
    statements: Mapping[int, Statement]
    games: Mapping[tuple[int, int], Game]
    opened: Mapping[tuple[bytes, int], tuple[bytes, ...]]
    chunks: Mapping[bytes, bytes]
    parts: Mapping[tuple[int, int, bool], tuple[int, ...]]
    served: Mapping[int, Conviction] = field(default_factory=dict)


def next_moves(view: View, me: int | None, case: Case) -> list[Move]:
    """What party `me` does now, in one transaction; nothing while it is others' turn.

    Before the seats of a contested job have entered, a seat has no number: whoever is there
    already is a challenger. `case` is what it knows itself: the input, and its own execution of it.

    Raises:
        DisputeError: the party has nothing to play with: it refused an input that breaks no rule,
            or has executed one that does.
    """
    if view.ended:
        return _bond_back(view, me)
    first: list[Move] = [] if view.contest.seats else [Enter()]
    if view.brief is None:
        first.append(Describe())
    if first or me is None or view.parties[me].lost:
        return first
    _require_agreement(view.contest.refused, case.refused)
    if view.contest.refused:
        return _refused(view, me)
    player = _Player(view, me, case)
    return player.moves()


def _bond_back(view: View, me: int | None) -> list[Move]:
    """At once: whoever joins a contest that is decided makes it go on."""
    if me is None or me < FIRST_CHALLENGER or view.parties[me].lost:
        return []
    return [SettleBond(me), Withdraw()]


def _require_agreement(engine: bool, mine: bool) -> None:
    if mine and not engine:
        raise DisputeError(
            "it cannot be played: the engine finds no rule that the input breaks, but this party "
            "refused it, and has no transcript"
        )
    if engine and not mine:
        raise DisputeError(
            "it cannot be played: the engine finds that the input breaks a rule, but this party "
            "has executed it"
        )


def _refused(view: View, me: int) -> list[Move]:
    """The input breaks a rule: whoever claims a result loses at once."""
    right = view.parties[me].output
    winner = _winner(view, me)
    return [
        ConvictRefused(number, winner)
        for number, party in view.parties.items()
        if not party.lost and party.output != right
    ]


def _winner(view: View, me: int) -> int:
    """Who is owed the bounty of a conviction without a game: seats go before challengers."""
    mine = view.parties[me].output
    same = (n for n, party in view.parties.items() if party.output == mine and not party.lost)
    seats = [n for n in same if n < FIRST_CHALLENGER]
    return min(seats, default=me) if me >= FIRST_CHALLENGER else me


@dataclass(slots=True)
class _Player:
    view: View
    me: int
    case: Case
    found: list[Move] = field(default_factory=list)

    def moves(self) -> list[Move]:
        view, me = self.view, self.me
        games = {pair: game for pair, game in view.games.items() if me in pair and not game.closed}
        self._convict_served()
        opponents = [n for n in view.parties if n not in view.served and self._starts_against(n)]
        stated = me in view.statements
        if not stated and (games or opponents):
            self.found.append(State(me, self.case.statement))
        for number in opponents:
            self.found.append(Start(min(me, number), max(me, number)))
        # Whoever states what another has stated falls with it: only one of them is played.
        told = self._convict_twins()
        for pair, game in games.items():
            statement = view.parties[pair[1] if pair[0] == me else pair[0]].statement
            if self._is_late(pair, game):
                self.found.append(Timeout(*pair))
            elif statement not in told:
                self._play(pair, game)
                if any(statement) and self._convicts_all(game):
                    told.add(statement)
        # Games of others that have ended hold the verdict up.
        for pair, game in view.games.items():
            if me not in pair and not game.closed and any(view.parties[n].lost for n in pair):
                self.found.append(Timeout(*pair))
        return self.found[:_ROUNDS]

    # --- whom to play ----------------------------------------------------------------------------

    def _starts_against(self, number: int) -> bool:
        """Whether to start a game with a party that claims another output.

        Where somebody with one's own output plays it already, there is time until games can no
        longer start: one's friend may be playing to lose. Those with a higher number wait for their
        turn, so that not all pay for the same game.
        """
        view, me = self.view, self.me
        mine, other = view.parties[me], view.parties[number]
        pair = (min(me, number), max(me, number))
        if number == me or other.lost or other.output == mine.output or pair in view.games:
            return False
        last = view.contest.ends_at - view.longest_game
        if pair[0] >= FIRST_CHALLENGER or view.now > last:
            return False
        friends = [
            n for n, p in view.parties.items() if p.output == mine.output and not p.lost and n != me
        ]
        engaged = any(
            not game.closed and number in played and any(f in played for f in friends)
            for played, game in view.games.items()
        )
        if engaged:
            return view.now > last - view.judge_time
        turn = view.began + sum(f < me for f in friends) * view.clock // 2
        return view.now >= min(turn, last - view.judge_time)

    def _convict_served(self) -> None:
        """Convicts at once whoever serves what contradicts itself; as a challenger not in the block
        of one's own entry, in which the engine takes no convictions."""
        view, winner = self.view, _winner(self.view, self.me)
        if winner < FIRST_CHALLENGER or view.now > view.parties[winner].entered_at:
            self.found += [
                replace(move, against=winner)
                for number, move in view.served.items()
                if not view.parties[number].lost
            ]

    def _convict_twins(self) -> set[bytes]:
        """Convicts everybody with the statement of a convict; returns these statements."""
        view = self.view
        told = {party.statement for party in view.parties.values() if party.proven}
        for convicted, party in view.parties.items():
            if not party.proven:
                continue
            for number, twin in view.parties.items():
                alike = party.statement == twin.statement and any(twin.statement)
                if number != self.me and alike and not twin.lost:
                    self.found.append(ConvictTwin(convicted, number))
        return told - {bytes(32)}

    def _convicts_all(self, game: Game) -> bool:
        """Whether a game just played will convict all of one statement. From its element on time
        runs in which each must be judged, and partial results are no part of a statement."""
        if game.stage in JUDGED:
            return not game.stop and isinstance(self.found[-1], Convict | ConvictEnd)
        return game.stage is not Stage.PARTS

    def _is_late(self, pair: tuple[int, int], game: Game) -> bool:
        """Whether the game can be ended: a side has lost, or the other's clock has run out."""
        view = self.view
        other = pair[1] if pair[0] == self.me else pair[0]
        if view.parties[other].lost:
            return True
        if game.stage in JUDGED:
            return view.now > game.since + view.judge_time
        first = pair[0] != self.me
        return not has_moved(view, pair, game, first) and view.now > game.since + game.clock(first)

    # --- one game --------------------------------------------------------------------------------

    def _play(self, pair: tuple[int, int], game: Game) -> None:
        """Plays on as far as what is known allows."""
        while len(self.found) < _ROUNDS:
            after = self._round(pair, game)
            if after is None:
                return
            game = after

    def _round(self, pair: tuple[int, int], game: Game) -> Game | None:
        """One round; the game after it, or None where the other side is next."""
        if game.stage is Stage.STATING:
            return self._face(pair, game)
        if game.stage in TREES:
            return self._open(pair, game)
        if game.stage in LEAVES:
            return self._open_leaf(pair, game)
        if game.stage is Stage.ELEMENT and game.value:
            return self._judge(pair, game)
        if game.stage in (Stage.ELEMENT, Stage.OUTPUT_ELEMENT):
            self._judge_end(pair, game)
        elif game.stage is Stage.PARTS:
            return self._parts(pair, game)
        return None

    def _face(self, pair: tuple[int, int], game: Game) -> Game | None:
        brief = self.view.brief
        statements = {**self.view.statements, self.me: self.case.statement}
        if brief is None or not all(number in statements for number in pair):
            return None
        a, b = (statements[number] for number in pair)
        self.found.append(Face(*pair, a, b))
        return board.faced(game, brief, a, b)

    def _open(self, pair: tuple[int, int], game: Game) -> Game | None:
        brief, view, first = self.view.brief, self.view, pair[0] == self.me
        assert brief is not None
        levels = levels_of(game.height)
        mine = self.case.children(game, levels)
        theirs = view.opened.get((game.node(not first), levels), ())
        a, b = (mine, theirs) if first else (theirs, mine)
        if not theirs:
            if (game.node(first), levels) not in view.opened:
                self.found.append(Open(*pair, a, b, Chunks()))
            return None
        record = Chunks()
        if board.needs_record(game) and board.value_reached(game, a, b) in range(
            1, brief.operators + 1
        ):
            record = self.case.record(board.value_reached(game, a, b))
        self.found.append(Open(*pair, a, b, record))
        return board.descended(game, brief, self.case.layout, a, b)

    def _open_leaf(self, pair: tuple[int, int], game: Game) -> Game | None:
        first = pair[0] == self.me
        mine = self.case.chunk(game)
        theirs = self.view.chunks.get(game.node(not first), b"")
        a, b = (mine, theirs) if first else (theirs, mine)
        if not theirs:
            if game.node(first) not in self.view.chunks:
                self.found.append(OpenLeaf(*pair, a, b))
            return None
        self.found.append(OpenLeaf(*pair, a, b))
        return board.at_element(game, a, b)

    # --- the referee -----------------------------------------------------------------------------

    def _judge(self, pair: tuple[int, int], game: Game) -> Game | None:
        """Convicts the other side, or first cuts a long reduction."""
        case, first = self.case, pair[0] == self.me
        terms, most = case.reduction(game)
        start, stop = board.span(game, terms)
        if stop - start > most:
            parts = case.parts(game, start, stop, PARTS)
            evidence = case.finish(game)
            self.found.append(PostParts(*pair, first, case.statement, parts, evidence))
            return None
        source, statement = self._their_source(pair, game)
        if game.stop:
            evidence = case.segment(game, statement.body, source, start, stop)
        else:
            evidence = case.whole(game, statement.body, source)
        self.found.append(Convict(*pair, not first, statement, evidence))
        return None

    def _parts(self, pair: tuple[int, int], game: Game) -> Game | None:
        case, first = self.case, pair[0] == self.me
        terms, _ = case.reduction(game)
        mine = case.parts(game, *board.span(game, terms), PARTS)
        if not game.posted(first):
            self.found.append(PostParts(*pair, first, case.statement, mine, case.finish(game)))
        theirs = self.view.parts.get((*pair, not first))
        if theirs is None or not game.posted(not first):
            return None
        if theirs == mine:
            # A side that cannot tell where it differs has nothing to go on to.
            return None
        a, b = (mine, theirs) if first else (theirs, mine)
        self.found.append(Narrow(*pair, a, b, case.records(game)))
        return board.narrowed(game, terms, a, b)

    def _judge_end(self, pair: tuple[int, int], game: Game) -> None:
        """Convicts the other side of a wrong copy of the input, or of a wrong output."""
        first = pair[0] == self.me
        chunk = self.view.chunks[game.node(not first)]
        if game.stage is Stage.ELEMENT:
            source, statement = self._their_source(pair, game)
            opened = self.case.copied(game.element, statement.body, source)
        else:
            statement = self.view.statements[pair[1] if first else pair[0]]
            opened = self.case.output_value_at(game)
        self.found.append(ConvictEnd(*pair, not first, statement, chunk, *opened))

    def _their_source(self, pair: tuple[int, int], game: Game) -> tuple[Theirs, Statement]:
        view = self.view
        statement = view.statements[pair[1] if pair[0] == self.me else pair[0]]
        source = Theirs.along(
            self.case.source(game.sequence),
            self.case.layout,
            game.element,
            statement.body,
            view.opened,
            view.chunks,
        )
        return source, statement
