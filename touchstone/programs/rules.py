"""What each operator reads, and the shape of what it writes: the table of the operator set.

An opcode, once given, is never given again: new operators get new numbers, so that the root of a
program never changes its meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from touchstone.errors import ProgramError
from touchstone.programs.program import (
    ORDER_WIDTH,
    SEQUENCE,
    Constant,
    Dtype,
    Operator,
    Rows,
    Shape,
)

TABLE_ENTRIES = 4097
SCALE_LIMIT = 1 << 20
GAIN_LIMIT = 1 << 24
TABLE_LIMIT = 1 << 22
ROW_BITS_LIMIT = 14
HEAD_WIDTH_LIMIT = 1 << 12
WIDTH_LIMIT = 1 << 18
"""Elements of one position of a value: room for the logits of a large vocabulary."""

DEPTH_LIMIT = 1 << 16
"""Terms of a product with weights."""

ROTATION_LIMIT = 1 << 22
STOPS_LIMIT = 64
"""Tokens at which a program stops: a referee reads all of them at once."""

INT32_LOW, INT32_HIGH = -(1 << 31), (1 << 31) - 1

Attributes = Mapping[str, int]
Infer = Callable[[Sequence[Shape], Sequence[Constant], Attributes], Shape]


@dataclass(frozen=True, slots=True)
class ConstantRule:
    """A constant an operator takes: dtype, number of axes, and the range of its elements."""

    name: str
    dtype: Dtype
    axes: int
    low: int = INT32_LOW
    high: int = INT32_HIGH


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """An integer attribute and the range it must lie in, both ends included."""

    name: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class OperatorRule:
    """An operator: its number, its operands, and how the shape of its output follows."""

    opcode: int
    inputs: int
    infer: Infer
    constants: tuple[ConstantRule, ...] = ()
    attributes: tuple[AttributeRule, ...] = ()


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ProgramError(message)


def _per_row(x: Shape) -> Shape:
    return Shape(x.rows, x.groups, 1)


def _statistic(x: Shape, statistic: Shape, name: str) -> None:
    _require(statistic == _per_row(x), f"the {name} must hold one element per row of x")


def _fixed(x: Shape) -> None:
    _require(x.width != SEQUENCE, "the row's width must not vary with the sequence")


def _same(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    return inputs[0]


def _row_reduction(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    return _per_row(inputs[0])


def _fixed_row_reduction(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    _fixed(inputs[0])
    return _per_row(inputs[0])


def _column_reduction(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    x = inputs[0]
    _fixed(x)
    _require(x.rows is Rows.SEQUENCE, "x must have a row for each position")
    return Shape(Rows.ONE, x.groups, x.width)


def _add(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    _require(inputs[0] == inputs[1], "both operands must have one shape")
    return inputs[0]


def _with_statistic(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    _statistic(inputs[0], inputs[1], "second operand")
    return inputs[0]


def _exp(inputs: Sequence[Shape], constants: Sequence[Constant], _a: Attributes) -> Shape:
    _table(constants)
    return _with_statistic(inputs, constants, _a)


def _table(constants: Sequence[Constant]) -> None:
    _require(constants[0].shape == (TABLE_ENTRIES,), f"a table has {TABLE_ENTRIES} entries")


def _lookup(inputs: Sequence[Shape], constants: Sequence[Constant], _a: Attributes) -> Shape:
    _table(constants)
    return inputs[0]


def _embed_tokens(_i: Sequence[Shape], constants: Sequence[Constant], _a: Attributes) -> Shape:
    table, scale = constants
    _require(scale.shape == table.shape[:1], "the table needs one scale per row")
    return Shape(Rows.SEQUENCE, 1, table.shape[1])


def _embed_positions(_i: Sequence[Shape], constants: Sequence[Constant], _a: Attributes) -> Shape:
    return Shape(Rows.SEQUENCE, 1, constants[0].shape[1])


def _matmul(
    inputs: Sequence[Shape], constants: Sequence[Constant], attributes: Attributes
) -> Shape:
    x, peak = inputs
    weight, scale, bias = constants
    width, groups = weight.shape[0], attributes["groups"]
    _fixed(x)
    _require(weight.shape[1] <= DEPTH_LIMIT, f"a product has at most {DEPTH_LIMIT} terms")
    _require(peak == Shape(x.rows, 1, 1), "the peak must hold one element per position")
    _require(
        x.groups * x.width == weight.shape[1],
        f"rows of {x.groups * x.width} elements do not fit weights of {weight.shape[1]}",
    )
    _require(scale.shape == bias.shape == (width,), "one scale and one bias per output channel")
    _require(width % groups == 0, f"{width} channels do not divide into {groups} groups")
    return Shape(x.rows, groups, width // groups)


def _scores(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    q, q_peak, k, k_peak = inputs
    _fixed(q)
    _require(q == k, "queries and keys must have one shape")
    _require(q.rows is Rows.SEQUENCE, "queries must have a row for each position")
    _require(q.width <= HEAD_WIDTH_LIMIT, f"a head is at most {HEAD_WIDTH_LIMIT} wide")
    _statistic(q, q_peak, "peak of the queries")
    _statistic(k, k_peak, "peak of the keys")
    return Shape(q.rows, q.groups, SEQUENCE)


def _mix(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    p, v, v_peak = inputs
    _fixed(v)
    _require(p == Shape(Rows.SEQUENCE, v.groups, SEQUENCE), "probabilities must be heads x rows")
    _require(v.rows is Rows.SEQUENCE, "values must have a row for each position")
    _require(v_peak == Shape(Rows.ONE, v.groups, 1), "the peak must hold one element per head")
    return v


def _join(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    x = inputs[0]
    _fixed(x)
    return Shape(x.rows, 1, x.groups * x.width)


def _inverse_root(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    _require(inputs[0] == inputs[1] == _per_row(inputs[0]), "operands hold one element per row")
    return inputs[0]


def _mean_square(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    _fixed(inputs[0])
    _statistic(inputs[0], inputs[1], "peak")
    return inputs[1]


def _scale_row(inputs: Sequence[Shape], constants: Sequence[Constant], _a: Attributes) -> Shape:
    x, peak, inverse = inputs
    gain, bias = constants
    _fixed(x)
    _statistic(x, peak, "peak")
    _statistic(x, inverse, "inverse")
    _require(gain.shape == bias.shape == (x.width,), "one gain and one bias per element")
    return x


def _rotate(inputs: Sequence[Shape], constants: Sequence[Constant], _a: Attributes) -> Shape:
    x, (cosines, sines) = inputs[0], constants
    _fixed(x)
    _require(cosines.shape == sines.shape, "cosines and sines must have one shape")
    _require(x.width == 2 * cosines.shape[1], "a row holds two elements for each angle")
    return x


def _causal_scores(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    q, q_peak, k, k_peak = inputs
    _fixed(q)
    _require(q.width == k.width, "queries and keys must have one width")
    _require(q.groups % k.groups == 0, "each head of the keys serves as many heads of the queries")
    _require(q.width <= HEAD_WIDTH_LIMIT, f"a head is at most {HEAD_WIDTH_LIMIT} wide")
    _statistic(q, q_peak, "peak of the queries")
    _statistic(k, k_peak, "peak of the keys")
    return Shape(q.rows, q.groups, SEQUENCE)


def _causal_mix(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    weights, total, v, v_peak = inputs
    _fixed(v)
    _require(weights.width == SEQUENCE, "the first operand must have one weight per position")
    _require(weights.groups % v.groups == 0, "each head of the values serves as many of weights")
    _statistic(weights, total, "sum of the weights")
    _statistic(v, v_peak, "peak of the values")
    return Shape(v.rows, weights.groups, v.width)


def _slice(inputs: Sequence[Shape], _c: Sequence[Constant], attributes: Attributes) -> Shape:
    x, end = inputs[0], attributes["start"] + attributes["width"]
    _fixed(x)
    _require(x.groups == 1, "rows must be joined")
    _require(end <= x.width, f"a row of {x.width} elements has none up to {end}")
    return Shape(x.rows, 1, attributes["width"])


def _concat(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    a, b = inputs
    _fixed(a)
    _fixed(b)
    _require(a.rows is b.rows, "both operands must have as many rows")
    _require(a.groups == b.groups == 1, "rows must be joined")
    return Shape(a.rows, 1, a.width + b.width)


def _ordered(x: Shape, order: Shape) -> None:
    _require(order == Shape(Rows.SEQUENCE, 1, ORDER_WIDTH), "the last operand must be the order")
    _require(x.rows is Rows.SEQUENCE, "x must have a row for each order")


def _temper(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    x, order = inputs
    _fixed(x)
    _ordered(x, order)
    _require(x.groups == 1, "rows must be joined")
    return x


def _perturb(inputs: Sequence[Shape], constants: Sequence[Constant], _a: Attributes) -> Shape:
    x, highest, order = inputs
    _table(constants)
    _fixed(x)
    _ordered(x, order)
    _require(x.groups == 1, "rows must be joined")
    _statistic(x, highest, "maximum")
    return x


def _argmax(inputs: Sequence[Shape], _c: Sequence[Constant], _a: Attributes) -> Shape:
    _fixed(inputs[0])
    return _per_row(inputs[0])


def _emit(inputs: Sequence[Shape], constants: Sequence[Constant], _a: Attributes) -> Shape:
    token, order = inputs
    stops = constants[0].shape[0]
    _require(stops <= STOPS_LIMIT, f"there may be {STOPS_LIMIT} stops at most, not {stops}")
    _require(token == Shape(Rows.SEQUENCE, 1, 1), "there must be one token per position")
    _ordered(token, order)
    return token


_SCALE = ConstantRule("scale", "int32", 1, 0, SCALE_LIMIT)
_TABLE = ConstantRule("table", "int32", 1, -TABLE_LIMIT, TABLE_LIMIT)
_ROW_BITS = AttributeRule("row_bits", 4, ROW_BITS_LIMIT)

RULES: Mapping[str, OperatorRule] = {
    "embed_tokens": OperatorRule(
        1,
        1,
        _embed_tokens,
        (ConstantRule("table", "int8", 2, -128, 127), _SCALE),
        (AttributeRule("scale_bits", 1, 40),),
    ),
    "embed_positions": OperatorRule(2, 0, _embed_positions, (ConstantRule("table", "int32", 2),)),
    "add": OperatorRule(3, 2, _add),
    "peak": OperatorRule(4, 1, _row_reduction),
    "row_max": OperatorRule(5, 1, _row_reduction),
    "row_sum": OperatorRule(6, 1, _row_reduction),
    "row_mean": OperatorRule(7, 1, _fixed_row_reduction),
    "column_max": OperatorRule(8, 1, _column_reduction),
    "column_mean": OperatorRule(9, 1, _column_reduction),
    "centre": OperatorRule(10, 2, _with_statistic),
    "lookup": OperatorRule(
        11,
        1,
        _lookup,
        (_TABLE,),
        (AttributeRule("low", -(1 << 24), 1 << 24), AttributeRule("identity_above", 0, 1)),
    ),
    "matmul": OperatorRule(
        12,
        2,
        _matmul,
        (ConstantRule("weight", "int8", 2, -128, 127), _SCALE, ConstantRule("bias", "int32", 1)),
        (_ROW_BITS, AttributeRule("scale_bits", 18, 40), AttributeRule("groups", 1, WIDTH_LIMIT)),
    ),
    "scores": OperatorRule(
        13,
        4,
        _scores,
        (),
        (_ROW_BITS, AttributeRule("factor", 0, 1 << 16), AttributeRule("factor_bits", 16, 30)),
    ),
    "exp": OperatorRule(14, 2, _exp, (_TABLE,)),
    "probabilities": OperatorRule(15, 2, _with_statistic),
    "mix": OperatorRule(16, 3, _mix, (), (_ROW_BITS,)),
    "mean_square": OperatorRule(17, 2, _mean_square),
    "inverse_root": OperatorRule(18, 2, _inverse_root, (), (AttributeRule("epsilon", 0, 1 << 60),)),
    "scale_row": OperatorRule(
        19,
        3,
        _scale_row,
        (
            ConstantRule("gain", "int32", 1, -GAIN_LIMIT, GAIN_LIMIT),
            ConstantRule("bias", "int32", 1),
        ),
        (AttributeRule("gain_bits", 0, 24),),
    ),
    "join": OperatorRule(20, 1, _join),
    "rotate": OperatorRule(
        21,
        1,
        _rotate,
        (
            ConstantRule("cosines", "int32", 2, -ROTATION_LIMIT, ROTATION_LIMIT),
            ConstantRule("sines", "int32", 2, -ROTATION_LIMIT, ROTATION_LIMIT),
        ),
    ),
    "multiply": OperatorRule(22, 2, _add),
    "causal_scores": OperatorRule(
        23,
        4,
        _causal_scores,
        (),
        (
            _ROW_BITS,
            AttributeRule("key_bits", 4, ROW_BITS_LIMIT),
            AttributeRule("factor", 0, 1 << 16),
            AttributeRule("factor_bits", 16, 30),
        ),
    ),
    "causal_mix": OperatorRule(24, 4, _causal_mix, (), (_ROW_BITS,)),
    "slice": OperatorRule(
        25,
        1,
        _slice,
        (),
        (AttributeRule("start", 0, WIDTH_LIMIT), AttributeRule("width", 1, WIDTH_LIMIT)),
    ),
    "concat": OperatorRule(26, 2, _concat),
    "temper": OperatorRule(27, 2, _temper),
    "perturb": OperatorRule(28, 3, _perturb, (_TABLE,)),
    "argmax": OperatorRule(29, 1, _argmax),
    "emit": OperatorRule(30, 2, _emit, (ConstantRule("stops", "int32", 1),)),
}

CAUSAL_ONLY = frozenset({"rotate", "causal_scores", "causal_mix", "perturb", "emit"})
"""Operators of causal programs alone: they look back, or at the number of their position."""

ACROSS_ALL = frozenset({"scores", "mix", "column_max", "column_mean"})
"""Operators that look at all positions, which no causal program can."""

POSITION_TABLES = frozenset({"embed_positions", "rotate"})
"""Operators whose constants have a row for each position."""


def rule_of(operator: Operator) -> OperatorRule:
    """The rule of an operator. Raises ProgramError for an unknown one."""
    try:
        return RULES[operator.op]
    except KeyError:
        known = ", ".join(RULES)
        raise ProgramError(f"unknown operator {operator.op!r}; known: {known}") from None
