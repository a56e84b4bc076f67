"""What a verifier does in a dispute, from what the chain says: no chain is needed to decide."""

from dataclasses import replace

import pytest

from touchstone.disputes.game import FIRST_CHALLENGER as FIRST
from touchstone.disputes.game import Contest, Game, Party, Stage
from touchstone.protocol.jobs import Phase
from verifier.contest import Due, Sight, next_due

ME, OTHER, SEAT = "0xme", "0xother", "0xseat"
MINE, WRONG, WORSE = b"m" * 32, b"w" * 32, b"x" * 32
NONE = Contest(0, 0, 0, 0, 0, 0, 0, False, False, bytes(32), bytes(32))
BEGAN = 1000
OPEN = replace(NONE, ends_at=BEGAN + 200, parties=FIRST + 1, seats=0b11, live=1, agreed=True)
PLAYED = Game.at_start()
SETTLED = Sight(
    now=BEGAN,
    phase=Phase.SETTLED,
    locked_until=BEGAN + 500,
    claimed={0: WRONG, 1: WRONG},
    challenged=False,
    ended=False,
    contest=NONE,
    parties={},
    games={},
    window=200,
    clock=40,
    longest_game=100,
    bond=7,
    purse=7,
    credits=0,
)


def party(account: str, output: bytes, lost: bool = False) -> Party:
    return Party(account, 0, 0, lost, False, 0, False, output, bytes(32))


SEATS = {0: party(SEAT, WRONG), 1: party(SEAT, WRONG)}
CHALLENGED = replace(
    SETTLED, challenged=True, contest=OPEN, parties={**SEATS, FIRST: party(ME, MINE)}
)
CONTESTED = replace(
    SETTLED,
    phase=Phase.CONTESTED,
    claimed={0: WRONG, 1: WORSE},
    contest=replace(OPEN, agreed=False, parties=FIRST, live=0),
    parties=SEATS,
)


def due(sight: Sight, **changes) -> Due:
    return next_due(replace(sight, **changes), ME, MINE).due


def why(sight: Sight, **changes) -> str:
    return next_due(replace(sight, **changes), ME, MINE).why


# --- a settled job -------------------------------------------------------------------------------


def test_a_settled_job_with_another_result_is_challenged():
    assert due(SETTLED) is Due.CHALLENGE


def test_nothing_is_due_where_the_settled_result_is_ones_own():
    assert due(SETTLED, claimed={0: MINE, 1: MINE}) is Due.OVER


def test_without_the_bond_it_waits_for_tokens():
    assert due(SETTLED, purse=6) is Due.WATCH
    assert "lacks the tokens" in why(SETTLED, purse=6)


@pytest.mark.parametrize(("left", "expected"), [(11, Due.CHALLENGE), (10, Due.OVER), (0, Due.OVER)])
def test_bonds_that_are_about_to_unlock_are_let_go(left, expected):
    # A quarter of the clock is left for the transaction.
    assert due(SETTLED, now=SETTLED.locked_until - left) is expected


def test_after_a_challenge_that_somebody_else_lost_it_challenges_itself():
    parties = {**SEATS, FIRST: party(OTHER, MINE, lost=True)}
    assert due(SETTLED, contest=OPEN, ended=True, parties=parties) is Due.CHALLENGE


def test_it_never_challenges_twice():
    parties = {**SEATS, FIRST: party(ME, MINE, lost=True)}
    assert due(SETTLED, contest=OPEN, ended=True, parties=parties) is Due.OVER


def test_slashed_seats_are_no_reason_to_challenge():
    assert due(SETTLED, claimed={}) is Due.OVER


@pytest.mark.parametrize("phase", [Phase.NONE, Phase.OPEN, Phase.DRAWN])
def test_a_job_whose_end_was_undone_is_watched(phase):
    assert due(SETTLED, phase=phase) is Due.WATCH


# --- a contest that goes on ----------------------------------------------------------------------


def test_whoever_takes_part_plays():
    decision = next_due(CHALLENGED, ME, MINE)
    assert (decision.due, decision.party) == (Due.PLAY, FIRST)
    # Another account's party is not ours, and the purse does not matter any more.
    parties = {**SEATS, FIRST: party(OTHER, MINE), FIRST + 1: party(ME, MINE)}
    decision = next_due(replace(CHALLENGED, parties=parties, purse=0), ME, MINE)
    assert (decision.due, decision.party) == (Due.PLAY, FIRST + 1)


def test_whoever_has_lost_waits_for_the_end():
    assert due(CHALLENGED, parties={**SEATS, FIRST: party(ME, MINE, lost=True)}) is Due.WATCH


def test_a_challenger_with_the_same_result_may_want_to_lose_so_one_joins():
    assert due(CHALLENGED, parties={**SEATS, FIRST: party(OTHER, MINE)}) is Due.JOIN


def test_a_contest_in_which_all_seats_lie_is_joined():
    assert due(CONTESTED) is Due.JOIN


def test_before_anybody_has_entered_the_markets_word_counts():
    assert due(CONTESTED, parties={}) is Due.JOIN
    assert due(CONTESTED, parties={}, claimed={0: WRONG, 1: MINE}) is Due.WATCH


@pytest.mark.parametrize(("now", "expected"), [(90, Due.JOIN), (91, Due.WATCH), (199, Due.WATCH)])
def test_it_joins_only_while_games_can_start(now, expected):
    assert due(CONTESTED, now=BEGAN + now) is expected


def test_without_the_bond_it_does_not_join():
    assert due(CONTESTED, purse=0) is Due.WATCH


def test_a_seat_with_the_same_result_defends_it_first():
    sight = replace(
        CONTESTED,
        claimed={0: WRONG, 1: MINE},
        parties={0: party(SEAT, WRONG), 1: party(OTHER, MINE)},
    )
    assert due(sight) is Due.WATCH
    assert due(sight, now=BEGAN + 50) is Due.WATCH
    # Half of the time to start a game has passed, and nobody plays the liar.
    assert due(sight, now=BEGAN + 51) is Due.JOIN
    assert due(sight, now=BEGAN + 51, games={(0, 1): PLAYED}) is Due.WATCH
    over = replace(PLAYED, stage=Stage.OVER, closed=True)
    assert due(sight, now=BEGAN + 51, games={(0, 1): over}) is Due.JOIN


def test_a_seat_that_lost_defends_nothing():
    parties = {0: party(SEAT, WRONG), 1: party(OTHER, MINE, lost=True)}
    assert due(CONTESTED, claimed={0: WRONG, 1: MINE}, parties=parties) is Due.JOIN


def test_nobody_is_left_to_play_where_all_liars_have_lost():
    lost = {seat: party(SEAT, WRONG, lost=True) for seat in (0, 1)}
    assert due(CONTESTED, parties=lost) is Due.WATCH


# --- the end -------------------------------------------------------------------------------------


def test_the_bond_returns_at_once_then_the_verdict_is_carried_out_then_credits_are_withdrawn():
    """Whoever joins a contest that is decided makes it go on: the bond must not wait."""
    ended = replace(CHALLENGED, ended=True)
    assert due(ended) is Due.SETTLE_BOND
    assert due(ended, challenged=False, claimed={}) is Due.SETTLE_BOND
    left = {**SEATS, FIRST: party(ME, MINE, lost=True)}
    assert due(ended, parties=left, credits=7) is Due.CONCLUDE
    concluded = replace(ended, challenged=False, claimed={}, parties=left)
    assert due(concluded, credits=7) is Due.WITHDRAW
    assert due(concluded) is Due.OVER


def test_the_verdict_of_others_is_carried_out_as_well():
    assert due(CONTESTED, ended=True) is Due.CONCLUDE
    assert due(CONTESTED, ended=True, phase=Phase.CONCLUDED) is Due.OVER


def test_a_challenged_job_that_was_refunded_meanwhile_is_concluded():
    left = {**SEATS, 7: party(ME, MINE, lost=True)}
    assert due(CHALLENGED, ended=True, phase=Phase.REFUNDED, parties=left) is Due.CONCLUDE
    assert due(CHALLENGED, phase=Phase.REFUNDED) is Due.PLAY
