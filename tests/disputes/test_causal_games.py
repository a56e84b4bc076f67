"""Whole games about language models on a real chain, and strong claims of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks.chains import Chain, equip
from tests.cheats.causal import flip_at, set_everywhere
from tests.disputes.arena import Arena
from tests.disputes.causal import CausalLab, prompt_lab, rows_lab
from tests.disputes.test_strong import Shelf, Shelves, Silent
from tests.support.causal_model import prompt_model, publisher_of_causal, rows_model
from touchstone.chain.devnet import Devnet
from touchstone.disputes.moves import Convict, ConvictCopy, ConvictEnd, ConvictStrong, PostParts
from touchstone.players.standing import standing


@pytest.fixture(scope="module")
def lab() -> CausalLab:
    return prompt_lab()


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with Devnet() as devnet:
        yield equip(devnet, 2, publisher_of_causal(prompt_model()))


def value_of(lab: CausalLab, op: str) -> int:
    return next(v for v, o in enumerate(lab.model.program.operators, 1) if o.op == op)


def moves_of(arena: Arena, seat: int) -> list:
    return [move for moves, _ in arena.gas[seat] for move in moves]


def played(chain: Chain, lab: CausalLab, tamper) -> list:
    """The honest seat's moves against this liar, which is convicted."""
    arena = Arena.contested(chain, lab, [lab.execute(), lab.execute(tamper)])
    assert arena.play_out() == {1}
    return moves_of(arena, 0)


def test_a_sum_over_nine_positions_is_cut_into_parts(chain: Chain, lab: CausalLab) -> None:
    """One more than are judged at once, each in another position's leaf."""
    made = played(chain, lab, flip_at(0, 8, value_of(lab, "causal_mix"), 5, 19))
    assert any(isinstance(move, PostParts) for move in made)


def test_an_element_over_few_positions_is_judged_at_once(chain: Chain, lab: CausalLab) -> None:
    made = played(chain, lab, flip_at(0, 7, value_of(lab, "causal_mix"), 5, 19))
    assert any(isinstance(move, Convict) for move in made)
    assert not any(isinstance(move, PostParts) for move in made)


def test_a_shard_is_played_as_well() -> None:
    lab = rows_lab()
    with Devnet() as devnet:
        chain = equip(devnet, 2, publisher_of_causal(rows_model()))
        made = played(chain, lab, flip_at(0, 9, value_of(lab, "causal_mix"), 5, 19))
        assert any(isinstance(move, PostParts) for move in made)
        made = played(chain, lab, flip_at(1, 1, 0, 13, 4))
        assert any(isinstance(move, ConvictEnd) for move in made)


def test_another_copy_of_the_input(chain: Chain, lab: CausalLab) -> None:
    made = played(chain, lab, set_everywhere(0, 4, 12345))
    assert any(isinstance(move, ConvictEnd) for move in made)


def test_an_output_of_another_length(chain: Chain, lab: CausalLab) -> None:
    """Its root is that of more bytes than the transcript gives: it cannot state a transcript."""
    longer = lab.execute(edit=lambda output: output + bytes(4))
    arena = Arena.contested(chain, lab, [lab.execute(), longer])
    assert arena.play_out() == {1}


def test_a_token_that_was_not_emitted(chain: Chain, lab: CausalLab) -> None:
    arena = Arena.contested(chain, lab, [lab.execute(), lab.execute(flip_at(0, 4, 0, 0, 3))])
    assert arena.play_out() == {1}
    assert any(isinstance(move, ConvictEnd) for move in moves_of(arena, 0))
    found = standing(arena.disputes, arena.job.id, 0)
    assert found is not None
    (game,) = found["games"]
    assert (game["sequence"], game["position"], game["value"]) == (0, 4, 0)


@pytest.mark.parametrize(
    ("tamper", "move"),
    [
        (flip_at(1, 9, 0, 0, 3), ConvictCopy),
        (flip_at(1, 2, 0, 0, 3), ConvictCopy),
        (set_everywhere(0, 5, 99), ConvictCopy),
        (flip_at(0, 5, 1, 9, 20), ConvictStrong),
    ],
    ids=["another token", "another prompt", "another seed", "another row"],
)
def test_one_transaction_convicts(chain: Chain, lab: CausalLab, tamper, move) -> None:
    right, wrong = lab.execute(strong=True), lab.execute(tamper, strong=True)
    served = Shelves({0: Shelf(right), 1: Shelf(wrong)})
    arena = Arena.contested(chain, lab, [right, wrong], strong=True, served=served)
    assert arena.play_out({1: 0}) == {1}
    ((moves, gas),) = arena.gas[0][1:]
    assert [type(made) for made in moves] == [move]
    assert gas < 700_000


def test_without_openings_there_is_the_game(chain: Chain, lab: CausalLab) -> None:
    right, wrong = lab.execute(strong=True), lab.execute(flip_at(1, 9, 0, 0, 3), strong=True)
    served = Shelves({0: Shelf(right), 1: Silent(wrong)})
    arena = Arena.contested(chain, lab, [right, wrong], strong=True, served=served)
    assert arena.play_out() == {1}
    assert any(isinstance(made, ConvictEnd) for made in moves_of(arena, 0))
