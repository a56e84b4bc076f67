"""The one product that all others are made of: a few rows times a panel of 16 channels.

A panel holds its channels in pairs of terms, int8 or int16 [pairs, 16, 2], so that each processor
instruction multiplies two neighbouring int16 terms of eight channels and adds them up in int32
(VPMADDWD, VPDPWSSD on processors that have it). LLVM finds them: nothing here names a processor.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from touchstone.engines.native.machine.compiling import compiled

CHANNELS = 16
MOST_ROWS = 4
"""Rows of one tile: their sums, the weights and the terms fill sixteen registers."""

_BYTE, _SHORT, _WORD, _LONG = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_LANES = CHANNELS // 2
_TERMS = ir.VectorType(_SHORT, 2 * _LANES)
_PRODUCTS = ir.VectorType(_WORD, 2 * _LANES)
_SUMS = ir.VectorType(_WORD, _LANES)
_PICK = ir.VectorType(_WORD, _LANES)


def _tile(rows: int, element: ir.IntType) -> Any:
    """tile(x, stride, panel, pairs, sums): `rows` rows of int16 at the address x, `stride` elements
    apart, times a panel at an address; int32 [rows, CHANNELS] go to the address `sums`."""

    @intrinsic
    def tile(_typing: Any, x: Any, stride: Any, panel: Any, pairs: Any, sums: Any) -> Any:
        def generate(context: Any, build: Any, _signature: Any, arguments: Any) -> Any:
            _Tile(build, rows, element).loop(*arguments)
            return context.get_dummy_value()

        return types.void(*[types.int64] * 5), generate

    return tile


class _Tile:
    """Writes the code of one tile."""

    def __init__(self, build: Any, rows: int, element: ir.IntType) -> None:
        self.build, self.rows, self.element = build, rows, element
        self.halves = [(row, half) for row in range(rows) for half in range(2)]

    def loop(self, x: Any, stride: Any, panel: Any, pairs: Any, sums: Any) -> None:
        build, entry = self.build, self.build.block
        loop, done = build.append_basic_block("pairs"), build.append_basic_block("done")
        build.branch(loop)

        build.position_at_end(loop)
        pair = build.phi(_LONG)
        pair.add_incoming(_LONG(0), entry)
        totals = {}
        for place in self.halves:
            totals[place] = build.phi(_SUMS)
            totals[place].add_incoming(ir.Constant(_SUMS, [0] * _LANES), entry)
        weights = [self.weights(panel, pair, half) for half in range(2)]
        after = {}
        for row in range(self.rows):
            place = build.add(x, build.mul(stride, _LONG(2 * row)))
            terms = self.spread(build.add(place, build.shl(pair, _LONG(2))))
            for half in range(2):
                products = self.multiply(terms, weights[half])
                after[row, half] = build.add(totals[row, half], products)
        following = build.add(pair, _LONG(1))
        pair.add_incoming(following, loop)
        for place in self.halves:
            totals[place].add_incoming(after[place], loop)
        build.cbranch(build.icmp_signed("<", following, pairs), loop, done)

        build.position_at_end(done)
        for index, place in enumerate(self.halves):
            address = build.add(sums, _LONG(4 * _LANES * index))
            build.store(after[place], build.inttoptr(address, _SUMS.as_pointer())).align = 4

    def weights(self, panel: Any, pair: Any, half: int) -> Any:
        """Pairs of eight channels, as int16."""
        size = self.element.width // 8
        offset = self.build.mul(pair, _LONG(2 * CHANNELS * size))
        address = self.build.add(panel, self.build.add(offset, _LONG(half * CHANNELS * size)))
        kind = ir.VectorType(self.element, 2 * _LANES)
        loaded = self.load(address, kind, 1)
        return loaded if self.element is _SHORT else self.build.sext(loaded, _TERMS)

    def spread(self, address: Any) -> Any:
        """Two terms of a row, beside every channel."""
        nothing = ir.Constant(_SUMS, ir.Undefined)
        one = self.build.insert_element(nothing, self.load(address, _WORD, 2), _WORD(0))
        every = self.build.shuffle_vector(one, nothing, ir.Constant(_PICK, [0] * _LANES))
        return self.build.bitcast(every, _TERMS)

    def multiply(self, terms: Any, weights: Any) -> Any:
        """Sums of two products each: the form in which LLVM knows VPMADDWD."""
        build = self.build
        products = build.mul(build.sext(terms, _PRODUCTS), build.sext(weights, _PRODUCTS))
        first, second = (
            build.shuffle_vector(
                products, products, ir.Constant(_PICK, list(range(start, 2 * _LANES, 2)))
            )
            for start in (0, 1)
        )
        return build.add(first, second)

    def load(self, address: Any, kind: Any, align: int) -> Any:
        loaded = self.build.load(self.build.inttoptr(address, kind.as_pointer()))
        loaded.align = align
        return loaded


_byte_1, _byte_2, _byte_3, _byte_4 = (_tile(rows, _BYTE) for rows in range(1, MOST_ROWS + 1))
_short_1, _short_2, _short_3, _short_4 = (_tile(rows, _SHORT) for rows in range(1, MOST_ROWS + 1))


@compiled
def byte_tile(rows, x, stride, panel, pairs, sums):
    """Up to MOST_ROWS rows of int16 times a panel of int8; all places are addresses."""
    if rows == 4:
        _byte_4(x, stride, panel, pairs, sums)
    elif rows == 3:
        _byte_3(x, stride, panel, pairs, sums)
    elif rows == 2:
        _byte_2(x, stride, panel, pairs, sums)
    else:
        _byte_1(x, stride, panel, pairs, sums)


@compiled
def short_tile(rows, x, stride, panel, pairs, sums):
    """The same with a panel of int16."""
    if rows == 4:
        _short_4(x, stride, panel, pairs, sums)
    elif rows == 3:
        _short_3(x, stride, panel, pairs, sums)
    elif rows == 2:
        _short_2(x, stride, panel, pairs, sums)
    else:
        _short_1(x, stride, panel, pairs, sums)
