"""Random causal programs over prompts or rows, with operands that need not belong together."""

from __future__ import annotations

from random import Random

import numpy as np
from numpy.typing import NDArray

from touchstone.arithmetic.tables import GELU_LOW, exp_table, gelu_table, noise_table
from touchstone.errors import ProgramError
from touchstone.programs import SEQUENCE, InputKind, InputSpec, Program, Rows, Shape
from touchstone.programs.builder import ProgramBuilder
from touchstone.programs.program import ORDER_WIDTH
from touchstone.programs.rules import ACROSS_ALL, RULES

MAX_LENGTH = 24
_EXP, _GELU, _NOISE = exp_table(), gelu_table(), noise_table()
_OPERATORS = sorted(RULES.keys() - ACROSS_ALL)
Int32 = NDArray[np.int32]


def random_causal(seed: int, operators: int = 30) -> tuple[ProgramBuilder, Program]:
    """A program of random operators that ends in emit, and the builder with its tensors."""
    writer = _Writer(Random(f"causal {seed}"))
    while len(writer.shapes) <= operators:
        writer.grow()
    return writer.builder, writer.builder.program(writer.emit())


def random_rows(seed: int, program: Program) -> Int32:
    """Rows for such a program: numbers of all sizes, and for prompts tokens and orders."""
    random = np.random.default_rng(seed)
    shape = (int(random.integers(1, MAX_LENGTH + 1)), program.input.width)
    plain = random.uniform(-1, 1, shape) * 2.0 ** random.integers(0, 32, shape)
    rows = np.clip(plain, -(1 << 31), (1 << 31) - 1).astype(np.int64).astype(np.int32)
    rows[:, 0] = random.integers(-1, 12, shape[0])
    if program.input.kind is InputKind.PROMPT:
        rows[:, 1] = random.integers(0, 2, shape[0])
        rows[:, 2] = random.choice([0, 1 << 16, 1 << 25], shape[0])
        rows[:, 3] = random.choice([0, 1 << 20, (1 << 31) - 1], shape[0])
    return rows


class _Writer:
    def __init__(self, random: Random) -> None:
        self.random, self.numbers = random, np.random.default_rng(random.randrange(1 << 62))
        kind = random.choice([InputKind.PROMPT, InputKind.ROWS])
        self.builder = ProgramBuilder(InputSpec(kind, ORDER_WIDTH, MAX_LENGTH, True))
        self.shapes = self.builder.shapes
        self.attention()

    def grow(self) -> None:
        """Appends one operator that fits, sooner one that is still rare."""
        seen = [operator.op for operator in self.builder.program(1).operators]
        try:
            self.append(min(self.random.sample(_OPERATORS, 4), key=seen.count))
        except (ProgramError, IndexError):
            return

    def append(self, op: str) -> int:
        """One operator on random operands. Raises ProgramError or IndexError if none fit."""
        x, choice = self.random.randrange(len(self.shapes)), self.random.choice
        shape = self.shapes[x]
        statistic = Shape(shape.rows, shape.groups, 1)
        match op:
            case "embed_tokens":
                table = self.numbers.integers(-128, 128, (11, choice([1, 7, 70])))
                scale = self.numbers.integers(0, 1 << 20, 11).astype(np.int32)
                return self.put(op, (0,), (table.astype(np.int8), scale), scale_bits=8)
            case "embed_positions":
                return self.put(op, (), (self.ints(MAX_LENGTH, choice([1, 9]), limit=1 << 31),))
            case "add" | "multiply":
                return self.put(op, (x, self.like(shape)))
            case "concat":
                return self.put(op, (x, self.random.randrange(len(self.shapes))))
            case "slice":
                start = self.random.randrange(max(shape.width, 1))
                width = self.random.randrange(1, max(shape.width, 1) - start + 1)
                return self.put(op, (x,), start=start, width=width)
            case "centre" | "probabilities" | "mean_square":
                return self.put(op, (x, self.like(statistic)))
            case "exp":
                return self.put(op, (x, self.like(statistic)), (_EXP,))
            case "lookup":
                return self.put(op, (x,), (_GELU,), low=GELU_LOW, identity_above=choice([0, 1]))
            case "inverse_root":
                x = self.like(statistic)
                return self.put(op, (x, self.like(statistic)), epsilon=choice([0, 4611686]))
            case "scale_row":
                pair = (self.like(statistic), self.like(statistic))
                gain = self.ints(shape.width, limit=1 << 24)
                bias = self.ints(shape.width, limit=1 << 31)
                return self.put(op, (x, *pair), (gain, bias), gain_bits=choice([0, 16]))
            case "matmul":
                return self.matmul(x, self.like(Shape(shape.rows, 1, 1)))
            case "rotate":
                tables = [self.ints(MAX_LENGTH, shape.width // 2, limit=1 << 22) for _ in "cs"]
                return self.put(op, (x,), tuple(tables))
            case "causal_scores":
                return self.scores(x, self.other_heads(shape))
            case "causal_mix":
                return self.mix(self.like(Shape(Rows.SEQUENCE, choice([1, 2, 4]), SEQUENCE)), x)
            case "temper":
                return self.put(op, (x, self.order()))
            case "perturb":
                return self.put(op, (x, self.like(statistic), self.order()), (_NOISE,))
            case "emit":
                return self.emit()
            case _:
                return self.put(op, (x,))

    def attention(self) -> None:
        """Heads of queries that share heads of keys and values."""
        peak = self.put("peak", (0,))
        q, k = (self.matmul(0, peak, groups, 34) for groups in (4, 2))
        scores = self.scores(q, k)
        weights = self.put("exp", (scores, self.put("row_max", (scores,))), (_EXP,))
        self.mix(weights, k)

    def scores(self, q: int, k: int) -> int:
        inputs = (q, self.statistic(q), k, self.statistic(k))
        bits = {"row_bits": self.random.choice([6, 14]), "key_bits": self.random.choice([4, 9])}
        factor = {"factor": 23170, "factor_bits": self.random.choice([16, 30])}
        return self.put("causal_scores", inputs, **bits, **factor)

    def mix(self, weights: int, v: int) -> int:
        inputs = (weights, self.statistic(weights), v, self.statistic(v))
        return self.put("causal_mix", inputs, row_bits=self.random.choice([4, 14]))

    def matmul(self, x: int, peak: int, groups: int = 1, width: int = 9) -> int:
        shape, wide = self.shapes[x], groups * width
        weight = self.numbers.integers(-128, 128, (wide, max(1, shape.groups * shape.width)))
        scale = self.numbers.integers(0, (1 << 20) + 1, wide).astype(np.int32)
        tensors = (weight.astype(np.int8), scale, self.ints(wide, limit=1 << 31))
        bits = {"row_bits": self.random.choice([4, 12]), "scale_bits": 27}
        return self.put("matmul", (x, peak), tensors, **bits, groups=groups)

    def emit(self) -> int:
        token = self.like(Shape(Rows.SEQUENCE, 1, 1))
        stops = self.numbers.integers(-3, 12, self.random.choice([1, 3, 64])).astype(np.int32)
        return self.put("emit", (token, self.order()), (stops,))

    def order(self) -> int:
        return self.like(Shape(Rows.SEQUENCE, 1, ORDER_WIDTH))

    def statistic(self, x: int) -> int:
        """One number per row of x: a true one or any."""
        shape = Shape(Rows.SEQUENCE, self.shapes[x].groups, 1)
        if self.random.random() < 0.5 and shape in self.shapes:
            return self.like(shape)
        return self.put(self.random.choice(["peak", "row_sum"]), (x,))

    def other_heads(self, shape: Shape) -> int:
        fits = [
            i
            for i, s in enumerate(self.shapes)
            if s.width == shape.width and shape.groups % s.groups == 0
        ]
        return self.random.choice(fits)

    def put(self, op: str, inputs: tuple[int, ...], tensors: tuple[NDArray[np.generic], ...] = (),
            **attributes: int) -> int:  # fmt: skip
        return self.builder.add(op, op, inputs, tensors, **attributes)

    def like(self, shape: Shape) -> int:
        """Some value of this shape. Raises IndexError if there is none."""
        return self.random.choice([i for i, s in enumerate(self.shapes) if s == shape])

    def ints(self, *shape: int, limit: int) -> Int32:
        return self.numbers.integers(-limit, limit, shape).astype(np.int32)
