"""Attentions that can run as one: scores, softmax and mix whose inner values nobody else reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from touchstone.programs.program import Program, Shape

_CHAIN = ("causal_scores", "row_max", "exp", "row_sum", "causal_mix")


@dataclass(frozen=True, slots=True)
class Attention:
    """The values of one attention: scores, their maximum, weights, their sum, and the mix."""

    scores: int
    maximum: int
    exp: int
    total: int
    mix: int

    @property
    def values(self) -> tuple[int, ...]:
        """All of them, the mix last."""
        return self.scores, self.maximum, self.exp, self.total, self.mix


def fused_attentions(program: Program, shapes: Sequence[Shape]) -> dict[int, Attention]:
    """The attentions of a program by the number of their mix."""
    readers: dict[int, set[int]] = {}
    for value, operator in enumerate(program.operators, start=1):
        for operand in operator.inputs:
            readers.setdefault(operand, set()).add(value)
    found = {}
    for value in range(1, len(shapes)):
        attention = _chain(program, value)
        if attention is not None and _is_one(attention, program, shapes, readers):
            found[value] = attention
    return found


def _chain(program: Program, value: int) -> Attention | None:
    """The values that are an attention if `value` is its mix, their operators in place."""
    mix = program.operators[value - 1]
    if mix.op != "causal_mix" or 0 in mix.inputs[:2]:
        return None
    exp, total = mix.inputs[:2]
    if program.operators[exp - 1].op != "exp":
        return None
    scores, maximum = program.operators[exp - 1].inputs
    found = Attention(scores, maximum, exp, total, value)
    if 0 in found.values or tuple(program.operators[v - 1].op for v in found.values) != _CHAIN:
        return None
    linked = (
        program.operators[maximum - 1].inputs == (scores,)
        and program.operators[total - 1].inputs == (exp,)
        and total not in mix.inputs[2:]
    )
    return found if linked else None


def _is_one(
    found: Attention, program: Program, shapes: Sequence[Shape], readers: dict[int, set[int]]
) -> bool:
    """Whether nothing else reads its inner values, and keys and values have as many heads."""
    users = {
        found.scores: {found.maximum, found.exp},
        found.maximum: {found.exp},
        found.exp: {found.total, found.mix},
        found.total: {found.mix},
    }
    keys = program.operators[found.scores - 1].inputs[2]
    values = program.operators[found.mix - 1].inputs[2]
    return shapes[keys].groups == shapes[values].groups and all(
        readers[value] == own and value != program.output for value, own in users.items()
    )
