"""Random operators on given values: extremes, statistics that do not belong to their rows."""

from __future__ import annotations

from random import Random

import numpy as np

from tests.touchstone.referee.transcript import Case, Int32, Sketch
from touchstone.arithmetic.tables import exp_table, gelu_table
from touchstone.engines.reference import OPERATORS
from touchstone.programs import SEQUENCE, Rows, Shape

LOW, HIGH = -(1 << 31), (1 << 31) - 1
EDGES = np.array([LOW, LOW + 1, HIGH, HIGH - 1, -1, 0, 1, 1 << 20, -(1 << 20), 1 << 30])
_EXP, _GELU = exp_table(), gelu_table()


def random_case(op: str, random: Random) -> tuple[Case, int]:
    """A program with one operator `op`, and the value that it writes."""
    return _Maker(random).make(op)


class _Maker:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.numbers = np.random.default_rng(random.randrange(1 << 62))
        self.length = random.choice([1, 2, 3, 7, 11, 33])
        self.rows = Rows.SEQUENCE
        self.groups = random.choice([1, 1, 2, 3])
        self.width = random.choice([1, 2, 7, 8, 9, 40, 300])

    def make(self, op: str) -> tuple[Case, int]:
        tokens = op == "embed_tokens"
        first = self.numbers.integers(-2, 14, (self.length, 1, 1)).astype(np.int32)
        if op not in {"column_max", "column_mean", "scores", "mix"}:
            self.rows = self.random.choice([Rows.ONE, *[Rows.SEQUENCE] * 4])
        direct = not tokens and self.rows is Rows.SEQUENCE and self.groups == 1
        if direct:
            first = self.array(self.shape())
        self.sketch = Sketch(self.length, first, tokens)
        self.direct = direct
        value = self.append(op)
        sequences = self.random.choice([1, 2, 3, 6])
        return self.sketch.case(self.random.randrange(sequences), sequences), value

    def append(self, op: str) -> int:
        random, run = self.random, self.sketch.run
        match op:
            case "embed_tokens":
                table = self.numbers.integers(-128, 128, (11, self.width)).astype(np.int8)
                bits = random.choice([1, 7, 20, 40])
                return run(op, (0,), (table, self.scales(11)), scale_bits=bits)
            case "embed_positions":
                return run(op, (), (self.ints(self.length + 3, self.width),))
            case "add":
                x = self.given()
                return run(op, (x, random.choice([x, self.given()])))
            case "centre" | "probabilities" | "mean_square":
                x = self.given()
                return run(op, (x, self.statistic(x)))
            case "exp":
                x = self.given()
                return run(op, (x, self.statistic(x, "row_max")), (_EXP,))
            case "lookup":
                x, low = self.given(), random.choice([-(1 << 19), 1 << 24, -(1 << 24), 0])
                table = random.choice([_GELU, self.ints(4097) >> 9])
                return run(op, (x,), (table,), low=low, identity_above=random.randrange(2))
            case "inverse_root":
                self.width, self.direct = 1, False
                x, epsilon = self.given(), random.choice([0, 1, 4611686, 1 << 60])
                return run(op, (x, self.statistic(x)), epsilon=epsilon)
            case "scale_row":
                x = self.given()
                pair = (self.statistic(x), self.statistic(x, "row_sum"))
                gain, bits = self.ints(self.width) >> 7, random.randrange(25)
                return run(op, (x, *pair), (gain, self.ints(self.width)), gain_bits=bits)
            case "matmul":
                return self.matmul()
            case "scores":
                q, k = self.given(), self.given()
                named = {
                    "row_bits": random.randrange(4, 15),
                    "factor_bits": random.randrange(16, 31),
                }
                factor = random.choice([0, 1, 23170, 65536])
                inputs = (q, self.statistic(q), k, self.statistic(k))
                return run(op, inputs, (), factor=factor, **named)
            case "mix":
                return self.mix()
            case _:
                return run(op, (self.given(),))

    def matmul(self) -> int:
        x = self.given()
        joined = Shape(self.rows, 1, 1)
        true = OPERATORS["peak"](self.sketch.values[x]).max(axis=1, keepdims=True)
        peak = self.sketch.given(self.random.choice([true, self.array(joined)]), joined)
        groups, columns = self.random.choice([1, 2, 5]), self.groups * self.width
        channels = groups * self.random.choice([1, 3, 60])
        weight = self.numbers.integers(-128, 128, (channels, columns)).astype(np.int8)
        named = {"row_bits": self.random.randrange(4, 15), "groups": groups}
        tensors = (weight, self.scales(channels), self.ints(channels))
        bits = self.random.choice([18, 24, 40])
        return self.sketch.run("matmul", (x, peak), tensors, scale_bits=bits, **named)

    def mix(self) -> int:
        v, heads = self.given(), Shape(Rows.ONE, self.groups, 1)
        true = OPERATORS["column_max"](OPERATORS["peak"](self.sketch.values[v]))
        top = self.sketch.given(self.random.choice([true, self.array(heads)]), heads)
        shape = Shape(Rows.SEQUENCE, self.groups, SEQUENCE)
        honest = self.numbers.integers(0, 1 << 15, (self.length, self.groups, self.length))
        p = self.random.choice([honest.astype(np.int32), self.array(shape)])
        bits = self.random.randrange(4, 15)
        return self.sketch.run("mix", (self.sketch.given(p, shape), v, top), (), row_bits=bits)

    def shape(self) -> Shape:
        return Shape(self.rows, self.groups, self.width)

    def given(self) -> int:
        """A value of the maker's shape: sometimes the input itself."""
        if self.direct and self.random.random() < 0.5:
            return 0
        return self.sketch.given(self.array(self.shape()), self.shape())

    def statistic(self, x: int, name: str = "peak") -> int:
        """One number per row of x: the true one or any."""
        shape = Shape(self.rows, self.groups, 1)
        true = OPERATORS[name](self.sketch.values[x])
        return self.sketch.given(self.random.choice([true, self.array(shape)]), shape)

    def array(self, shape: Shape) -> Int32:
        rows = 1 if shape.rows is Rows.ONE else self.length
        return self.ints(rows, shape.groups, shape.width or self.length)

    def ints(self, *shape: int) -> Int32:
        """Numbers of one size or of all sizes, with extremes among them, or nothing else."""
        size = self.random.choice([1, 8, 15, 20, 31])
        bits = size if self.random.random() < 0.5 else self.numbers.integers(0, 32, shape)
        plain = self.numbers.uniform(-1, 1, shape) * 2.0**bits
        share = self.random.choice([0, 0.05, 1])
        chosen = np.where(
            self.numbers.random(shape) < share, self.numbers.choice(EDGES, shape), plain
        )
        return np.clip(chosen, LOW, HIGH).astype(np.int64).astype(np.int32)

    def scales(self, count: int) -> Int32:
        return self.numbers.integers(0, (1 << 20) + 1, count).astype(np.int32)
