"""Who made two commitments for one draw, as a pure function of what was shown and is posted."""

from dataclasses import replace

import pytest

from provider.duties import draw_id
from provider.evidence import Equivocation, contradicting, equivocation
from provider.records import ShownCommit
from tests.provider.test_duties import DRAWN
from touchstone.protocol.jobs import Clock, Phase

X, Y = b"x" * 32, b"y" * 32
SHOWN = ShownCommit(DRAWN.id, draw_id(DRAWN), 0, 1, X, b"1" * 64)
SECOND = replace(SHOWN, commitment=Y, signature=b"2" * 64)
POSTED = replace(DRAWN, commitments={1: Y})
NOW = Clock(50, 1001)


def test_one_commitment_is_no_lie():
    assert equivocation(DRAWN, NOW, [SHOWN]) is None
    assert equivocation(replace(DRAWN, commitments={1: X}), NOW, [SHOWN]) is None
    assert contradicting(DRAWN, [SHOWN], [SHOWN]) == ()


@pytest.mark.parametrize("phase", [Phase.DRAWN, Phase.CONTESTED, Phase.SETTLED])
def test_another_commitment_on_chain_is_a_lie_whatever_came_of_it(phase):
    found = equivocation(replace(POSTED, phase=phase), NOW, [SHOWN])
    assert found == Equivocation(SHOWN, Y, SHOWN.signature)


def test_another_signed_commitment_is_a_lie_even_in_a_later_round():
    assert contradicting(DRAWN, [SHOWN], [SECOND]) == (SECOND,)
    later = replace(DRAWN, round=1)
    assert equivocation(later, NOW, [SHOWN, SECOND]) == Equivocation(SHOWN, Y, SECOND.signature)


def test_a_new_commitment_for_a_new_round_is_no_lie():
    assert equivocation(replace(POSTED, round=1), NOW, [SHOWN]) is None
    next_draw = replace(SECOND, draw=b"e" * 32, round=1)
    assert equivocation(DRAWN, NOW, [SHOWN, next_draw]) is None


def test_the_first_commitment_shown_is_held_against_the_posted_one():
    assert contradicting(POSTED, [], [SHOWN]) == (SHOWN,)


def test_who_cannot_be_punished_any_more_is_left_alone():
    assert equivocation(replace(POSTED, failed=frozenset({1})), NOW, [SHOWN]) is None
    assert equivocation(POSTED, Clock(50, DRAWN.locked_until), [SHOWN]) is None
    assert equivocation(replace(POSTED, phase=Phase.CONCLUDED), NOW, [SHOWN]) is None
    contested = replace(POSTED, phase=Phase.CONTESTED)
    assert equivocation(contested, Clock(50, DRAWN.locked_until), [SHOWN]) is not None
