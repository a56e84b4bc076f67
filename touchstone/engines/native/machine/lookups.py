"""Functions given by tables, for eight elements at once (docs/arithmetic.md, "Pointwise").

A table at an address has TABLE_ENTRIES int32 and is followed by at least one more, whatever it is.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 8
TABLE_END = 1 << 20
"""Offset at which a table ends."""

_WORD, _LONG = ir.IntType(32), ir.IntType(64)
_WORDS = ir.VectorType(_WORD, LANES)


@intrinsic
def lookup_lanes(_typing: Any, x: Any, low: Any, above: Any, table: Any, out: Any) -> Any:
    """LANES elements at the address x, looked up in a table that starts at `low`, to the address
    `out`; those behind its end stay as they are where `above` is 1."""

    def generate(context: Any, build: Any, _signature: Any, arguments: Any) -> Any:
        x, low, above, table, out = arguments
        lanes = _Lanes(build)
        first = lanes.every(build.trunc(low, _WORD))
        last = build.add(first, lanes.constant(TABLE_END))
        values = lanes.load(x)
        found = lanes.interpolate(table, build.sub(lanes.clamp(values, first, last), first))
        kept = build.and_(
            build.icmp_signed(">=", values, last),
            build.icmp_signed("!=", lanes.every(build.trunc(above, _WORD)), lanes.constant(0)),
        )
        lanes.store(build.select(kept, values, found), out)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), generate


@intrinsic
def exp_lanes(_typing: Any, x: Any, low: Any, maximum: Any, table: Any, out: Any) -> Any:
    """The table at `maximum` - x for LANES elements at the address x, to the address `out`.

    `low` is `maximum` - TABLE_END, or the least int32 if that is more.
    """

    def generate(context: Any, build: Any, _signature: Any, arguments: Any) -> Any:
        x, low, maximum, table, out = arguments
        lanes = _Lanes(build)
        last = lanes.every(build.trunc(maximum, _WORD))
        values = lanes.clamp(lanes.load(x), lanes.every(build.trunc(low, _WORD)), last)
        distance = build.sub(last, values)
        inside = build.icmp_signed("<", distance, lanes.constant(TABLE_END))
        found = lanes.interpolate(table, distance)
        lanes.store(build.select(inside, found, lanes.constant(0)), out)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), generate


class _Lanes:
    """Writes code for vectors of LANES int32."""

    def __init__(self, build: Any) -> None:
        self.build = build

    def constant(self, number: int) -> Any:
        return ir.Constant(_WORDS, [number] * LANES)

    def every(self, number: Any) -> Any:
        nothing = ir.Constant(_WORDS, ir.Undefined)
        one = self.build.insert_element(nothing, number, _WORD(0))
        return self.build.shuffle_vector(one, nothing, self.constant(0))

    def load(self, address: Any) -> Any:
        loaded = self.build.load(self.build.inttoptr(address, _WORDS.as_pointer()))
        loaded.align = 4
        return loaded

    def store(self, values: Any, address: Any) -> None:
        self.build.store(values, self.build.inttoptr(address, _WORDS.as_pointer())).align = 4

    def clamp(self, values: Any, low: Any, high: Any) -> Any:
        build = self.build
        raised = build.select(build.icmp_signed("<", values, low), low, values)
        return build.select(build.icmp_signed(">", raised, high), high, raised)

    def interpolate(self, table: Any, offsets: Any) -> Any:
        """Linear interpolation at offsets from 0 to TABLE_END.

        left + ((right - left) * fraction + 128 >> 8) is the formula's value, and stays within
        int32 since entries lie within 2^22.
        """
        build = self.build
        places = build.lshr(offsets, self.constant(8))
        fraction = build.and_(offsets, self.constant(255))
        left = right = ir.Constant(_WORDS, ir.Undefined)
        for lane in range(LANES):
            place = build.zext(build.extract_element(places, _WORD(lane)), _LONG)
            address = build.add(table, build.shl(place, _LONG(2)))
            left = build.insert_element(left, self._entry(address), _WORD(lane))
            following = self._entry(build.add(address, _LONG(4)))
            right = build.insert_element(right, following, _WORD(lane))
        rise = build.mul(build.sub(right, left), fraction)
        rounded = build.ashr(build.add(rise, self.constant(128)), self.constant(8))
        return build.add(left, rounded)

    def _entry(self, address: Any) -> Any:
        entry = self.build.load(self.build.inttoptr(address, _WORD.as_pointer()))
        entry.align = 4
        return entry
