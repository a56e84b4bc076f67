from __future__ import annotations

import math
from hashlib import sha256

import numpy as np

from touchstone.arithmetic.tables import exp_table, gelu_table

EXP = "b3f7868bda0577936fed7de96ab4172e3f9a958d54493707a713eced09f123f0"
GELU = "e8dd5f276f3383f2abbcb2ba35b87fe2741315023d7cecc109ef028208147f37"


def test_tables_are_the_same_bytes_on_every_machine() -> None:
    assert sha256(exp_table().astype("<i4").tobytes()).hexdigest() == EXP
    assert sha256(gelu_table().astype("<i4").tobytes()).hexdigest() == GELU


def test_exp_table_is_exp_to_half_a_unit() -> None:
    wanted = [math.exp(-i / 256) * 65536 for i in range(4097)]
    assert np.abs(exp_table() - np.array(wanted)).max() <= 0.5 + 1e-6
    assert exp_table()[0] == 65536 and exp_table()[-1] == 0


def test_gelu_table_is_gelu_to_half_a_unit_and_joins_the_identity() -> None:
    x = [i / 256 - 8 for i in range(4097)]
    wanted = [65536 * v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in x]
    assert np.abs(gelu_table() - np.array(wanted)).max() <= 0.5 + 1e-6
    assert gelu_table()[0] == 0 and gelu_table()[-1] == 8 * 65536
