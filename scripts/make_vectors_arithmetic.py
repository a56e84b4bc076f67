"""Writes tests/vectors/arithmetic/*.json: inputs and outputs of every operator.

The reference computes the outputs; the torch engine and the Solidity referee must give the same.
Inputs hold negatives, extremes, ties and saturation. A seed is fixed: running this again writes
the same files, and a test holds the files to that.

A tensor is {"shape": [...], "data": [...]} row-major; the tables stand in tables.json and are
named where an operator takes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from touchstone.arithmetic import rounding
from touchstone.arithmetic.tables import (
    GELU_LOW,
    exp_table,
    gelu_table,
    noise_table,
    silu_table,
    weight_table,
)
from touchstone.engines.reference import OPERATORS, POSITIONED

FOLDER = Path(__file__).parent.parent / "tests" / "vectors" / "arithmetic"
LOW, HIGH = -(1 << 31), (1 << 31) - 1
Array = NDArray[Any]
Case = tuple[list[Array], list[Array | str], dict[str, int]]
POSITIONS = (0, 1, 2, 5)
"""Positions at which the vectors of POSITIONED operators stand, in turn."""

EDGES = [0, 1, -1, 2, -2, 3, -3, 127, -128, 255, 256, -257, 16383, 16384, -16384, -16385,
         65535, 65536, -65536, (1 << 20) - 1, 1 << 20, -(1 << 20), HIGH, LOW, LOW + 1]  # fmt: skip


def main() -> None:
    """Writes all files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, content in contents().items():
        (FOLDER / name).write_text(content)


def contents() -> dict[str, str]:
    """File names and what they hold."""
    tables = {
        "exp": exp_table(),
        "gelu": gelu_table(),
        "noise": noise_table(),
        "silu": silu_table(),
        "weight": weight_table(),
    }
    files = {
        "tables.json": _dump({name: table.tolist() for name, table in tables.items()}),
        "rounding.json": _dump(_rounding()),
    }
    for op in OPERATORS:
        written = []
        cases = enumerate(_cases(op, np.random.default_rng(7)))
        for number, (inputs, constants, attributes) in cases:
            real = [tables[c] if isinstance(c, str) else c for c in constants]
            operands: list[Any] = [len(inputs[0])] if op == "embed_positions" else list(inputs)
            position = POSITIONS[number % len(POSITIONS)]
            place = {"position": position} if op in POSITIONED else {}
            output = OPERATORS[op](*operands, *real, **attributes, **place)
            written.append(
                {
                    **place,
                    "inputs": [_tensor(array) for array in inputs],
                    "constants": [c if isinstance(c, str) else _tensor(c) for c in constants],
                    "attributes": attributes,
                    "output": _tensor(output),
                }
            )
        files[f"{op}.json"] = _dump({"op": op, "cases": written})
    return files


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True) + "\n"


def _tensor(array: Array) -> dict[str, Any]:
    return {"shape": list(array.shape), "data": array.reshape(-1).tolist()}


def _rounding() -> dict[str, list[list[int]]]:
    """[value, shift, result] and [numerator, denominator, result]: halves go up."""
    shifts = [(v, s) for v in (*range(-9, 10), LOW, HIGH) for s in (-2, 0, 1, 2, 3, 31)]
    divisions = [(n, d) for n in (*range(-8, 9), LOW, HIGH) for d in (-3, 0, 1, 2, 3, 4, 384)]
    one = np.int64(1)
    return {
        "round_shift": [[v, s, int(rounding.round_shift(v * one, s))] for v, s in shifts],
        "round_div": [[n, d, int(rounding.round_div(n * one, d))] for n, d in divisions],
    }


def _int32(values: Sequence[int] | Array, *shape: int) -> Array:
    return np.array(values, dtype=np.int64).astype(np.int32).reshape(shape)


def _spread(random: np.random.Generator, *shape: int) -> Array:
    """Values of all sizes: a uniform sign and bit length."""
    size = int(np.prod(shape))
    bits = random.integers(0, 32, size)
    values = (random.random(size) * 2.0**bits).astype(np.int64)
    return _int32(np.where(random.random(size) < 0.5, -values, values), *shape)


def _rows(random: np.random.Generator) -> list[Array]:
    """Rows [rows, groups, width] as the row operators see them."""
    wide = np.array(EDGES + [LOW] * 7, dtype=np.int64)
    return [
        _int32(wide, 4, 1, 8),
        _int32([LOW] * 6, 2, 1, 3),
        _int32([HIGH] * 6, 2, 1, 3),
        np.zeros((2, 1, 5), np.int32),
        _spread(random, 3, 2, 7),
    ]


def _statistics(random: np.random.Generator, x: Array) -> list[Array]:
    """Statistics of rows of x: the true peak, and numbers that do not belong to it."""
    edges = random.choice(np.array(EDGES), (x.shape[0], x.shape[1], 1))
    return [OPERATORS["peak"](x), _int32(edges, *edges.shape)]


def _cases(op: str, random: np.random.Generator) -> Iterator[Case]:
    match op:
        case "peak" | "row_max" | "row_sum" | "row_mean" | "column_max" | "column_mean" | "join":
            for x in _rows(random):
                yield [x], [], {}
        case "add":
            pairs = [(a, b) for a in EDGES[::2] for b in EDGES[1::2]]
            a, b = (_int32([pair[i] for pair in pairs], 12, 1, -1) for i in (0, 1))
            yield [a, b], [], {}
        case "centre" | "probabilities" | "mean_square":
            for x in _rows(random):
                for statistic in _statistics(random, x):
                    yield [x, statistic], [], {}
        case "exp":
            near = _int32(random.integers(-(1 << 21), 1 << 21, 64), 4, 1, 16)
            for x in (*_rows(random), near):
                yield [x, OPERATORS["row_max"](x)], ["exp"], {}
                yield [x, _statistics(random, x)[1]], ["exp"], {}
        case "lookup":
            near = _int32(random.integers(-(1 << 19), 1 << 19, 96), 4, 1, 24)
            ends = _int32([GELU_LOW - 1, GELU_LOW, 524287, 524288, 524289, 128, -128, 129], 1, 1, 8)
            for x in (*_rows(random), near, ends):
                for identity in (0, 1):
                    yield [x], ["gelu"], {"low": GELU_LOW, "identity_above": identity}
        case "embed_tokens":
            table = random.integers(-128, 128, (5, 6)).astype(np.int8)
            scale = _int32([0, 1, 3, 1 << 10, 1 << 20], 5)
            tokens = _int32([0, 1, 2, 3, 4, -1, 5, LOW, HIGH], 9, 1, 1)
            for bits in (1, 2, 11, 40):
                yield [tokens], [table, scale], {"scale_bits": bits}
        case "embed_positions":
            yield [np.zeros((3, 1, 1), np.int32)], [_int32(EDGES[:24], 6, 4)], {}
        case "matmul":
            yield from _matmuls(random)
        case "scores":
            yield from _scores(random)
        case "mix":
            yield from _mixes(random)
        case "inverse_root":
            squares = [0, 1, 2, 3, 1 << 29, 1 << 30, (1 << 30) + 1, -1, LOW, HIGH]
            square = _int32(squares * 4, 40, 1, 1)
            peak = _int32([*([0] * 10), *([1] * 10), *([40000] * 10), *([HIGH] * 10)], 40, 1, 1)
            for epsilon in (0, 1, 4611686, 46116860184274, 1 << 60):
                yield [square, peak], [], {"epsilon": epsilon}
        case "scale_row":
            rows = (_spread(random, 4, 1, 8), _int32(EDGES[:24], 3, 1, 8), _spread(random, 2, 3, 8))
            for x in rows:
                gain = _int32([0, 1, -1, 65536, -65536, 1 << 24, -(1 << 24), 99], 8)
                bias = _int32([0, HIGH, LOW, 1, -1, 5, -5, 0], 8)
                peak = OPERATORS["peak"](x)
                square = OPERATORS["mean_square"](x, peak)
                inverse = OPERATORS["inverse_root"](square, peak, epsilon=4611686)
                for bits in (0, 16, 24):
                    yield [x, peak, inverse], [gain, bias], {"gain_bits": bits}
                odd = _int32(random.choice(EDGES, peak.size), *peak.shape)
                yield [x, odd, odd[::-1]], [gain, bias], {"gain_bits": 16}
        case "argmax":
            for x in _rows(random):
                yield [x], [], {}
            yield [_int32([5, 7, 7, LOW, 7, LOW, LOW, LOW], 2, 1, 4)], [], {}
        case "multiply":
            pairs = [(a, b) for a in EDGES[::2] for b in EDGES[1::2]]
            a, b = (_int32([pair[i] for pair in pairs], 12, 1, -1) for i in (0, 1))
            yield [a, b], [], {}
            yield [_spread(random, 4, 1, 9), _spread(random, 4, 1, 9)], [], {}
        case "slice":
            for start, width in ((0, 3), (2, 6), (7, 1)):
                yield [_spread(random, 3, 1, 8)], [], {"start": start, "width": width}
        case "concat":
            yield [_spread(random, 3, 1, 5), _spread(random, 3, 1, 2)], [], {}
        case "rotate":
            tables = [_int32(random.integers(-(1 << 22), (1 << 22) + 1, 24), 6, 4) for _ in "cs"]
            for x in (_spread(random, 1, 3, 8), _int32([HIGH, LOW] * 4, 1, 1, 8)):
                for _ in POSITIONS:
                    yield [x], list(tables), {}
        case "causal_scores":
            yield from _causal_scores(random)
        case "causal_mix":
            yield from _causal_mixes(random)
        case "temper" | "perturb" | "emit":
            yield from _samplings(op, random)
        case _:
            raise ValueError(f"no vectors for {op}")


def _matmuls(random: np.random.Generator) -> Iterator[Case]:
    weight = random.integers(-128, 128, (6, 8)).astype(np.int8)
    weight[0], weight[1] = 127, -128
    scale = _int32([0, 1, 1 << 20, 700000, 3, 1 << 19], 6)
    bias = _int32([0, HIGH, LOW, 1, -1, 12345], 6)
    for x in (_int32(EDGES[:24], 3, 1, 8), _spread(random, 5, 2, 4), _int32([LOW] * 8, 1, 1, 8)):
        joined = x.reshape(len(x), 1, -1)
        for peak in _statistics(random, joined):
            for bits, scale_bits, groups in ((14, 18, 1), (12, 26, 3), (4, 40, 2)):
                attributes = {"row_bits": bits, "scale_bits": scale_bits, "groups": groups}
                yield [x, peak], [weight, scale, bias], attributes


def _scores(random: np.random.Generator) -> Iterator[Case]:
    for q, k in (
        (_spread(random, 4, 2, 4), _spread(random, 4, 2, 4)),
        (_int32([HIGH] * 8, 2, 1, 4), _int32([LOW, HIGH] * 4, 2, 1, 4)),
    ):
        for q_peak, k_peak in zip(_statistics(random, q), _statistics(random, k), strict=True):
            for bits, factor, factor_bits in ((14, 23170, 17), (14, 65536, 16), (6, 3, 30)):
                attributes = {"row_bits": bits, "factor": factor, "factor_bits": factor_bits}
                yield [q, q_peak, k, k_peak], [], attributes


def _mixes(random: np.random.Generator) -> Iterator[Case]:
    for p, v in (
        (_int32(random.integers(0, 1 << 15, 32), 4, 2, 4), _spread(random, 4, 2, 3)),
        (_int32([32768, 0, 40000, -5], 2, 1, 2), _int32([HIGH, LOW, LOW, 7], 2, 1, 2)),
    ):
        true = OPERATORS["column_max"](OPERATORS["peak"](v))
        for peak in (true, _int32(random.choice(EDGES, true.shape), *true.shape)):
            for bits in (14, 5):
                yield [p, v, peak], [], {"row_bits": bits}


def _causal_scores(random: np.random.Generator) -> Iterator[Case]:
    for q, k in (
        (_spread(random, 1, 4, 4), _spread(random, 5, 2, 4)),
        (_int32([HIGH] * 4, 1, 1, 4), _int32([LOW, HIGH] * 4, 2, 1, 4)),
    ):
        for q_peak, k_peak in zip(_statistics(random, q), _statistics(random, k), strict=True):
            for bits, key_bits, factor in ((9, 9, 23170), (14, 12, 65536), (4, 14, 3)):
                attributes = {"row_bits": bits, "key_bits": key_bits, "factor": factor}
                yield [q, q_peak, k, k_peak], [], {**attributes, "factor_bits": 17}


def _causal_mixes(random: np.random.Generator) -> Iterator[Case]:
    for weights, v in (
        (_int32(random.integers(0, 1 << 15, 20), 1, 4, 5), _spread(random, 5, 2, 3)),
        (_int32([32768, 0, 40000, -5], 1, 2, 2), _int32([HIGH, LOW, LOW, 7], 2, 2, 1)),
    ):
        total = OPERATORS["row_sum"](weights)
        for z in (total, total * 0, total - HIGH, total // 9000):
            for peak in _statistics(random, v):
                for bits in (14, 5):
                    yield [weights, z, v, peak], [], {"row_bits": bits}


def _samplings(op: str, random: np.random.Generator) -> Iterator[Case]:
    """Orders [token, written, inverse temperature, cut-off, seed]: greedy, sampled, extreme."""
    orders = [
        [3, 0, 0, HIGH, 0, 0],
        [3, 1, 1 << 16, HIGH, 7, 0],
        [-1, 1, 98304, 3 << 16, -12345, 77],
        [4, 1, 1 << 24, 0, LOW, HIGH],
        [5, 0, HIGH, -1, HIGH, LOW],
        [LOW, 1, -5, 9, 1, 1],
    ]
    for words in orders:
        order = _int32(words, 1, 1, 6)
        near = _int32(random.integers(-(1 << 19), 1 << 19, 40), 1, 1, 40)
        for x in (near, _int32(EDGES, 1, 1, -1)):
            if op == "temper":
                yield [x, order], [], {}
            elif op == "perturb":
                for highest in (OPERATORS["row_max"](x), _int32([LOW], 1, 1, 1)):
                    yield [x, highest, order], ["noise"], {}
        if op == "emit":
            yield [_int32([9], 1, 1, 1), order], [_int32([3, 5, HIGH], 3)], {}


if __name__ == "__main__":
    main()
