"""Whole games on a real chain."""

from __future__ import annotations

import pytest

from tests.attacks.chains import Chain, equip
from tests.cheats.tampering import flip
from tests.disputes.arena import Arena, Lab, lab_of
from tests.support.tiny_model import compile_tiny, publisher_of
from touchstone.chain.devnet import Devnet


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return compile_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def lab(folder) -> Lab:
    return lab_of(folder, (5, 9))


@pytest.fixture(scope="module")
def chain(folder):
    with Devnet() as devnet:
        yield equip(devnet, 3, publisher_of(folder))


def test_a_flipped_bit_is_found(chain: Chain, lab: Lab) -> None:
    arena = Arena.contested(chain, lab, [lab.execute(), lab.execute(flip(1, 30, 5, 20))])
    ended, guilty = arena.play()
    assert ended
    assert guilty == {1}
    print(sum(len(g) for g in arena.gas.values()), sum(x for g in arena.gas.values() for _, x in g))
    for number, made in arena.gas.items():
        for moves, gas in made:
            print(number, gas, [type(m).__name__ for m in moves])
