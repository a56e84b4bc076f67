"""Reading tests/vectors/arithmetic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parents[2] / "vectors" / "arithmetic"
_INT8 = {("matmul", 0), ("embed_tokens", 0)}


@dataclass(frozen=True, slots=True)
class Vector:
    """One case of one operator; `place` holds its position where that counts."""

    op: str
    inputs: list[NDArray[np.int32]]
    constants: list[NDArray[Any]]
    attributes: dict[str, int]
    place: dict[str, int]
    output: NDArray[np.int32]


def read(op: str) -> Iterator[Vector]:
    """All cases of an operator."""
    tables = json.loads((FOLDER / "tables.json").read_text())
    for case in json.loads((FOLDER / f"{op}.json").read_text())["cases"]:
        constants = [
            np.array(tables[c], np.int32)
            if isinstance(c, str)
            else _array(c, np.int8 if (op, index) in _INT8 else np.int32)
            for index, c in enumerate(case["constants"])
        ]
        yield Vector(
            op,
            [_array(array, np.int32) for array in case["inputs"]],
            constants,
            case["attributes"],
            {"position": case["position"]} if "position" in case else {},
            _array(case["output"], np.int32),
        )


def _array(raw: dict[str, Any], dtype: Any) -> NDArray[Any]:
    return np.array(raw["data"], dtype=dtype).reshape(raw["shape"])
