"""Every lie is found, and no honest side is ever convicted: at any operator, position, element and
bit, in any sequence."""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests.cheats.tampering import flip
from tests.disputes.arena import Lab, lab_of
from tests.disputes.duel import Duel, Referee
from tests.support.tiny_model import compile_tiny
from touchstone.chain.deploy import deploy
from touchstone.chain.devnet import Devnet
from touchstone.compilers import compile_bert, find_minilm

LONG = bool(os.environ.get("TOUCHSTONE_LONG"))
FAULTS = 10_000 if LONG else 500


@pytest.fixture(scope="module")
def referee():
    with Devnet() as devnet:
        yield Referee(devnet.w3, deploy(devnet.w3, devnet.account(0)))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Lab:
    return lab_of(compile_tiny(tmp_path_factory.mktemp("tiny")), (5, 9, 1))


@pytest.fixture(scope="module")
def minilm(tmp_path_factory) -> Lab:
    folder = tmp_path_factory.mktemp("minilm")
    compile_bert(find_minilm(), folder, "all-MiniLM-L6-v2", "1")
    return lab_of(folder, (3,))


@pytest.mark.timeout(FAULTS)
def test_random_faults(tiny: Lab, referee: Referee, record_property) -> None:
    """One flipped bit anywhere, all that follows computed from it: the liar alone is convicted."""
    random = np.random.default_rng(20)
    right = tiny.execute()
    values = len(tiny.model.program.operators) + 1
    seen: dict[str, int] = {}
    for _ in range(FAULTS):
        sequence, value = int(random.integers(3)), int(random.integers(values))
        fault = flip(sequence, value, int(random.integers(1 << 30)), int(random.integers(32)))
        judged = Duel(tiny, right, tiny.execute(fault), referee).judge()
        assert judged.liars == {1}, (sequence, value, judged)
        assert (judged.game.sequence, judged.game.value) == (sequence, value)
        name = tiny.model.program.operators[value - 1].op if value else "input"
        seen[name] = seen.get(name, 0) + 1
    record_property("faults", seen)
    assert sum(seen.values()) == FAULTS
    assert len(seen) >= 18


def test_every_operator_of_minilm(minilm: Lab, referee: Referee) -> None:
    """Each operator of the real model, one wrong element of it."""
    random = np.random.default_rng(21)
    right = minilm.execute()
    for value in range(1, len(minilm.model.program.operators) + 1):
        fault = flip(0, value, int(random.integers(1 << 30)), int(random.integers(32)))
        wrong = minilm.retell(right, fault)
        judged = Duel(minilm, right, wrong, referee).judge()
        assert judged.liars == {1}, judged
        assert judged.game.value == value


def test_an_output_that_the_transcript_does_not_give(tiny: Lab, referee: Referee) -> None:
    """A right transcript with one wrong byte in the output, in its header and in its values."""
    right = tiny.execute()
    for place in (0, 5, 8, 12, 20, 40, len(right.output) - 1):
        edited = bytearray(right.output)
        edited[place] ^= 4
        wrong = tiny.execute(edit=lambda _, to=bytes(edited): to)
        assert Duel(tiny, right, wrong, referee).judge().liars == {1}
