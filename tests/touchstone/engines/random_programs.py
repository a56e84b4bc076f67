"""Random valid programs over rows, with operands that need not belong together."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from touchstone.arithmetic.tables import GELU_LOW, exp_table, gelu_table
from touchstone.errors import ProgramError
from touchstone.programs import (
    SEQUENCE,
    InputKind,
    InputSpec,
    Manifest,
    Model,
    Rows,
    Shape,
    program_root,
)
from touchstone.programs.builder import ProgramBuilder
from touchstone.programs.program import ORDER_WIDTH

MAX_LENGTH = 40
_EXP, _GELU = exp_table(), gelu_table()
Int32 = NDArray[np.int32]
ORDER = Shape(Rows.SEQUENCE, 1, ORDER_WIDTH)

OPERATORS = (
    *("add", "centre", "lookup", "matmul", "scores", "exp", "probabilities", "mix", "peak"),
    *("row_max", "row_sum", "row_mean", "column_max", "column_mean", "join", "mean_square"),
    *("inverse_root", "scale_row", "scale_row", "matmul", "peak", "multiply", "slice", "concat"),
    *("argmax", "temper"),
)


def random_model(seed: int, operators: int = 14) -> Model:
    """A model of random operators; every value but the last feeds into some or nothing."""
    random = Random(seed)
    width = random.choice([1, 3, ORDER_WIDTH, 20])
    return model_of(Writer(random, InputSpec(InputKind.ROWS, width, MAX_LENGTH)), operators)


def model_of(writer: Writer, operators: int) -> Model:
    """A model of what the writer writes."""
    while len(writer.shapes) <= operators:
        writer.grow()
    return built(writer.builder, writer.finish())


def built(builder: ProgramBuilder, output: int) -> Model:
    """The model of a builder's program."""
    program = builder.program(output)
    root, longest = program_root(program), program.input.max_length
    width = builder.shapes[output].width
    manifest = Manifest("random", "1", root, root, (), (), root, longest, 1, width, 16)
    return Model(manifest, program, builder.tensors, Path())


def random_batch(model: Model, seed: int, count: int) -> list[Int32]:
    """Sequences of random lengths holding small numbers, huge ones and extremes."""
    random = np.random.default_rng(seed)
    width = model.program.input.width
    return [rows(random, int(random.integers(1, MAX_LENGTH + 1)), width) for _ in range(count)]


def rows(random: np.random.Generator, length: int, width: int) -> Int32:
    bits = random.integers(0, 32, (length, 1))
    values = random.uniform(-1, 1, (length, width)) * 2.0**bits
    edges = random.choice([-(1 << 31), (1 << 31) - 1, 0], (length, width))
    chosen = np.where(random.random((length, width)) < 0.05, edges, values)
    return np.clip(chosen, -(1 << 31), (1 << 31) - 1).astype(np.int64).astype(np.int32)


class Writer:
    """Appends random operators that fit what is there."""

    choices = OPERATORS

    def __init__(self, random: Random, spec: InputSpec) -> None:
        self.random = random
        self.builder = ProgramBuilder(spec)
        self.shapes = self.builder.shapes

    def grow(self) -> None:
        """Appends one operator that fits, or a whole attention."""
        if self.random.random() < 0.15:
            self.attention()
            return
        op = self.random.choice(self.choices)
        try:
            self.append(op)
        except (ProgramError, IndexError):
            return

    def append(self, op: str) -> int:
        """One operator on random operands. Raises ProgramError or IndexError if none fit."""
        x = self.random.randrange(len(self.shapes))
        shape = self.shapes[x]
        statistic = Shape(shape.rows, shape.groups, 1)
        match op:
            case "add" | "multiply":
                return self.put(op, (x, self.like(shape)))
            case "slice":
                start = self.random.randrange(max(1, shape.width))
                width = self.random.randint(1, max(1, shape.width - start))
                return self.put(op, (x,), start=start, width=width)
            case "concat":
                other = self.random.choice([i for i, s in enumerate(self.shapes) if s.groups == 1])
                return self.put(op, (x, other))
            case "temper":
                return self.put(op, (x, self.like(ORDER)))
            case "centre" | "probabilities" | "mean_square":
                return self.put(op, (x, self.like(statistic)))
            case "exp":
                return self.put(op, (x, self.like(statistic)), (_EXP,))
            case "lookup":
                above = self.random.randrange(2)
                return self.put(op, (x,), (_GELU,), low=GELU_LOW, identity_above=above)
            case "inverse_root":
                x = self.like(statistic)
                epsilon = self.random.choice([0, 4611686, 1 << 60])
                return self.put(op, (x, self.like(statistic)), epsilon=epsilon)
            case "scale_row":
                pair = (self.like(statistic), self.like(statistic))
                gain, bias = self.ints(shape.width, 1 << 24), self.ints(shape.width, 1 << 31)
                bits = self.random.randrange(25)
                return self.put(op, (x, *pair), (gain, bias), gain_bits=bits)
            case "matmul":
                return self.matmul(x, self.like(Shape(shape.rows, 1, 1)))
            case "scores":
                k, tops = self.like(shape), (self.like(statistic), self.like(statistic))
                return self.scores(x, tops[0], k, tops[1])
            case "mix":
                p = self.like(Shape(Rows.SEQUENCE, shape.groups, SEQUENCE))
                return self.put(
                    op, (p, x, self.like(Shape(Rows.ONE, shape.groups, 1))), row_bits=14
                )
            case _:
                return self.put(op, (x,))

    def attention(self) -> None:
        """The chain that the torch engine runs as one."""
        plain = [i for i, s in enumerate(self.shapes) if s.rows is Rows.SEQUENCE and s.width]
        x = self.random.choice(plain)
        scores = self.scores(x, self.put("peak", (x,)), x, self.put("peak", (x,)))
        weights = self.put("exp", (scores, self.put("row_max", (scores,))), (_EXP,))
        shares = self.put("probabilities", (weights, self.put("row_sum", (weights,))))
        top = self.put("column_max", (self.put("peak", (x,)),))
        self.put("mix", (shares, x, top), row_bits=self.random.choice([6, 14]))

    def matmul(self, x: int, peak: int) -> int:
        shape, groups = self.shapes[x], self.random.choice([1, 2])
        wide = groups * self.random.choice([1, 5, 9])
        random = np.random.default_rng(self.random.randrange(1 << 30))
        weight = random.integers(-128, 128, (wide, max(1, shape.groups * shape.width)))
        scale = random.integers(0, (1 << 20) + 1, wide).astype(np.int32)
        bits, scale_bits = self.random.choice([4, 10, 12, 14]), self.random.choice([18, 27, 40])
        tensors = (weight.astype(np.int8), scale, self.ints(wide, 1 << 31))
        return self.put(
            "matmul", (x, peak), tensors, row_bits=bits, scale_bits=scale_bits, groups=groups
        )

    def scores(self, q: int, q_peak: int, k: int, k_peak: int) -> int:
        bits, factor = self.random.choice([6, 14]), self.random.choice([1, 23170, 65536])
        factor_bits = self.random.choice([16, 17, 30])
        return self.put(
            "scores", (q, q_peak, k, k_peak), row_bits=bits, factor=factor, factor_bits=factor_bits
        )

    def put(self, op: str, inputs: tuple[int, ...], tensors: tuple[Int32, ...] = (),
            **attributes: int) -> int:  # fmt: skip
        return self.builder.add(op, op, inputs, tensors, **attributes)

    def like(self, shape: Shape) -> int:
        """Some value of this shape. Raises IndexError if there is none."""
        return self.random.choice([i for i, s in enumerate(self.shapes) if s == shape])

    def ints(self, count: int, limit: int) -> Int32:
        random = np.random.default_rng(self.random.randrange(1 << 30))
        return random.integers(-limit, limit, count).astype(np.int32)

    def finish(self) -> int:
        """The last value that can be the output."""
        choices = [i for i, s in enumerate(self.shapes) if i and s.groups == 1 and s.width]
        return choices[-1] if choices else self.put("join", (0,))
