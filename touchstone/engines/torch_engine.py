"""The torch engine: whole batches, exact kernels, the same bytes as the reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from touchstone.engines import squares, torch_rows
from touchstone.engines.chooser import Chooser
from touchstone.engines.columns import column_max, column_mean, dense_table
from touchstone.engines.interface import Int32, check_batch
from touchstone.engines.kernels import Kernel, all_kernels
from touchstone.engines.linear_layer import LinearLayer
from touchstone.engines.packing import Packing, pack
from touchstone.engines.plan import Step, make_plan, operator_of, own_peak
from touchstone.engines.selftest import passing
from touchstone.engines.torch_attention import Heads, attend
from touchstone.engines.torch_rounding import rounded, to_int32
from touchstone.engines.torch_rows import FLOAT64_LIMIT
from touchstone.errors import KernelError
from touchstone.programs.model import Model
from touchstone.programs.program import Constant, Operator, Rows
from touchstone.programs.rules import ROW_BITS_LIMIT
from touchstone.programs.validate import validate

BLOCK_ROWS = 256
"""Rows of a segment computed at a time on a processor."""

DEVICE_BLOCK_ROWS = 1 << 16
"""The same on an accelerator."""

BATCH_ROWS = 1 << 14
"""Rows packed together at most; longer batches run in parts."""

Value = Tensor | list[Tensor]


@dataclass(frozen=True, slots=True)
class Block:
    """Rows being computed: the token or row input, positions, and narrowed rows seen so far."""

    positions: Tensor
    narrowed: dict[tuple[int, int, int], tuple[Tensor, Tensor]]


class TorchEngine:
    """Runs a model with torch on a processor or a CUDA device.

    `threads`: torch's thread count for the whole process, unchanged if None. `kernels`: the kernels
    to choose from; each must pass the self-test. Raises KernelError if none does or the device is
    not there.
    """

    def __init__(
        self,
        model: Model,
        device: str = "cpu",
        threads: int | None = None,
        kernels: Sequence[Kernel] | None = None,
    ) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self._device = torch.device(device)
        if self._device.type == "cuda" and not torch.cuda.is_available():
            raise KernelError("device 'cuda' was asked for, but torch finds none; use 'cpu'")
        self._program = model.program
        self._shapes = validate(model.program)
        self._plan = make_plan(model.program)
        self._unfused = make_plan(model.program, fused=False)
        good, self._words = passing(kernels or all_kernels(), self._device, ROW_BITS_LIMIT)
        self._chooser = Chooser(good, self._device)
        self._load(model)

    def _load(self, model: Model) -> None:
        self._constants: dict[Constant, Tensor] = {
            constant: torch.tensor(tensor).to(self._device)
            for constant, tensor in model.tensors.items()
        }
        self._real = {
            constant: tensor.to(torch.float64)
            for constant, tensor in self._constants.items()
            if tensor.dtype == torch.int32 and tensor.ndim == 1
        }
        self._layers: dict[int, LinearLayer] = {}
        self._dense: dict[tuple[str, Constant], Tensor] = {}
        self._epsilons: dict[int, Tensor] = {}
        for value, operator in enumerate(self._program.operators, start=1):
            attributes = operator.attributes
            if operator.op == "matmul":
                weight, scale, bias = (self._constants[c] for c in operator.constants)
                self._layers[value] = LinearLayer(
                    self._chooser, weight, scale, bias,
                    attributes["row_bits"], attributes["scale_bits"],
                )  # fmt: skip
            elif operator.op in ("lookup", "exp"):
                key = (operator.op, operator.constants[0])
                if key not in self._dense:
                    table = model.tensors[operator.constants[0]]
                    beyond = 0 if operator.op == "exp" else int(table[-1])
                    self._dense[key] = dense_table(table, beyond, self._device)
            elif operator.op == "inverse_root":
                self._epsilons[value] = torch_rows.epsilon_table(
                    attributes["epsilon"], self._device
                )

    def report(self) -> dict[str, Any]:
        """What runs where: device, threads, a word on each kernel, the ranking by shape class."""
        return {
            "device": str(self._device),
            "threads": torch.get_num_threads(),
            "kernels": dict(self._words),
            "chosen": {
                f"{n}x{k} rows {bits} bits, {'few' if few else 'many'} rows": ranking[0].name
                for (n, k, bits, few), ranking in self._chooser.rankings.items()
            },
        }

    def run(self, batch: Sequence[Int32]) -> list[Int32]:
        """See Engine.run. Raises InputError for a sequence that does not fit."""
        checked = check_batch(self._program, batch)
        outputs: list[Int32] = []
        start = 0
        while start < len(checked):
            end, rows = start, 0
            while end < len(checked) and (end == start or rows + len(checked[end]) <= BATCH_ROWS):
                rows += len(checked[end])
                end += 1
            outputs += self._run_packed(checked[start:end])
            start = end
        return outputs

    @torch.inference_mode()
    def _run_packed(self, sequences: Sequence[Int32]) -> list[Int32]:
        packing = pack([len(sequence) for sequence in sequences], self._device)
        packed = torch.from_numpy(np.concatenate(sequences)).to(self._device)
        values: dict[int, Value] = {0: packed}
        for step in self._plan:
            self._run_step(step, values, packing)
            for value in step.drop:
                del values[value]
        output = values[self._program.output]
        assert isinstance(output, Tensor)
        rows = output[:, 0].cpu().numpy()
        if self._shapes[self._program.output].rows is Rows.ONE:
            return [row.copy() for row in rows]
        ends = np.cumsum([len(sequence) for sequence in sequences])
        return [part.copy() for part in np.split(rows, ends[:-1])]

    def replay(self, sequence: Int32) -> Iterator[tuple[int, Int32]]:
        """Every value of the program for one sequence, in order, the input first: its number and
        its elements, int32 [rows, groups, width]. Values that no later operator reads are let go.

        Raises InputError for a sequence that does not fit.
        """
        (checked,) = check_batch(self._program, [sequence])
        packing = pack([len(checked)], self._device)
        values: dict[int, Value] = {0: torch.from_numpy(checked).to(self._device)}
        yield 0, checked
        for step in self._unfused:
            (value,) = step.values
            with torch.inference_mode():
                self._run_step(step, values, packing)
                found = values[value]
                # A square stands alone in its bucket: [1, heads, rows, rows].
                one = found[0][0].transpose(0, 1) if isinstance(found, list) else found
                elements: Int32 = one.cpu().numpy()
            yield value, elements
            for done in step.drop:
                del values[done]

    def _run_step(self, step: Step, values: dict[int, Value], packing: Packing) -> None:
        if step.rows is not None:
            self._run_segment(step, values, packing)
        elif step.attention:
            values[step.values[-1]] = self._attention(step, values, packing)
        else:
            (value,) = step.values
            values[value] = self._across(value, values, packing)

    def _run_segment(self, step: Step, values: dict[int, Value], packing: Packing) -> None:
        """Runs row-local operators block by block of rows."""
        whole = step.rows is Rows.SEQUENCE
        total = packing.rows if whole else packing.count
        limit = BLOCK_ROWS if self._device.type == "cpu" else DEVICE_BLOCK_ROWS
        parts: dict[int, list[Tensor]] = {value: [] for value in step.writes}
        for start in range(0, total, limit):
            rows = slice(start, start + limit)
            local: dict[int, Tensor] = {}
            for value in step.reads:
                operand = values[value]
                assert isinstance(operand, Tensor)
                local[value] = operand[rows]
            block = Block(packing.position_of[rows], {})
            for value in step.values:
                local[value] = self._row_operator(value, local, block)
            for value in step.writes:
                parts[value].append(local[value])
        for value, pieces in parts.items():
            values[value] = pieces[0] if len(pieces) == 1 else torch.cat(pieces)

    def _row_operator(self, value: int, local: dict[int, Tensor], block: Block) -> Tensor:
        operator = operator_of(self._program, value)
        operands: list[Any] = [local[operand] for operand in operator.inputs]
        match operator.op:
            case "embed_tokens":
                return self._embed(operator, operands[0])
            case "embed_positions":
                table = self._constants[operator.constants[0]]
                return table.index_select(0, block.positions)[:, None, :]
            case "matmul":
                return self._matmul(value, operator, local, block)
            case "mean_square":
                return torch_rows.mean_square(operands[0], operands[1], self._own(operator))
            case "inverse_root":
                square, peak = operands
                return torch_rows.inverse_root(square, peak, self._epsilons[value])
            case "scale_row":
                gain, bias = (self._real[constant] for constant in operator.constants)
                bits = operator.attributes["gain_bits"]
                own = self._own(operator)
                x, peak, inverse = operands
                return torch_rows.scale_row(x, peak, inverse, gain, bias, bits, own)
            case "join":
                joined: Tensor = operands[0].reshape(len(operands[0]), 1, -1)
                return joined
            case "slice":
                start, width = operator.attributes["start"], operator.attributes["width"]
                return operands[0].narrow(2, start, width).contiguous()  # type: ignore[no-any-return]
            case "concat":
                return torch.cat(operands, dim=2)
            case "temper":
                return torch_rows.temper(*operands)
            case "argmax":
                return torch_rows.argmax(*operands)
            case _:
                return self._pointwise(operator, operands)

    def _pointwise(self, operator: Operator, operands: list[Any]) -> Tensor:
        """Operators that work on rows and on squares alike."""
        match operator.op:
            case "add":
                return torch_rows.add(*operands)
            case "multiply":
                return torch_rows.multiply(*operands)
            case "centre":
                return torch_rows.centre(*operands)
            case "peak":
                return torch_rows.peak(*operands)
            case "row_max":
                return torch_rows.row_max(*operands)
            case "row_sum":
                return torch_rows.row_sum(*operands)
            case "row_mean":
                return torch_rows.row_mean(*operands)
            case "lookup":
                low = operator.attributes["low"]
                identity = bool(operator.attributes["identity_above"])
                dense = self._dense["lookup", operator.constants[0]]
                return torch_rows.lookup(operands[0], dense, low, identity)
            case "exp":
                x, maximum = operands
                return torch_rows.exp(x, maximum, self._dense["exp", operator.constants[0]])
            case "probabilities":
                return torch_rows.probabilities(*operands)
            case _:
                raise KernelError(f"the torch engine has no operator {operator.op!r}")

    def _own(self, operator: Operator) -> bool:
        return own_peak(self._program, operator.inputs[0], operator.inputs[1])

    def _embed(self, operator: Operator, tokens: Tensor) -> Tensor:
        table, scale = (self._constants[constant] for constant in operator.constants)
        flat = tokens.reshape(-1).to(torch.int64)
        known = (flat >= 0) & (flat < len(table))
        index = torch.where(known, flat, 0)
        # At most 2^7 times 2^20, and the scale bits are at most 40: exact in float64.
        factor = scale.index_select(0, index).to(torch.float64)
        factor = torch.where(known, factor, 0.0) * 0.5 ** operator.attributes["scale_bits"]
        rows = table.index_select(0, index).to(torch.float64).mul_(factor[:, None])
        return to_int32(rounded(rows))[:, None, :]

    def _matmul(
        self, value: int, operator: Operator, local: dict[int, Tensor], block: Block
    ) -> Tensor:
        layer = self._layers[value]
        x, peak = operator.inputs
        key = (x, peak, layer.row_bits)
        if key not in block.narrowed:
            block.narrowed[key] = layer.narrowed(local[x], local[peak], self._own(operator))
        out = layer.apply(*block.narrowed[key])
        return out.reshape(len(out), operator.attributes["groups"], -1)

    def _attention(self, step: Step, values: dict[int, Value], packing: Packing) -> Value:
        first, last = (operator_of(self._program, step.values[i]) for i in (0, -1))
        operands: list[Any] = [values[v] for v in (*first.inputs, *last.inputs[1:])]
        heads = Heads(
            first.attributes["row_bits"],
            first.attributes["factor"],
            first.attributes["factor_bits"],
            last.attributes["row_bits"],
        )
        if (operands[0].shape[2] * heads.factor) << (2 * heads.row_bits) > FLOAT64_LIMIT:
            for value in step.values:
                values[value] = self._across(value, values, packing)
            return values[step.values[-1]]
        table = self._dense["exp", operator_of(self._program, step.values[2]).constants[0]]
        return attend(operands, table, heads, packing)

    def _across(self, value: int, values: dict[int, Value], packing: Packing) -> Value:
        """One operator that looks across rows or works on squares."""
        operator = operator_of(self._program, value)
        operands: list[Any] = [values[operand] for operand in operator.inputs]
        attributes: Mapping[str, Any] = operator.attributes
        match operator.op:
            case "scores":
                return squares.scores(packing, operands, **attributes)
            case "mix":
                return squares.mix(packing, *operands, **attributes)
            case "column_max":
                return column_max(packing, operands[0])
            case "column_mean":
                return column_mean(packing, operands[0])
        if operator.op in ("peak", "row_max", "row_sum"):
            neutral = -(1 << 31) if operator.op == "row_max" else 0
            return squares.reduction(
                packing, lambda x: self._pointwise(operator, [x]), operands[0], neutral
            )
        return squares.elementwise(
            packing, lambda *parts: self._pointwise(operator, list(parts)), operands
        )
