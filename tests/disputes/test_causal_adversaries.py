"""Every lie about what a language model wrote is found, and no honest side is ever convicted."""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests.cheats.causal import flip_at, set_everywhere, write_at
from tests.disputes.causal import CausalLab, prompt_lab, rows_lab
from tests.disputes.duel import Duel, Judgement, Referee
from tests.support.causal_model import STOP
from touchstone.chain.deploy import deploy
from touchstone.chain.devnet import Devnet
from touchstone.disputes.game import Element, Stage
from touchstone.protocol.payload import decode_payload

LONG = bool(os.environ.get("TOUCHSTONE_LONG"))
FAULTS = 5_000 if LONG else 80


@pytest.fixture(scope="module")
def referee():
    with Devnet() as devnet:
        yield Referee(devnet.w3, deploy(devnet.w3, devnet.account(0)))


def judged(lab: CausalLab, referee: Referee, tamper) -> Judgement:
    found = Duel(lab, lab.execute(), lab.execute(tamper), referee).judge()
    assert found.liars == {1}, found
    return found


def answers(lab: CausalLab) -> list[list[int]]:
    return [answer.tolist() for answer in decode_payload(lab.execute().output)]


@pytest.mark.timeout(max(300, FAULTS))
@pytest.mark.parametrize("lab", [prompt_lab, rows_lab], ids=["prompts", "rows"])
def test_random_faults(lab, referee: Referee) -> None:
    """One flipped bit at any position, in the input's copy as well; all that follows is computed
    from it, tokens that are written included."""
    lab, random, right = lab(), np.random.default_rng(30), lab().execute()
    operators, seen = lab.model.program.operators, set()
    for _ in range(FAULTS):
        sequence = int(random.integers(len(lab.positions)))
        position = int(random.integers(lab.positions[sequence]))
        value = int(random.integers(len(operators) + 1))
        place, bit = int(random.integers(1 << 30)), int(random.integers(32))
        wrong = lab.execute(flip_at(sequence, position, value, place, bit))
        found = Duel(lab, right, wrong, referee).judge()
        assert found.liars == {1}, (sequence, position, value, found)
        game = found.game
        assert (game.sequence, game.position, game.value) == (sequence, position, value)
        seen.add(operators[value - 1].op if value else "input")
    assert len(seen) >= 9


# --- what the program reads ----------------------------------------------------------------------


def test_a_token_that_was_not_emitted(referee: Referee) -> None:
    lab = prompt_lab()
    other = (answers(lab)[1][0] + 1) % 50
    found = judged(lab, referee, write_at(1, 7, 0, 0, other))
    assert found.game.element == Element(1, 7, 0, 0)
    assert found.expected[1] == answers(lab)[1][0]


def test_another_token_that_is_emitted(referee: Referee) -> None:
    lab = prompt_lab()
    output = lab.model.program.output
    found = judged(lab, referee, write_at(1, 8, output, 0, (answers(lab)[1][2] + 1) % 50))
    assert found.game.element == Element(1, 8, output, 0)


@pytest.mark.parametrize("element", range(1, 6))
def test_another_setting_of_a_prompt(referee: Referee, element: int) -> None:
    """The flag, the temperature, the cut-off, the seed."""
    found = judged(prompt_lab(), referee, set_everywhere(1, element, 77))
    assert found.game.element == Element(1, 0, 0, element)


def test_another_prompt(referee: Referee) -> None:
    other = int(prompt_lab().sequences[2][3]) ^ 1
    found = judged(prompt_lab(), referee, write_at(1, 3, 0, 0, other))
    assert found.game.element == Element(1, 3, 0, 0)


def test_another_row_of_a_shard(referee: Referee) -> None:
    found = judged(rows_lab(), referee, write_at(1, 1, 0, 13, 4))
    assert found.game.element == Element(1, 1, 0, 13)


# --- stops ---------------------------------------------------------------------------------------


def test_an_answer_that_ends_too_early(referee: Referee) -> None:
    lab = prompt_lab()
    output = lab.model.program.output
    assert -1 not in answers(lab)[1][:2]
    found = judged(lab, referee, write_at(1, 7, output, 0, -1))
    assert found.game.element == Element(1, 7, output, 0)


def test_an_answer_that_goes_on_behind_its_end(referee: Referee) -> None:
    lab = prompt_lab()
    output, answer = lab.model.program.output, answers(lab)[0]
    end = answer.index(-1)
    assert answer[end - 1] == STOP
    position = 2 + end + 1
    found = judged(lab, referee, write_at(0, position, output, 0, 5))
    assert found.game.element == Element(0, position, output, 0)
    assert found.expected[1] == -1


# --- the output ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lab", [prompt_lab, rows_lab], ids=["prompts", "rows"])
def test_an_output_that_the_transcript_does_not_give(lab, referee: Referee) -> None:
    """A right transcript with one wrong byte in the output: its header, its lengths, its values."""
    lab = lab()
    right = lab.execute()
    for place in (0, 5, 8, 12, 16, 24, 40, len(right.output) - 1):
        edited = bytearray(right.output)
        edited[place] ^= 4
        wrong = lab.execute(edit=lambda _, to=bytes(edited): to)
        found = Duel(lab, right, wrong, referee).judge()
        assert found.game.stage is Stage.OUTPUT_ELEMENT
        assert found.liars == {1}
