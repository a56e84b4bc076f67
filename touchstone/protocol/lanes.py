"""SHA-256 of many messages side by side, as machine code that LLVM makes for this processor.

Lane i of each vector belongs to message i, so that one instruction does the same step of eight
hashes. Only whole groups of eight messages of one length are hashed here.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from itertools import count, islice
from math import isqrt
from typing import Any

import numpy as np
from llvmlite import binding, ir
from numpy.typing import NDArray

LANES = 8
BLOCK = 64

_LONG = ir.IntType(64)
_WORDS = ir.VectorType(ir.IntType(32), LANES)


class Lanes:
    """The machine code."""

    def __init__(self) -> None:
        """Has it made. Raises RuntimeError where LLVM does not know this machine."""
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        machine = binding.Target.from_default_triple().create_target_machine(
            cpu=binding.get_host_cpu_name(),
            features=binding.get_host_cpu_features().flatten(),
            opt=2,
        )
        # The code lives as long as its engine.
        self._engine = binding.create_mcjit_compiler(
            binding.parse_assembly(str(_module())), machine
        )
        self._engine.finalize_object()
        integer = ctypes.c_uint64
        signature = ctypes.CFUNCTYPE(None, integer, integer, integer, integer, integer)
        self._hash_many = signature(self._engine.get_function_address("hash_many"))

    def hash_groups(self, prefix: int, view: memoryview, size: int) -> tuple[bytes, int]:
        """Hashes of a prefix byte and each `size` bytes of a view, 32 bytes each, as far as whole
        groups go; and how many bytes that is. `size` is a multiple of 64."""
        groups = view.nbytes // (size * LANES)
        if not groups:
            return b"", 0
        source, found = np.frombuffer(view, np.uint8), np.empty(groups * LANES * 32, np.uint8)
        self._hash_many(_address(source), groups, size // BLOCK, prefix, _address(found))
        return found.tobytes(), groups * LANES * size


def _address(array: NDArray[np.uint8]) -> int:
    found: int = array.__array_interface__["data"][0]
    return found


def _roots(degree: int) -> Iterator[int]:
    """The first 32 fraction bits of the roots of the primes, one after the other."""
    primes = (n for n in count(2) if all(n % d for d in range(2, isqrt(n) + 1)))
    for prime in primes:
        low, high = 0, prime << 32
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if middle**degree <= prime << 32 * degree else (low, middle)
        yield low & 0xFFFFFFFF


_START = tuple(islice(_roots(2), 8))
_ROUND = tuple(islice(_roots(3), 64))


def _module() -> ir.Module:
    """void hash_many(messages, groups, blocks, prefix, hashes): where messages lie, how many groups
    of LANES, blocks of a message, the byte before each, where hashes go."""
    module = ir.Module("sha256")
    kind = ir.FunctionType(ir.VoidType(), [_LONG] * 5)
    function = ir.Function(module, kind, "hash_many")
    messages, groups, blocks, prefix, hashes = function.args
    entry, outer, inner, last, done = (
        function.append_basic_block(name) for name in ("entry", "outer", "inner", "last", "done")
    )
    build = ir.IRBuilder(entry)
    code = _Code(build, module)
    first = code.spread(build.trunc(prefix, ir.IntType(32)))
    size = build.mul(blocks, _LONG(BLOCK))
    build.cbranch(build.icmp_unsigned("==", groups, _LONG(0)), done, outer)

    build.position_at_end(outer)
    group = build.phi(_LONG)
    group.add_incoming(_LONG(0), entry)
    start = build.add(messages, build.mul(group, build.mul(size, _LONG(LANES))))
    build.branch(inner)

    build.position_at_end(inner)
    block, carry = build.phi(_LONG), build.phi(_WORDS)
    state = [build.phi(_WORDS) for _ in _START]
    block.add_incoming(_LONG(0), outer)
    carry.add_incoming(first, outer)
    for register, word in zip(state, _START, strict=True):
        register.add_incoming(code.constant(word), outer)
    data = code.load(build.add(start, build.mul(block, _LONG(BLOCK))), size)
    # The prefix moves every byte of the message by one.
    shifted = [code.join(a, b) for a, b in zip([carry, *data], data, strict=False)]
    after = code.compress(state, shifted)
    following = build.add(block, _LONG(1))
    block.add_incoming(following, inner)
    carry.add_incoming(data[-1], inner)
    for register, value in zip(state, after, strict=True):
        register.add_incoming(value, inner)
    build.cbranch(build.icmp_unsigned("<", following, blocks), inner, last)

    build.position_at_end(last)
    bits = build.shl(build.add(size, _LONG(1)), _LONG(3))
    length = code.spread(build.trunc(bits, ir.IntType(32)))
    end = [code.join(data[-1], code.constant(1 << 31)), *[code.constant(0)] * 14, length]
    code.store(code.compress(after, end), build.add(hashes, build.mul(group, _LONG(32 * LANES))))
    next_group = build.add(group, _LONG(1))
    group.add_incoming(next_group, last)
    build.cbranch(build.icmp_unsigned("<", next_group, groups), outer, done)

    build.position_at_end(done)
    build.ret_void()
    return module


class _Code:
    """Steps of SHA-256 on vectors of words."""

    def __init__(self, build: ir.IRBuilder, module: ir.Module) -> None:
        self.build = build
        turned = ir.FunctionType(_WORDS, [_WORDS] * 3)
        self._funnel = ir.Function(module, turned, f"llvm.fshl.v{LANES}i32")
        swapped = ir.FunctionType(_WORDS, [_WORDS])
        self._swap = ir.Function(module, swapped, f"llvm.bswap.v{LANES}i32")

    def constant(self, word: int) -> ir.Constant:
        return ir.Constant(_WORDS, [word] * LANES)

    def spread(self, word: Any) -> Any:
        found: Any = ir.Constant(_WORDS, ir.Undefined)
        for lane in range(LANES):
            found = self.build.insert_element(found, word, ir.IntType(32)(lane))
        return found

    def join(self, before: Any, word: Any) -> Any:
        """The last byte of one word and the first three of the next."""
        return self.build.call(self._funnel, [before, word, self.constant(24)])

    def load(self, place: Any, stride: Any) -> list[Any]:
        """The 16 words of one block of each message."""
        build, rows = self.build, []
        for lane in range(LANES):
            address = build.add(place, build.mul(stride, _LONG(lane)))
            for half in (0, 32):
                pointer = build.inttoptr(build.add(address, _LONG(half)), _WORDS.as_pointer())
                row = build.load(pointer)
                row.align = 1
                rows.append(build.call(self._swap, [row]))
        return self._transposed(rows[::2]) + self._transposed(rows[1::2])

    def store(self, state: Sequence[Any], place: Any) -> None:
        """The hashes, one after the other."""
        build = self.build
        for lane, row in enumerate(self._transposed(state)):
            address = build.add(place, _LONG(32 * lane))
            pointer = build.inttoptr(address, _WORDS.as_pointer())
            build.store(build.call(self._swap, [row]), pointer).align = 1

    def _transposed(self, rows: Sequence[Any]) -> list[Any]:
        """Rows of LANES words as columns: three rounds in which pairs of rows exchange halves."""
        found = list(rows)
        width = 1
        while width < LANES:
            for i in range(LANES):
                if not i & width:
                    low, high = found[i], found[i + width]
                    kept = [j if not j & width else LANES + j - width for j in range(LANES)]
                    given = [j + width if not j & width else LANES + j for j in range(LANES)]
                    found[i] = self._picked(low, high, kept)
                    found[i + width] = self._picked(low, high, given)
            width *= 2
        return found

    def _picked(self, a: Any, b: Any, places: list[int]) -> Any:
        return self.build.shuffle_vector(
            a, b, ir.Constant(ir.VectorType(ir.IntType(32), LANES), places)
        )

    def compress(self, state: Sequence[Any], block: Sequence[Any]) -> list[Any]:
        """The state after one block."""
        build = self.build
        words = list(block)
        a, b, c, d, e, f, g, h = state
        for i, constant in enumerate(_ROUND):
            if i >= 16:
                words.append(
                    self._sum(
                        words[i - 16],
                        self._mixed(words[i - 15], 7, 18, shift=3),
                        words[i - 7],
                        self._mixed(words[i - 2], 17, 19, shift=10),
                    )
                )
            choice = build.xor(g, build.and_(e, build.xor(f, g)))
            one = self._sum(
                build.add(words[i], self.constant(constant)), h, self._mixed(e, 6, 11, 25), choice
            )
            majority = build.xor(b, build.and_(build.xor(a, b), build.xor(b, c)))
            two = build.add(self._mixed(a, 2, 13, 22), majority)
            a, b, c, d, e, f, g, h = build.add(one, two), a, b, c, build.add(d, one), e, f, g
        return [build.add(x, y) for x, y in zip(state, (a, b, c, d, e, f, g, h), strict=True)]

    def _mixed(self, word: Any, *turns: int, shift: int = 0) -> Any:
        """Rotations of a word to the right, and one shift, added without carries."""
        found = [self.build.call(self._funnel, [word, word, self.constant(32 - n)]) for n in turns]
        if shift:
            found.append(self.build.lshr(word, self.constant(shift)))
        result = found[0]
        for other in found[1:]:
            result = self.build.xor(result, other)
        return result

    def _sum(self, first: Any, *others: Any) -> Any:
        for other in others:
            first = self.build.add(first, other)
        return first
