"""Plain multilayer perceptrons to exact programs.

The source folder holds the linear layers as torch names them, and a config that puts them in order:

    config.json         {"model_type": "mlp", "layers": ["0", "2", "4"], "activation": "relu"}
    model.safetensors   0.weight [inner, in], 0.bias [inner], 2.weight, ...; biases may be absent

`safetensors.torch.save_model(torch.nn.Sequential(...), "model.safetensors")` writes the second.
The activation stands between the layers, not behind the last. A program takes rows of numbers with
16 fraction bits, each by itself, and gives as many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

from touchstone.arithmetic.rounding import Int32
from touchstone.arithmetic.tables import (
    TANH_LOW,
    gelu_table,
    relu_table,
    silu_table,
    tanh_table,
)
from touchstone.compilers.layers import LayerWriter
from touchstone.compilers.quantise import FRACTION_BITS, WeightBits
from touchstone.compilers.report import Note, unnoted
from touchstone.compilers.source import CONFIG, Tensors, read_settings
from touchstone.errors import CompileError
from touchstone.programs.manifest import Manifest
from touchstone.programs.program import InputKind, InputSpec
from touchstone.programs.rules import DEPTH_LIMIT, WIDTH_LIMIT
from touchstone.programs.writer import Facts, ModelWriter

ACTIVATIONS: Mapping[str, tuple[Callable[[], Int32], int]] = {
    "relu": (relu_table, 1),
    "gelu": (gelu_table, 1),
    "silu": (silu_table, 1),
    "tanh": (tanh_table, 0),
}
"""The table of each, and whether it is the identity above it. All start at -8."""

ROWS = 1024
"""Rows that an input has at most, where nothing else is said."""


def compile_mlp(
    source_folder: Path | str,
    out_folder: Path | str,
    name: str,
    version: str,
    weight_bits: WeightBits = 8,
    max_length: int | None = None,
    note: Note = unnoted,
) -> Manifest:
    """Compiles a folder of linear layers to a model folder; returns its manifest.

    Raises CompileError naming whatever is not supported.
    """
    source = Path(source_folder)
    config = read_settings(source / CONFIG)
    config.require("model_type", ("mlp",), None)
    config.require("activation", tuple(ACTIVATIONS), None)
    names = config.values.get("layers")
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise CompileError(f"{CONFIG}: layers must be a list of names, is {names!r}")
    tensors = Tensors(source, ("",), f"{names[0]}.weight")
    widths = _widths(tensors, names)
    make_table, above = ACTIVATIONS[config.values["activation"]]
    facts = Facts(name, version, len(names), widths[0], FRACTION_BITS)
    spec = InputSpec(InputKind.ROWS, widths[0], max_length or ROWS)
    with ModelWriter(out_folder, spec) as model:
        layers, x = LayerWriter(model.builder, weight_bits, note), 0
        for layer, (deep, wide) in zip(names, pairwise(widths), strict=True):
            if x:
                table = (make_table(),)
                label = f"{layer}.activation"
                x = model.builder.add(
                    "lookup", label, (x,), table, low=TANH_LOW, identity_above=above
                )
            peak = model.builder.add("peak", f"{layer}.peak", (x,))
            weight = tensors.stored(f"{layer}.weight", wide, deep)
            biased = f"{layer}.bias" in tensors.names()
            bias = tensors.get(f"{layer}.bias", wide) if biased else None
            x = layers.linear(x, peak, weight, bias, layer)
        return model.finish(x, facts)


def _widths(tensors: Tensors, names: list[str]) -> list[int]:
    """Widths of the input and of each layer's output, from the shapes of the weights."""
    widths: list[int] = []
    known = set()
    for name in names:
        shape = tensors.shape(f"{name}.weight")
        if len(shape) != 2 or not 1 <= shape[0] <= WIDTH_LIMIT or not 1 <= shape[1] <= DEPTH_LIMIT:
            raise CompileError(f"{name}.weight has shape {list(shape)}, which is no linear layer's")
        if widths and shape[1] != widths[-1]:
            raise CompileError(
                f"{name}.weight reads {shape[1]} numbers, the layer before gives {widths[-1]}"
            )
        tensors.stored(f"{name}.weight", *shape)
        if f"{name}.bias" in tensors.names():
            tensors.stored(f"{name}.bias", shape[0])
        widths += [shape[0]] if widths else [shape[1], shape[0]]
        known |= {f"{name}.weight", f"{name}.bias"}
    for name in sorted(tensors.names() - known):
        raise CompileError(f"the source folder holds a tensor {name}, of no layer in {CONFIG}")
    return widths
