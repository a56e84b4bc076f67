"""What threads of one step share: counters that hand out work, barriers, memory by its address."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, types  # type: ignore[attr-defined]
from numba.extending import intrinsic

from touchstone.engines.native.machine.compiling import compiled

_LONG = ir.IntType(64)
_SPINS = 2000
"""Looks at a barrier before a thread lets others have its processor."""


@intrinsic
def _add_at(_typing: Any, address: Any, amount: Any) -> Any:
    """Adds to the int64 at an address, in one piece; what was there before."""

    def generate(_context: Any, build: Any, _signature: Any, arguments: Any) -> Any:
        place = build.inttoptr(arguments[0], _LONG.as_pointer())
        return build.atomic_rmw("add", place, arguments[1], "seq_cst")

    return types.int64(types.int64, types.int64), generate


@intrinsic
def _load_at(_typing: Any, address: Any) -> Any:
    """The int64 at an address, as other threads have left it."""

    def generate(_context: Any, build: Any, _signature: Any, arguments: Any) -> Any:
        place = build.inttoptr(arguments[0], _LONG.as_pointer())
        return build.load_atomic(place, "seq_cst", 8)

    return types.int64(types.int64), generate


@intrinsic
def _yield_processor(_typing: Any) -> Any:
    """POSIX sched_yield."""

    def generate(_context: Any, build: Any, _signature: Any, _arguments: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), [])
        found = build.module.globals.get("sched_yield")
        return build.call(found or ir.Function(build.module, kind, "sched_yield"), [])

    return types.int32(), generate


@intrinsic
def _pointer(_typing: Any, address: Any) -> Any:
    def generate(_context: Any, build: Any, _signature: Any, arguments: Any) -> Any:
        return build.inttoptr(arguments[0], ir.IntType(8).as_pointer())

    return types.voidptr(types.int64), generate


@compiled
def draw(counters, index):
    """The next number of a counter, each given to one thread."""
    return _add_at(counters.ctypes.data + 8 * index, 1)


@compiled
def wait_for_all(counters, index, arrivals):
    """Returns when counter `index` has been raised `arrivals` times, this time included."""
    place = counters.ctypes.data + 8 * index
    _add_at(place, 1)
    looks = 0
    while _load_at(place) < arrivals:
        looks += 1
        if looks > _SPINS:
            _yield_processor()


@compiled
def shorts_at(address, count):
    """The int16 array of `count` elements at an address."""
    return carray(_pointer(address), (count,), np.int16)
