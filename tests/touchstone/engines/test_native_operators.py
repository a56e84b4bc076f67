from __future__ import annotations

import numpy as np
import pytest

from tests.touchstone.arithmetic import vectors
from tests.touchstone.engines import native_operators
from touchstone.programs.rules import RULES


@pytest.mark.parametrize("op", sorted(RULES))
def test_native_gives_the_vectors(op: str) -> None:
    for vector in vectors.read(op):
        found = native_operators.run(vector)
        assert found.dtype == np.int32
        assert np.array_equal(found, vector.output)
