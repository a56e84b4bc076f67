"""A program cut into steps that the torch engine runs one after the other.

A step is either a segment, a run of operators that read and write single rows only, which is run
over blocks of rows so that everything between its operators stays in the processor's cache; or one
operator (or one whole attention) that looks across rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from touchstone.programs.program import SEQUENCE, Operator, Program, Rows, Shape
from touchstone.programs.validate import validate

ATTENTION = ("scores", "row_max", "exp", "row_sum", "probabilities", "mix")
_ACROSS_ROWS = {"scores", "mix", "column_max", "column_mean"}


@dataclass(frozen=True, slots=True)
class Step:
    """Operators run together, by their value numbers, and the values that must outlive the step.

    `rows` is the row kind of a segment, None for a step across rows. `attention` marks the six
    operators of an attention that run as one. `drop` lists values that nobody reads any more.
    """

    values: tuple[int, ...]
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    rows: Rows | None
    attention: bool
    drop: tuple[int, ...]


def make_plan(program: Program, fused: bool = True) -> tuple[Step, ...]:
    """The steps of a program, in order; one for each operator where they are not `fused`."""
    shapes = validate(program)
    readers = _readers(program)
    attentions = _attentions(program, readers) if fused else {}
    inside = {value for chain in attentions.values() for value in chain[:-1]}
    groups: list[tuple[tuple[int, ...], Rows | None, bool]] = []
    for value in range(1, len(shapes)):
        if value in inside:
            continue
        if value in attentions:
            groups.append((attentions[value], None, True))
            continue
        kind = _segment_kind(program, shapes, value)
        if fused and kind is not None and groups and groups[-1][1] is kind:
            groups[-1] = ((*groups[-1][0], value), kind, False)
        else:
            groups.append(((value,), kind, False))
    return tuple(_step(program, readers, group, groups[i + 1 :]) for i, group in enumerate(groups))


def operator_of(program: Program, value: int) -> Operator:
    """The operator that writes a value."""
    return program.operators[value - 1]


def own_peak(program: Program, x: int, peak: int) -> bool:
    """Whether value `peak` is the peak of the rows of value `x`."""
    if peak == 0:
        return False
    operator = operator_of(program, peak)
    return operator.op == "peak" and operator.inputs == (x,)


def _readers(program: Program) -> dict[int, set[int]]:
    readers: dict[int, set[int]] = {value: set() for value in range(len(program.operators) + 1)}
    for value, operator in enumerate(program.operators, start=1):
        for operand in operator.inputs:
            readers[operand].add(value)
    return readers


def _segment_kind(program: Program, shapes: Sequence[Shape], value: int) -> Rows | None:
    """The row kind of an operator that works row by row; None for one that does not."""
    operator = operator_of(program, value)
    touched = [shapes[value], *(shapes[operand] for operand in operator.inputs)]
    if operator.op in _ACROSS_ROWS or any(shape.width == SEQUENCE for shape in touched):
        return None
    return shapes[value].rows


def _attentions(program: Program, readers: dict[int, set[int]]) -> dict[int, tuple[int, ...]]:
    """Chains of the six operators that nothing else looks into, by the value of their mix."""
    found: dict[int, tuple[int, ...]] = {}
    for value, operator in enumerate(program.operators, start=1):
        if operator.op != "mix":
            continue
        shares = operator.inputs[0]
        if shares == 0 or operator_of(program, shares).op != "probabilities":
            continue
        weights, total = operator_of(program, shares).inputs
        if total == 0 or weights == 0 or operator_of(program, weights).op != "exp":
            continue
        scores, highest = operator_of(program, weights).inputs
        chain = (scores, highest, weights, total, shares, value)
        if 0 in chain or tuple(operator_of(program, v).op for v in chain) != ATTENTION:
            continue
        wired = (
            operator_of(program, highest).inputs == (scores,)
            and operator_of(program, total).inputs == (weights,)
            and all(readers[v] <= set(chain) and v != program.output for v in chain[:-1])
        )
        if wired:
            found[value] = chain
    return found


def _step(
    program: Program,
    readers: dict[int, set[int]],
    group: tuple[tuple[int, ...], Rows | None, bool],
    later: Sequence[tuple[tuple[int, ...], Rows | None, bool]],
) -> Step:
    values, rows, attention = group
    inside = set(values)
    after = {value for other in later for value in other[0]}
    reads = dict.fromkeys(
        operand
        for value in values
        for operand in operator_of(program, value).inputs
        if operand not in inside
    )
    writes = tuple(v for v in values if readers[v] & after or v == program.output)
    drop = tuple(v for v in reads if not readers[v] & after and v != program.output)
    return Step(values, tuple(reads), writes, rows, attention, drop)
