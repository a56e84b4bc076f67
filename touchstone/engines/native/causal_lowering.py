"""From the operators of a causal program to the machine's instructions."""

from __future__ import annotations

from touchstone.engines.native.fusing import Attention, fused_attentions
from touchstone.engines.native.histories import History, Key, histories_of, key_of
from touchstone.engines.native.lowering import Lowered, Lowering
from touchstone.engines.native.machine import fields
from touchstone.engines.native.machine.fields import BODY, HEAD, HEADS, ROWS
from touchstone.engines.native.memory import Memory, short_pairs_within_int32
from touchstone.programs.program import Operator, Program, Shape
from touchstone.programs.rules import RULES
from touchstone.programs.validate import validate


def body_of(program: Program) -> set[int]:
    """Values that later positions depend on: those that are looked back at, and their operands."""
    waiting = [v for operator in program.operators for v in (key_of(operator) or ())[:2]]
    body: set[int] = {0}
    while waiting:
        value = waiting.pop()
        if value not in body:
            body.add(value)
            waiting += program.operators[value - 1].inputs
    return body


def lower_causal(program: Program, memory: Memory, fused: bool = True) -> Lowered:
    """The instructions of a causal program. Where they are `fused`, attentions are one instruction
    each, and what no later position needs stands on the side HEAD."""
    return CausalLowering(program, validate(program), memory, fused).lowered()


class CausalLowering(Lowering):
    """The side BODY is that of all positions, HEAD that of those whose output is wanted."""

    def __init__(
        self, program: Program, shapes: tuple[Shape, ...], memory: Memory, fused: bool
    ) -> None:
        super().__init__(program, shapes, memory, fused)
        self.histories = histories_of(program, shapes)
        self.body = body_of(program) if fused else set(range(len(shapes)))
        self.attentions = fused_attentions(program, self.shapes) if fused else {}
        self.skipped = {v for found in self.attentions.values() for v in found.values[:-1]}
        self.output_side = HEAD if fused else BODY
        self.kept: dict[Key, int] = {}

    def lowered(self) -> Lowered:
        """All of the program."""
        source = self.found[0, BODY] = self.room(self.program.input.width)
        written: dict[int, int] = {}
        for self.side in (BODY, HEAD):
            for value in range(1, len(self.shapes)):
                if (value in self.body) == (self.side == BODY):
                    self.operator(value)
                    written[value] = len(self.nodes)
        self.side = self.output_side
        output = self.read(self.program.output)
        found = {value: place for (value, side), place in self.found.items() if side == BODY}
        return Lowered(self.nodes, self.places, source, output, written, found)

    def read(self, value: int) -> int:
        """The place of a value on this side; what stands in BODY is fetched to HEAD once."""
        if (value, self.side) not in self.found:
            shape = self.shapes[value]
            place = self.room_for(shape)
            columns = {fields.GROUPS: shape.groups, fields.WIDTH: shape.groups * shape.width}
            self.put(fields.GATHER, ROWS, (self.found[value, BODY],), place, columns)
            self.found[value, self.side] = place
        return self.found[value, self.side]

    def operator(self, value: int) -> None:
        """The instructions of the operator that writes a value."""
        operator = self.program.operators[value - 1]
        if value in self.skipped:
            return
        if operator.op == "join":
            self.join(value, operator.inputs[0])
        elif value in self.attentions:
            self._attention(value, self.attentions[value])
        elif operator.op == "matmul":
            self.matmul(value, operator)
        elif operator.op in ("causal_scores", "causal_mix"):
            self._look_back(value, operator)
        else:
            self.row_operator(value, operator)

    def _keep(self, operator: Operator) -> tuple[History, int]:
        """The history that an operator looks back at, and the node that writes it."""
        key = key_of(operator)
        assert key is not None
        history = self.histories[key]
        if key not in self.kept:
            side, self.side = self.side, BODY
            reads = (self.read(history.value), self.read(history.peak))
            columns = {
                fields.GROUPS: history.heads,
                fields.WIDTH: history.width,
                fields.P0: history.bits,
                fields.P1: history.offset,
                fields.P2: history.head_bytes,
            }
            op = fields.KEEP_KEYS if history.keys else fields.KEEP_VALUES
            self.kept[key] = self.put(op, ROWS, reads, None, columns)
            self.side = side
        return history, self.kept[key]

    def _look_back(self, value: int, operator: Operator) -> None:
        history, kept = self._keep(operator)
        reads = [self.read(operand) for operand in operator.inputs[:2]]
        heads = self.shapes[operator.inputs[0]].groups // history.heads
        columns = {fields.GROUPS: history.heads, fields.P0: heads}
        columns |= self._scoring(operator, history) if history.keys else self._mixing(history)
        op = RULES[operator.op].opcode
        self.put(op, HEADS, reads, self.write(value), columns, (kept,))

    def _attention(self, value: int, found: Attention) -> None:
        scores, exp, mix = (self.program.operators[v - 1] for v in (found.scores, found.exp, value))
        (keys, kept_keys), (values, kept_values) = self._keep(scores), self._keep(mix)
        reads = [self.read(operand) for operand in scores.inputs[:2]]
        columns = {
            fields.GROUPS: keys.heads,
            fields.P0: self.shapes[scores.inputs[0]].groups // keys.heads,
            fields.P4: self.memory.ints(exp.constants[0]),
            **self._scoring(scores, keys),
            **self._mixing(values),
        }
        after = (kept_keys, kept_values)
        self.put(fields.ATTENTION, HEADS, reads, self.write(value), columns, after)

    def _scoring(self, operator: Operator, history: History) -> dict[int, int]:
        named = operator.attributes
        block = short_pairs_within_int32(named["row_bits"] + named["key_bits"])
        settings = [named["row_bits"], named["factor"], named["factor_bits"], block]
        return {
            fields.WIDTH: history.width,
            fields.P1: history.offset,
            fields.P2: history.head_bytes,
            fields.P3: self.memory.numbers(settings),
        }

    def _mixing(self, history: History) -> dict[int, int]:
        return {
            fields.P5: history.offset,
            fields.P6: history.head_bytes,
            fields.P7: history.width,
        }
