"""From the operators of a program that is not causal to the machine's instructions."""

from __future__ import annotations

from dataclasses import dataclass

from touchstone.engines.native.lowering import Lowered, Lowering
from touchstone.engines.native.machine import fields
from touchstone.engines.native.machine.fields import BODY, HEAD, SEQUENCES
from touchstone.engines.native.memory import Memory, short_pairs_within_int32
from touchstone.programs.program import Operator, Program, Rows, Shape
from touchstone.programs.rules import ACROSS_ALL, RULES
from touchstone.programs.validate import validate

WEIGHT_LIMIT = 1 << 16
"""Largest entry of a table of exp with which an attention runs as one instruction."""


@dataclass(frozen=True, slots=True)
class Attention:
    """The values of an attention that may run as one: scores and exp, and what it reads."""

    scores: int
    exp: int
    queries: int
    keys: int
    values: int


def lower_encoder(program: Program, memory: Memory, fused: bool = True) -> Lowered:
    """The instructions of a program that is not causal. Where they are `fused`, attentions are one
    instruction each, and what the output does not need is left out."""
    return EncoderLowering(program, validate(program), memory, fused).lowered()


class EncoderLowering(Lowering):
    """The side BODY has a row for each position, HEAD one for each sequence."""

    def __init__(
        self, program: Program, shapes: tuple[Shape, ...], memory: Memory, fused: bool
    ) -> None:
        super().__init__(program, shapes, memory, fused)
        self.attentions: dict[int, Attention] = {}
        for value in range(1, len(self.shapes)) if fused else ():
            found = self._attention_of(value)
            if found is not None:
                self.attentions[value] = found

    def lowered(self) -> Lowered:
        """All of the program, or as much of it as the output needs."""
        source = self.found[0, BODY] = self.room(self.program.input.width)
        written: dict[int, int] = {}
        for value in self._needed() if self.fused else range(1, len(self.shapes)):
            self.operator(value)
            written[value] = len(self.nodes)
        self.side = self._side(self.program.output)
        output = self.read(self.program.output)
        found = {value: place for (value, _), place in self.found.items()}
        return Lowered(self.nodes, self.places, source, output, written, found)

    def operator(self, value: int) -> None:
        """The instructions of the operator that writes a value."""
        operator = self.program.operators[value - 1]
        self.side = self._side(value)
        if value in self.attentions:
            self._attention(value, self.attentions[value])
        elif operator.op in ACROSS_ALL:
            self._across(value, operator)
        elif operator.op == "join":
            self.join(value, operator.inputs[0])
        elif operator.op == "matmul":
            self.matmul(value, operator)
        else:
            self.row_operator(value, operator)

    def _side(self, value: int) -> int:
        return BODY if self.shapes[value].rows is Rows.SEQUENCE else HEAD

    def _needed(self) -> list[int]:
        """Values that the output is made of, in order."""
        waiting, needed = [self.program.output], {0}
        while waiting:
            value = waiting.pop()
            if value not in needed:
                needed.add(value)
                one = self.attentions.get(value)
                inputs = self.program.operators[value - 1].inputs
                waiting += inputs if one is None else (one.queries, one.keys, one.values)
        return sorted(needed - {0})

    def _across(self, value: int, operator: Operator) -> None:
        """An operator of whole sequences."""
        reads = [self.found[operand, self._side(operand)] for operand in operator.inputs]
        columns = {}
        if operator.op == "scores":
            columns = self._scoring(operator)
        elif operator.op == "mix":
            columns = {fields.P4: operator.attributes["row_bits"]}
        like = operator.inputs[1 if operator.op == "mix" else 0]
        self._put_whole(RULES[operator.op].opcode, value, like, reads, columns)

    def _attention(self, value: int, one: Attention) -> None:
        scores, exp, mix = (self.program.operators[v - 1] for v in (one.scores, one.exp, value))
        reads = [self.found[operand, BODY] for operand in (one.queries, one.keys, one.values)]
        columns = {
            **self._scoring(scores),
            fields.P4: mix.attributes["row_bits"],
            fields.P5: self.memory.ints(exp.constants[0]),
            fields.P6: self.shapes[one.values].width,
        }
        self._put_whole(fields.ATTENTION_ACROSS, value, one.keys, reads, columns)

    def _put_whole(
        self, op: int, value: int, like: int, reads: list[int], columns: dict[int, int]
    ) -> None:
        """An instruction of whole sequences, whose groups and width are those of value `like`."""
        place, self.side = self.write(value), HEAD
        shape = self.shapes[like]
        columns |= {fields.GROUPS: shape.groups, fields.WIDTH: shape.width}
        self.put(op, SEQUENCES, reads, place, columns)

    def _scoring(self, operator: Operator) -> dict[int, int]:
        named = operator.attributes
        return {
            fields.P0: named["row_bits"],
            fields.P1: named["factor"],
            fields.P2: named["factor_bits"],
            fields.P3: short_pairs_within_int32(2 * named["row_bits"]),
        }

    def _attention_of(self, value: int) -> Attention | None:
        """The attention whose mix a value is, where each part belongs to it.

        Its peaks are those of its own queries, keys and values, and so the machine finds them
        itself; its weights are at most WEIGHT_LIMIT, as those of e^-x.
        """
        if self._op(value) != "mix":
            return None
        shares, values, top = self._inputs(value)
        if self._op(shares) != "probabilities" or not self._is_column_peak(top, values):
            return None
        exp, total = self._inputs(shares)
        if self._op(exp) != "exp" or not self._is("row_sum", total, exp):
            return None
        scores, highest = self._inputs(exp)
        if self._op(scores) != "scores" or not self._is("row_max", highest, scores):
            return None
        queries, query_peak, keys, key_peak = self._inputs(scores)
        if not self._is("peak", query_peak, queries) or not self._is("peak", key_peak, keys):
            return None
        table = self.memory.tensors[self.program.operators[exp - 1].constants[0]]
        if table.min() < 0 or table.max() > WEIGHT_LIMIT:
            return None
        return Attention(scores, exp, queries, keys, values)

    def _op(self, value: int) -> str | None:
        return self.program.operators[value - 1].op if value else None

    def _inputs(self, value: int) -> tuple[int, ...]:
        return self.program.operators[value - 1].inputs

    def _is(self, op: str, value: int, operand: int) -> bool:
        return self._op(value) == op and self._inputs(value) == (operand,)

    def _is_column_peak(self, value: int, of: int) -> bool:
        return self._op(value) == "column_max" and self._is("peak", self._inputs(value)[0], of)
