"""How large numbers inside a circuit can become, for all inputs of a box: interval arithmetic.

A circuit splits what goes into a ReLU into digits. With as many digits as the bound found here
asks for, every input in range can be proven.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import helper

from touchstone.errors import CircuitError

if TYPE_CHECKING:
    from touchstone.zk.network import Floats, Network


@dataclass(frozen=True, slots=True)
class _Box:
    """All points within `radius` of `centre`, held with `scale` fraction bits."""

    centre: Floats
    radius: Floats
    scale: int


def relu_bits(
    network: Network, low: Floats, high: Floats, input_scale: int, param_scale: int
) -> int:
    """Bits of the largest magnitude before any ReLU, as an integer of the circuit.

    Args:
        network: of the operators that are admitted.
        low: least value of each input, (size,).
        high: greatest value of each input, (size,).
        input_scale: fraction bits of the input.
        param_scale: fraction bits of weights.

    Raises:
        CircuitError: an operator is used in a way that has no bound here.
    """
    half = 0.5 / 2**input_scale
    box = _Box(
        ((low + high) / 2).reshape(network.shape),
        ((high - low) / 2 + half).reshape(network.shape),
        input_scale,
    )
    boxes = {network.proto.graph.input[0].name: box}
    widest = 1.0
    for node in network.proto.graph.node:
        inputs = [boxes.get(name) for name in node.input]
        constants = [network.constants.get(name) for name in node.input]
        first = inputs[0]
        if first is None:
            raise CircuitError(f"{node.op_type} {node.output[0]}: the constant must stand second")
        if node.op_type == "Relu":
            reach = np.abs(first.centre) + first.radius
            widest = max(widest, float(reach.max()) * 2.0**first.scale)
        try:
            boxes[node.output[0]] = _step(node, first, inputs[1:], constants[1:], param_scale)
        except ValueError as error:
            raise CircuitError(f"{node.op_type} {node.output[0]}: {error}") from error
    return math.ceil(math.log2(widest + 1))


def _step(
    node: Any, box: _Box, boxes: list[_Box | None], constants: list[Floats | None], scale: int
) -> _Box:
    kind = node.op_type
    attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    if kind == "Relu":
        low = np.maximum(box.centre - box.radius, 0)
        high = np.maximum(box.centre + box.radius, 0)
        return _Box((low + high) / 2, (high - low) / 2, box.scale)
    if kind == "Identity":
        return box
    if kind in ("Flatten", "Reshape"):
        flat = box.centre.reshape(1, -1).shape if kind == "Flatten" else _target(constants[0])
        return _Box(box.centre.reshape(flat), box.radius.reshape(flat), box.scale)
    if kind == "Add":
        other = boxes[0]
        if other is not None:
            centre, radius = box.centre + other.centre, box.radius + other.radius
            return _Box(centre, radius, max(box.scale, other.scale))
        return _plus(box, _known(constants[0], node))
    weights = _known(constants[0], node)
    if kind == "Gemm":
        plain = attributes.get("alpha", 1.0) == 1.0 and attributes.get("beta", 1.0) == 1.0
        if not plain or attributes.get("transA", 0):
            raise CircuitError(f"Gemm {node.output[0]}: alpha, beta and transA have to be 1, 1, 0")
        weights = weights.T if attributes.get("transB", 0) else weights
    # Each weight is rounded to the scale, so it may be half a step away.
    spread = np.abs(weights) + 0.5 / 2**scale
    rounding = np.abs(box.centre) @ np.full_like(weights, 0.5 / 2**scale)
    product = _Box(box.centre @ weights, box.radius @ spread + rounding, box.scale + scale)
    return _plus(product, _known(constants[1], node)) if len(constants) > 1 else product


def _plus(box: _Box, constant: Floats) -> _Box:
    return _Box(box.centre + constant, box.radius + 0.5 / 2**box.scale, box.scale)


def _known(constant: Floats | None, node: Any) -> Floats:
    if constant is None:
        raise CircuitError(f"{node.op_type} {node.output[0]}: its second operand is no constant")
    return constant


def _target(shape: Floats | None) -> list[int]:
    if shape is None:
        raise CircuitError("the target of a Reshape is no constant")
    return [int(size) for size in shape]
