"""Whether a program is well formed: operands, shapes, ranges. Nothing here takes memory."""

from __future__ import annotations

from collections.abc import Sequence

from touchstone.errors import ProgramError
from touchstone.programs.program import (
    DTYPE_BYTES,
    ORDER_WIDTH,
    SEQUENCE,
    Constant,
    InputKind,
    InputSpec,
    Operator,
    Program,
    Rows,
    Shape,
)
from touchstone.programs.rules import (
    ACROSS_ALL,
    CAUSAL_ONLY,
    POSITION_TABLES,
    WIDTH_LIMIT,
    ConstantRule,
    OperatorRule,
    rule_of,
)

LENGTH_LIMIT = (1 << 15) - 1
"""Positions of a sequence: keeps a row of exp values, each up to 2^16, below 2^31."""

OPERATOR_LIMIT = 1 << 16
LABEL_LIMIT = 64
CONSTANT_LIMIT = 1 << 36
"""Bytes of one constant."""


def validate(program: Program) -> tuple[Shape, ...]:
    """Shapes of all values, the input first. Raises ProgramError naming the operator at fault."""
    _check_input(program)
    if not 1 <= len(program.operators) <= OPERATOR_LIMIT:
        raise ProgramError(f"a program has 1 to {OPERATOR_LIMIT} operators")
    shapes = [program.input.shape]
    for index, operator in enumerate(program.operators):
        try:
            shapes.append(shape_after(program.input, operator, shapes))
        except ProgramError as error:
            name = f"operator {index} ({operator.op} {operator.label!r})"
            raise ProgramError(f"{name}: {error}") from None
    if not 1 <= program.output < len(shapes):
        raise ProgramError(f"the output must be a value from 1 to {len(shapes) - 1}")
    if shapes[program.output].groups != 1 or shapes[program.output].width == SEQUENCE:
        raise ProgramError("the output must have joined rows (one group) of a fixed width")
    prompted = program.input.kind is InputKind.PROMPT
    if prompted and program.operators[program.output - 1].op != "emit":
        raise ProgramError("a program that reads a prompt must end in emit")
    return tuple(shapes)


def _check_input(program: Program) -> None:
    spec = program.input
    if not 1 <= spec.max_length <= LENGTH_LIMIT:
        raise ProgramError(f"the greatest length must be from 1 to {LENGTH_LIMIT}")
    if not 1 <= spec.width <= WIDTH_LIMIT:
        raise ProgramError(f"the input's width must be from 1 to {WIDTH_LIMIT}")
    if spec.kind is InputKind.TOKENS and spec.width != 1:
        raise ProgramError("a token input has width 1")
    if spec.kind is InputKind.PROMPT and (spec.width != ORDER_WIDTH or not spec.causal):
        raise ProgramError(f"a prompt has width {ORDER_WIDTH}, and its program is causal")


def shape_after(spec: InputSpec, operator: Operator, shapes: Sequence[Shape]) -> Shape:
    """Shape of what `operator` writes after values of these shapes. Raises ProgramError."""
    rule = rule_of(operator)
    _check_label(operator.label)
    _check_operands(spec, operator, rule, len(shapes))
    _check_constants(operator, rule)
    _check_attributes(operator, rule)
    length = spec.max_length
    if operator.op in POSITION_TABLES and operator.constants[0].shape[0] < length:
        raise ProgramError("the table has fewer rows than the greatest length")
    if operator.op in (ACROSS_ALL if spec.causal else CAUSAL_ONLY):
        kind = "a causal program" if spec.causal else "a program that is not causal"
        raise ProgramError(f"{kind} has no such operator")
    shape = rule.infer(
        [shapes[i] for i in operator.inputs], operator.constants, operator.attributes
    )
    if spec.causal and shape.rows is not Rows.SEQUENCE:
        raise ProgramError("a causal program has a row for each position")
    if shape.groups * max(shape.width, 1) > WIDTH_LIMIT:
        raise ProgramError(f"a row of the output has more than {WIDTH_LIMIT} elements")
    return shape


def _check_label(label: str) -> None:
    if len(label) > LABEL_LIMIT or not all(" " <= character <= "~" for character in label):
        raise ProgramError(f"a label is at most {LABEL_LIMIT} printable ASCII characters")


def _check_operands(spec: InputSpec, operator: Operator, rule: OperatorRule, defined: int) -> None:
    if len(operator.inputs) != rule.inputs:
        raise ProgramError(f"takes {rule.inputs} operands, has {len(operator.inputs)}")
    for operand in operator.inputs:
        if not 0 <= operand < defined:
            raise ProgramError(f"operand {operand} is not an earlier value (0 to {defined - 1})")
        embeds = operator.op == "embed_tokens"
        if operand == 0 and spec.kind is InputKind.TOKENS and not embeds:
            raise ProgramError("tokens are read by embed_tokens, and by nothing else")
        if embeds and operand != 0:
            raise ProgramError("embed_tokens reads the input, and nothing else")
        if embeds and spec.width != 1 and not spec.causal:
            raise ProgramError(f"embed_tokens reads tokens, not rows of {spec.width} elements")


def _check_constants(operator: Operator, rule: OperatorRule) -> None:
    if len(operator.constants) != len(rule.constants):
        raise ProgramError(f"takes {len(rule.constants)} constants, has {len(operator.constants)}")
    for constant, wanted in zip(operator.constants, rule.constants, strict=True):
        _check_constant(constant, wanted)


def _check_constant(constant: Constant, wanted: ConstantRule) -> None:
    if constant.dtype not in DTYPE_BYTES or constant.dtype != wanted.dtype:
        raise ProgramError(f"{wanted.name} must be {wanted.dtype}, is {constant.dtype}")
    if len(constant.shape) != wanted.axes or min(constant.shape) < 1:
        raise ProgramError(f"{wanted.name} must have {wanted.axes} axes of at least one element")
    if max(constant.shape) >= 1 << 31 or constant.nbytes > CONSTANT_LIMIT:
        raise ProgramError(f"{wanted.name} is larger than {CONSTANT_LIMIT} bytes")
    if len(constant.root) != 32:
        raise ProgramError(f"the root of {wanted.name} is not 32 bytes")


def _check_attributes(operator: Operator, rule: OperatorRule) -> None:
    wanted = {attribute.name for attribute in rule.attributes}
    if operator.attributes.keys() != wanted:
        raise ProgramError(f"takes the attributes {sorted(wanted)}")
    for attribute in rule.attributes:
        value = operator.attributes[attribute.name]
        if type(value) is not int or not attribute.low <= value <= attribute.high:
            raise ProgramError(
                f"{attribute.name} must be an integer from {attribute.low} to {attribute.high}"
            )
