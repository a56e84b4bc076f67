"""Random valid causal programs over rows, with operands that need not belong together."""

from __future__ import annotations

from random import Random

import numpy as np

from tests.touchstone.engines.random_programs import MAX_LENGTH, ORDER, Int32, Writer, model_of
from touchstone.arithmetic.tables import noise_table, weight_table
from touchstone.programs import SEQUENCE, InputKind, InputSpec, Model, Rows, Shape
from touchstone.programs.program import ORDER_WIDTH
from touchstone.programs.rules import ACROSS_ALL

_NOISE, _WEIGHTS = noise_table(), weight_table()


def random_causal_model(seed: int, operators: int = 18) -> Model:
    """A causal model of random operators."""
    random = Random(seed)
    width = random.choice([1, 3, ORDER_WIDTH, 20])
    spec = InputSpec(InputKind.ROWS, width, MAX_LENGTH, causal=True)
    return model_of(CausalWriter(random, spec), operators)


class CausalWriter(Writer):
    """Appends operators of causal programs."""

    choices = (
        *(op for op in Writer.choices if op not in ACROSS_ALL),
        *("matmul", "matmul", "peak", "rotate", "causal_scores", "causal_mix"),
        *("perturb", "perturb", "emit", "embed_positions"),
    )

    def append(self, op: str) -> int:
        x = self.random.randrange(len(self.shapes))
        shape = self.shapes[x]
        statistic = Shape(shape.rows, shape.groups, 1)
        match op:
            case "rotate":
                angles = (MAX_LENGTH, max(1, shape.width // 2))
                tables = [self.ints(MAX_LENGTH * angles[1], 1 << 22) for _ in range(2)]
                return self.put(op, (x,), tuple(table.reshape(angles) for table in tables))
            case "embed_positions":
                return self.put(op, (), (self.ints(MAX_LENGTH * 5, 1 << 31).reshape(-1, 5),))
            case "causal_scores":
                k = self.narrower(shape)
                return self.causal_scores(x, self.like(statistic), k, self.peak_like(k))
            case "causal_mix":
                weights = self.random.choice([i for i, s in enumerate(self.shapes) if not s.width])
                heads = self.shapes[weights].groups
                v = self.narrower(Shape(Rows.SEQUENCE, heads, shape.width))
                whole = self.like(Shape(Rows.SEQUENCE, heads, 1))
                return self.causal_mix(weights, whole, v, self.peak_like(v))
            case "perturb":
                return self.put(op, (x, self.like(statistic), self.like(ORDER)), (_NOISE,))
            case "emit":
                token = self.like(Shape(Rows.SEQUENCE, 1, 1))
                return self.put(op, (token, self.like(ORDER)), (self.ints(3, 9),))
            case _:
                return super().append(op)

    def attention(self) -> None:
        """The chain that the native engine runs as one; now and then something else reads it."""
        q = self.random.choice([i for i, s in enumerate(self.shapes) if s.width])
        k = self.narrower(self.shapes[q])
        v = self.narrower(Shape(Rows.SEQUENCE, self.shapes[q].groups, self.shapes[k].width))
        scores = self.causal_scores(q, self.put("peak", (q,)), k, self.put("peak", (k,)))
        weights = self.put("exp", (scores, self.put("row_max", (scores,))), (_WEIGHTS,))
        whole = self.put("row_sum", (weights,))
        self.causal_mix(weights, whole, v, self.put("peak", (v,)))
        if self.random.random() < 0.2:
            self.put("row_mean" if self.shapes[scores].width != SEQUENCE else "peak", (scores,))

    def causal_scores(self, q: int, q_peak: int, k: int, k_peak: int) -> int:
        factor = self.random.choice([1, 23170, 65536])
        return self.put(
            "causal_scores",
            (q, q_peak, k, k_peak),
            row_bits=self.random.choice([4, 9, 14]),
            key_bits=self.random.choice([4, 9, 14]),
            factor=factor,
            factor_bits=self.random.choice([16, 17, 30]),
        )

    def causal_mix(self, weights: int, whole: int, v: int, v_peak: int) -> int:
        bits = self.random.choice([4, 6, 14])
        return self.put("causal_mix", (weights, whole, v, v_peak), row_bits=bits)

    def narrower(self, shape: Shape) -> int:
        """A value as wide, with heads that those of `shape` may share."""
        return self.random.choice(
            [
                i
                for i, s in enumerate(self.shapes)
                if s.width == shape.width and s.width and shape.groups % s.groups == 0
            ]
        )

    def peak_like(self, value: int) -> int:
        return self.like(Shape(Rows.SEQUENCE, self.shapes[value].groups, 1))


def orders(random: np.random.Generator, rows: Int32) -> Int32:
    """Rows as wide as orders, turned into plausible ones here and there."""
    plausible = random.integers(-2, 9, rows.shape).astype(np.int32)
    plausible[:, 2] = random.choice([0, 1 << 16, 1 << 30], len(rows))
    return np.where(random.random((len(rows), 1)) < 0.5, plausible, rows).astype(np.int32)
