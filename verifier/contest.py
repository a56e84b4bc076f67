"""What is due for a verifier in the dispute of a job whose result differs from its own. Pure: what
the chain says in, a duty out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from touchstone.disputes.game import FIRST_CHALLENGER
from touchstone.protocol.jobs import Phase

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from touchstone.disputes.game import Contest, Game, Party

_MOST_MARGIN_S = 60


class Due(Enum):
    """One thing to do in a dispute."""

    CHALLENGE = "challenge"
    JOIN = "join"
    PLAY = "play"
    CONCLUDE = "conclude"
    SETTLE_BOND = "settle bond"
    WITHDRAW = "withdraw"
    WATCH = "watch"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is due, and why nothing else is.

    Attributes:
        due: what to do.
        why: the reason to wait or to leave it, in a few words.
        party: one's own number, where one takes part.
    """

    due: Due
    why: str = ""
    party: int | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """All that the chain says about a disputed job.

    Attributes:
        now: the chain's time, Unix seconds.
        phase: the job's.
        locked_until: Unix time at which its bonds unlock.
        claimed: what each seat claims that has not been slashed yet, 32 bytes, by seat.
        challenged: whether the market holds the bonds of the settled job.
        ended: whether the engine has a verdict.
        contest: its contest; all zero where there was none.
        parties: who took part in any contest of the job, by number.
        games: all games, by pair.
        window: seconds that a contest lasts at most.
        clock: seconds of a side's clock.
        longest_game: seconds of the longest game.
        bond: what a challenger puts up, in base units.
        purse: what the account holds, in base units.
        credits: what the engine owes the account, in base units.
    """

    now: int
    phase: Phase
    locked_until: int
    claimed: Mapping[int, bytes]
    challenged: bool
    ended: bool
    contest: Contest
    parties: Mapping[int, Party]
    games: Mapping[tuple[int, int], Game]
    window: int
    clock: int
    longest_game: int
    bond: int
    purse: int
    credits: int

    @property
    def last_start(self) -> int:
        """Unix time until which a game of the contest can start."""
        return self.contest.ends_at - self.longest_game

    @property
    def margin(self) -> int:
        """Seconds to leave for transactions."""
        return min(_MOST_MARGIN_S, self.clock // 4)

    def wrong(self, mine: bytes) -> set[int]:
        """Seats whose bond stands for another result."""
        return {s for s, root in self.claimed.items() if root != mine and not self._lost(s)}

    def champions(self, mine: bytes) -> set[int]:
        """Seats whose bond stands for the same result."""
        return {s for s, root in self.claimed.items() if root == mine and not self._lost(s)}

    def opposed(self, seat: int, mine: bytes) -> bool:
        """Whether somebody with the same result plays a seat now."""
        return any(
            not game.closed
            and seat in pair
            and any(
                n in self.parties and self.parties[n].output == mine and not self.parties[n].lost
                for n in pair
            )
            for pair, game in self.games.items()
        )

    def _lost(self, number: int) -> bool:
        return number in self.parties and self.parties[number].lost


def next_due(sight: Sight, me: str, mine: bytes) -> Decision:
    """What is due now.

    Args:
        sight: what the chain says.
        me: the verifier's address.
        mine: the output root that it found itself.
    """
    numbers = [
        n for n, party in sight.parties.items() if n >= FIRST_CHALLENGER and party.account == me
    ]
    party = next((n for n in numbers if not sight.parties[n].lost), None)
    running = sight.contest.ends_at != 0 and not sight.ended
    held = sight.phase is Phase.CONTESTED or sight.challenged
    if held and running:
        if party is not None:
            return Decision(Due.PLAY, party=party)
        if numbers:
            return Decision(Due.WATCH, "it has lost and waits for the end")
        return _to_join(sight, mine)
    if party is not None and sight.ended:
        # At once: whoever joins a contest that is decided makes it go on.
        return Decision(Due.SETTLE_BOND, party=party)
    if held:
        return Decision(Due.CONCLUDE)
    if sight.credits:
        return Decision(Due.WITHDRAW)
    if sight.phase in (Phase.NONE, Phase.OPEN, Phase.DRAWN):
        return Decision(Due.WATCH, "the end of the job was undone")
    if sight.phase is not Phase.SETTLED or not sight.wrong(mine):
        return Decision(Due.OVER, "nobody's bond is left to dispute")
    if numbers:
        # Whoever has played and convicted nobody does not throw good money after bad.
        return Decision(Due.OVER, "it has disputed the job already")
    return _to_challenge(sight)


def _to_challenge(sight: Sight) -> Decision:
    if sight.now + sight.margin >= sight.locked_until:
        return Decision(Due.OVER, "too late: the bonds are about to be unlocked, or are already")
    return _afford(sight, Due.CHALLENGE)


def _to_join(sight: Sight, mine: bytes) -> Decision:
    """Seats that claim the same result have their own bonds to defend, and do it first. Whoever
    only says the same with a challenger's bond may want to lose."""
    wrong = sight.wrong(mine)
    if not wrong:
        return Decision(Due.WATCH, "nobody is left to play")
    if sight.champions(mine):
        began = sight.contest.ends_at - sight.window
        if sight.now <= (began + sight.last_start) // 2 or _all_opposed(sight, wrong, mine):
            return Decision(Due.WATCH, "seats with the same result defend it")
    if sight.now + sight.margin > sight.last_start:
        return Decision(Due.WATCH, "too late: no game would end before the contest does")
    return _afford(sight, Due.JOIN)


def _all_opposed(sight: Sight, wrong: Collection[int], mine: bytes) -> bool:
    return all(sight.opposed(seat, mine) for seat in wrong)


def _afford(sight: Sight, due: Due) -> Decision:
    if sight.purse < sight.bond:
        return Decision(Due.WATCH, "the account lacks the tokens for the bond")
    return Decision(due)
