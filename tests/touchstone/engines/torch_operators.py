"""The torch engine's operators, called one by one on NumPy arrays of a single sequence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from touchstone.engines import columns, squares, torch_rows
from touchstone.engines.chooser import Chooser
from touchstone.engines.kernels import Kernel
from touchstone.engines.linear_layer import LinearLayer
from touchstone.engines.packing import pack

Array = NDArray[Any]


def run(
    op: str,
    inputs: Sequence[Array],
    constants: Sequence[Array],
    attributes: Mapping[str, int],
    kernels: Sequence[Kernel],
) -> Array:
    """The output of one operator."""
    packing = pack([len(inputs[0])], torch.device("cpu"))
    x = [torch.from_numpy(array.copy()) for array in inputs]
    c = [torch.from_numpy(array.copy()) for array in constants]
    simple: Mapping[str, Callable[..., Tensor]] = {
        "add": torch_rows.add,
        "argmax": torch_rows.argmax,
        "multiply": torch_rows.multiply,
        "temper": torch_rows.temper,
        "centre": torch_rows.centre,
        "peak": torch_rows.peak,
        "row_max": torch_rows.row_max,
        "row_sum": torch_rows.row_sum,
        "row_mean": torch_rows.row_mean,
        "probabilities": torch_rows.probabilities,
    }
    if op in simple:
        return simple[op](*x).numpy()
    return _other(op, x, c, dict(attributes), packing, kernels).numpy()


def _other(
    op: str, x: list[Tensor], c: list[Tensor], a: dict[str, int], packing: Any, kernels: Any
) -> Tensor:
    match op:
        case "column_max":
            return columns.column_max(packing, x[0])
        case "column_mean":
            return columns.column_mean(packing, x[0])
        case "lookup":
            dense = columns.dense_table(c[0].numpy(), int(c[0][-1]), torch.device("cpu"))
            return torch_rows.lookup(x[0], dense, a["low"], bool(a["identity_above"]))
        case "exp":
            return torch_rows.exp(*x, columns.dense_table(c[0].numpy(), 0, torch.device("cpu")))
        case "matmul":
            chooser = Chooser(kernels, torch.device("cpu"))
            layer = LinearLayer(chooser, *c, a["row_bits"], a["scale_bits"])
            out = layer.apply(*layer.narrowed(*x, own=False))
            return out.reshape(len(out), a["groups"], -1)
        case "scores":
            (square,) = squares.scores(packing, x, **a)
            return square[0].transpose(0, 1)
        case "mix":
            square = x[0].transpose(0, 1)[None].contiguous()
            return squares.mix(packing, [square], x[1], x[2], **a)
        case "mean_square":
            return torch_rows.mean_square(*x, own=False)
        case "inverse_root":
            table = torch_rows.epsilon_table(a["epsilon"], torch.device("cpu"))
            return torch_rows.inverse_root(*x, table)
        case "scale_row":
            gain, bias = (tensor.to(torch.float64) for tensor in c)
            return torch_rows.scale_row(*x, gain, bias, a["gain_bits"], own=False)
    raise ValueError(op)


DIRECT = sorted(
    {"add", "centre", "peak", "row_max", "row_sum", "row_mean", "probabilities", "column_max"}
    | {"column_mean", "lookup", "exp", "matmul", "scores", "mix", "mean_square", "inverse_root"}
    | {"scale_row", "argmax", "multiply", "temper"}
)
"""What only renames elements, or makes them of constants, is run through whole programs instead."""
