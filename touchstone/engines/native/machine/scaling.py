"""From exact sums to rounded, saturated int32: sixteen channels at once."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from touchstone.engines.native.machine.numbers import INT32_MAX, INT32_MIN
from touchstone.engines.native.machine.tile import CHANNELS

_WORDS = ir.VectorType(ir.IntType(32), CHANNELS)
_REALS = ir.VectorType(ir.DoubleType(), CHANNELS)


@intrinsic
def scale_sums(
    _typing: Any, sums: Any, scales: Any, factor: Any, biases: Any, out: Any
) -> Any:  # fmt: skip
    """out = saturated floor(sum * scale * factor + 1/2) + bias, for CHANNELS channels.

    sums, biases and out are addresses of int32, scales of float64; factor is a power of two times
    at most 2^16. In float64 that is exact: a sum times the whole numbers in scale and factor stays
    within 2^51, its fraction bits with it. Shifted left it may pass 2^53, and then it saturates.
    """

    def generate(context: Any, build: Any, _signature: Any, arguments: Any) -> Any:
        sums, scales, factor, biases, out = arguments
        reals = _Reals(build)
        scaled = reals.scaled(sums, scales, factor)
        reals.store(build.fadd(scaled, reals.whole(biases)), out)
        return context.get_dummy_value()

    whole = types.int64
    return types.void(whole, whole, types.float64, whole, whole), generate


@intrinsic
def scale_products(_typing: Any, sums: Any, scales: Any, factor: Any, out: Any) -> Any:
    """The same without biases."""

    def generate(context: Any, build: Any, _signature: Any, arguments: Any) -> Any:
        sums, scales, factor, out = arguments
        reals = _Reals(build)
        reals.store(reals.scaled(sums, scales, factor), out)
        return context.get_dummy_value()

    whole = types.int64
    return types.void(whole, whole, types.float64, whole), generate


class _Reals:
    """Writes code for CHANNELS numbers in float64."""

    def __init__(self, build: Any) -> None:
        self.build = build

    def scaled(self, sums: Any, scales: Any, factor: Any) -> Any:
        """floor(sum * scale * factor + 1/2)."""
        build = self.build
        name = f"llvm.floor.v{CHANNELS}f64"
        floor = build.module.globals.get(name) or ir.Function(
            build.module, ir.FunctionType(_REALS, [_REALS]), name
        )
        exact = build.fmul(self.whole(sums), self._load(scales, _REALS, 8))
        shifted = build.fmul(exact, self._every(factor))
        return build.call(floor, [build.fadd(shifted, self._constant(0.5))])

    def whole(self, address: Any) -> Any:
        """The int32 at an address."""
        return self.build.sitofp(self._load(address, _WORDS, 4), _REALS)

    def store(self, found: Any, address: Any) -> None:
        """Saturated int32, to an address."""
        build, low, high = self.build, self._constant(INT32_MIN), self._constant(INT32_MAX)
        found = build.select(build.fcmp_ordered("<", found, low), low, found)
        found = build.select(build.fcmp_ordered(">", found, high), high, found)
        place = build.inttoptr(address, _WORDS.as_pointer())
        build.store(build.fptosi(found, _WORDS), place).align = 4

    def _load(self, address: Any, kind: Any, align: int) -> Any:
        loaded = self.build.load(self.build.inttoptr(address, kind.as_pointer()))
        loaded.align = align
        return loaded

    def _every(self, number: Any) -> Any:
        nothing = ir.Constant(_REALS, ir.Undefined)
        one = self.build.insert_element(nothing, number, ir.IntType(32)(0))
        return self.build.shuffle_vector(one, nothing, ir.Constant(_WORDS, [0] * CHANNELS))

    def _constant(self, number: float) -> Any:
        return ir.Constant(_REALS, [float(number)] * CHANNELS)
