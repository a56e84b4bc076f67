"""Networks that can become circuits: read, bounded, and given the salt.

Admitted are the operators that a circuit computes exactly: sums, products with constants, and
ReLU. docs/zk.md says why no division may be among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from touchstone.errors import CircuitError, InputRangeError
from touchstone.zk.commitment import SALT_ELEMENTS

if TYPE_CHECKING:
    from pathlib import Path


Floats = NDArray[np.float64]
"""Arrays of real numbers."""

OPERATORS = frozenset({"Add", "Flatten", "Gemm", "Identity", "MatMul", "Relu", "Reshape"})
SIZE_LIMIT = 64 << 20
PARAMETER_LIMIT = 200_000
_SALTED = "touchstone_salted"


@dataclass(frozen=True, slots=True)
class Network:
    """An ONNX network of one input and one output, of one row each.

    Attributes:
        proto: the network as it was read.
        shape: the input's shape, (1, ...).
        size: numbers in the input.
        outputs: numbers in the output.
        constants: weights by name, float64.
    """

    proto: onnx.ModelProto
    shape: tuple[int, ...]
    size: int
    outputs: int
    constants: dict[str, Floats]

    def run(self, rows: Floats) -> Floats:
        """The float outputs of rows of inputs, (rows, size) to (rows, outputs)."""
        evaluator = ReferenceEvaluator(self.proto)
        name = self.proto.graph.input[0].name
        shaped = (row.reshape(self.shape).astype(np.float32) for row in rows)
        found: list[Any] = [evaluator.run(None, {name: row}) for row in shaped]
        return np.stack([np.asarray(outputs[0], np.float64).ravel() for outputs in found])

    def check_rows(self, rows: Floats) -> None:
        """Whether the rows are inputs of this network.

        Raises:
            InputRangeError: another width, no row at all, or a number that is not finite.
        """
        if rows.ndim != 2 or rows.shape[1] != self.size or not len(rows):
            raise InputRangeError(
                f"samples are rows of {self.size} numbers, not an array of shape {rows.shape}"
            )
        if not np.isfinite(rows).all():
            raise InputRangeError("a sample has a number that is not finite")


def read_network(path: Path) -> Network:
    """Reads a network and checks that a circuit can be made of it.

    Raises:
        CircuitError: it is no ONNX file, too large, or has an operator, a shape or a constant that
            is not admitted; with its name.
    """
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise CircuitError(f"{path} is over {SIZE_LIMIT >> 20} MiB")
        proto = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(proto, full_check=True)
    except CircuitError:
        raise
    except OSError as error:
        raise CircuitError(f"{path} cannot be read: {error.strerror}") from error
    except Exception as error:
        raise CircuitError(f"{path} is not an ONNX network: {error}") from error
    graph = proto.graph
    constants = {}
    for tensor in graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            raise CircuitError(f"the constant {tensor.name} lies in another file: save it inside")
        try:
            constants[tensor.name] = numpy_helper.to_array(tensor).astype(np.float64)
        except (TypeError, ValueError) as error:
            raise CircuitError(f"the constant {tensor.name} is broken: {error}") from error
    if sum(array.size for array in constants.values()) > PARAMETER_LIMIT:
        raise CircuitError(
            f"the network has over {PARAMETER_LIMIT:,} parameters: too slow to prove"
        )
    for node in graph.node:
        if node.op_type not in OPERATORS:
            raise CircuitError(
                f"the operator {node.op_type} ({node.name or node.output[0]}) is not admitted: "
                f"use {', '.join(sorted(OPERATORS))}"
            )
    if len(graph.input) != 1 or len(graph.output) != 1:
        raise CircuitError("a network has one input and one output")
    shape, outputs = _shape(graph.input[0]), _shape(graph.output[0])
    return Network(proto, shape, int(np.prod(shape)), int(np.prod(outputs)), constants)


def salted(network: Network) -> onnx.ModelProto:
    """The network with one flat input, (1, size + salt), which drops the salt at once."""
    proto = onnx.ModelProto()
    proto.CopyFrom(network.proto)
    graph = proto.graph
    before = graph.input[0].name
    del graph.input[:]
    graph.input.append(
        helper.make_tensor_value_info(_SALTED, TensorProto.FLOAT, [1, network.size + SALT_ELEMENTS])
    )
    bounds = {"starts": [0], "ends": [network.size], "axes": [1], "shape": list(network.shape)}
    graph.initializer.extend(
        numpy_helper.from_array(np.array(value, np.int64), f"{_SALTED}_{name}")
        for name, value in bounds.items()
    )
    slicing = [_SALTED, *(f"{_SALTED}_{name}" for name in ("starts", "ends", "axes"))]
    cut = helper.make_node("Slice", slicing, [f"{_SALTED}_cut"])
    shaped = helper.make_node("Reshape", [f"{_SALTED}_cut", f"{_SALTED}_shape"], [before])
    graph.node.insert(0, cut)
    graph.node.insert(1, shaped)
    onnx.checker.check_model(proto)
    return proto


def _shape(value: Any) -> tuple[int, ...]:
    """The shape of an input or output; an open first dimension is one row."""
    tensor = value.type.tensor_type
    if tensor.elem_type != TensorProto.FLOAT:
        raise CircuitError(f"{value.name} has to be float32")
    shape = [dimension.dim_value for dimension in tensor.shape.dim]
    if shape and shape[0] == 0:
        shape[0] = 1
    if len(shape) < 2 or shape[0] != 1 or 0 in shape:
        raise CircuitError(f"{value.name} has the shape {shape}: fixed, with one row, is needed")
    return tuple(shape)
