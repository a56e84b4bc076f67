"""Engine and party disagree whether an input breaks a rule: a state with a reason, not a trap."""

from __future__ import annotations

import pytest

from tests.disputes.arena import JOB_SALT, Arena, Execution, Lab
from touchstone.disputes.case import Case
from touchstone.errors import DisputeError
from touchstone.protocol.inputs import REFUSED
from touchstone.protocol.payload import payload_root


def refusing(lab: Lab) -> Execution:
    """The execution of a party that took the input for one that breaks a rule."""
    model = lab.model
    case = Case(model.program, model.manifest.program_root, model.tensors, lab.payload, None)
    return Execution(case, REFUSED, payload_root(REFUSED, JOB_SALT), {})


def test_a_party_that_refused_has_no_statement_and_says_so(lab):
    case = refusing(lab).case
    for part in ("statement", "layout"):
        with pytest.raises(DisputeError, match="refused the input"):
            getattr(case, part)


def test_whoever_refused_a_good_input_is_told_why_it_cannot_play(chain, lab):
    arena = Arena.contested(chain, lab, [refusing(lab), lab.execute()])
    keeper, dispute = arena.keepers[0]
    keeper.tend(dispute)  # It can still say what the input asks for.
    with pytest.raises(DisputeError, match="the engine finds no rule that the input breaks"):
        keeper.tend(dispute)
    del arena.keepers[0]
    assert arena.play_out() == {0}


def test_whoever_executed_a_bad_input_is_told_why_it_cannot_play(chain, lab):
    # It is longer than what was paid for.
    arena = Arena.contested(chain, lab, [lab.execute(), refusing(lab)], units=1)
    keeper, dispute = arena.keepers[0]
    keeper.tend(dispute)
    assert arena.disputes.contest(arena.job.id).refused
    with pytest.raises(DisputeError, match="the engine finds that the input breaks a rule"):
        keeper.tend(dispute)
    del arena.keepers[0]
    assert arena.play_out() == {0}
