"""weights.bin: every distinct constant once, in order of first use, each from a full chunk on.

The layout follows from the program alone, so no offset is ever read from a file. The gaps are
zeros. The weight root is the Merkle root of the whole file; the manifest carries the tree's nodes
over pieces of 1 MiB, so that a damaged download is named by its piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from touchstone.errors import ProgramError, RootMismatchError
from touchstone.programs.program import Constant, Program
from touchstone.programs.rules import rule_of
from touchstone.protocol import merkle

Tensor = NDArray[Any]

PIECE_HEIGHT = 12
PIECE = merkle.CHUNK << PIECE_HEIGHT
"""Bytes of a piece: 1 MiB, the 4,096 chunks under one node."""

_LITTLE_ENDIAN = {"int8": "<i1", "int32": "<i4"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a constant lies in weights.bin, and who uses it first."""

    constant: Constant
    start: int
    end: int
    label: str


def layout(program: Program) -> tuple[Place, ...]:
    """Places of all distinct constants, in file order."""
    places: dict[Constant, Place] = {}
    position = 0
    for operator in program.operators:
        for constant, rule in zip(operator.constants, rule_of(operator).constants, strict=True):
            if constant not in places:
                end = position + constant.nbytes
                label = f"{operator.label}.{rule.name}"
                places[constant] = Place(constant, position, end, label)
                position = merkle.chunk_count(end) * merkle.CHUNK
    return tuple(places.values())


def weight_bytes(program: Program) -> int:
    """Size of weights.bin."""
    places = layout(program)
    return places[-1].end if places else 0


def tensor_bytes(tensor: Tensor) -> memoryview:
    """The bytes of a tensor as its root counts them: row-major, little-endian."""
    ordered = np.ascontiguousarray(tensor, dtype=_LITTLE_ENDIAN[tensor.dtype.name])
    return ordered.reshape(-1).data.cast("B")


def constant_of(tensor: Tensor) -> Constant:
    """The constant that stands for a tensor of int8 or int32."""
    name = tensor.dtype.name
    if name != "int8" and name != "int32":
        raise ProgramError(f"a constant is int8 or int32, not {name}")
    dtype: Any = name
    return Constant(dtype, tensor.shape, merkle.merkle_root(tensor_bytes(tensor)))


def piece_node(piece: bytes | memoryview, total_bytes: int) -> bytes:
    """The node over one piece, 32 bytes, in the tree over `total_bytes` bytes."""
    height = min(PIECE_HEIGHT, merkle.depth_of(merkle.chunk_count(total_bytes)))
    (node,) = merkle.nodes_at(merkle.leaves(piece), height)
    return node


def piece_nodes(data: bytes | memoryview) -> tuple[bytes, ...]:
    """The tree's nodes over the pieces of `data`, in order."""
    view = memoryview(data)
    starts = range(0, view.nbytes, PIECE)
    return tuple(piece_node(view[start : start + PIECE], view.nbytes) for start in starts)


def root_of_pieces(total_bytes: int, nodes: Sequence[bytes]) -> bytes:
    """The root of `total_bytes` bytes from its piece nodes. Raises ProgramError if too few."""
    count = merkle.chunk_count(total_bytes)
    height = min(PIECE_HEIGHT, merkle.depth_of(count))
    try:
        return merkle.seal(total_bytes, merkle.fold(nodes, height, count))
    except ValueError as error:
        raise ProgramError(f"weight nodes: {error}") from None


class WeightsWriter:
    """Writes weights.bin while its tensors are made; only the one at hand is in memory.

    The file is the one of a program whose operators come in the order of the calls.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b")
        self._written: set[Constant] = set()

    def put(self, constant: Constant, data: bytes | memoryview) -> None:
        """Appends the bytes of a constant from the next full chunk on, unless it is there."""
        if constant not in self._written:
            self._written.add(constant)
            self._file.seek(merkle.chunk_count(self._file.tell()) * merkle.CHUNK)
            self._file.write(data)

    def finish(self) -> tuple[bytes, ...]:
        """Closes the file; returns the nodes over its pieces."""
        total = self._file.tell()
        self._file.seek(0)
        found = tuple(piece_node(piece, total) for piece in iter(self._read_piece, b""))
        self.close()
        return found

    def close(self) -> None:
        """Closes the file, finished or not."""
        self._file.close()

    def _read_piece(self) -> bytes:
        return self._file.read(PIECE)


def check_pieces(data: memoryview, nodes: Sequence[bytes], places: Sequence[Place]) -> None:
    """Raises RootMismatchError naming the first piece of `data` that has not its node."""
    for index, (found, wanted) in enumerate(zip(piece_nodes(data), nodes, strict=True)):
        if found != wanted:
            start, end = index * PIECE, min((index + 1) * PIECE, data.nbytes)
            names = [place.label for place in places if place.start < end and place.end > start]
            raise RootMismatchError(
                f"weights.bin is damaged or incomplete in chunks {start // merkle.CHUNK} to "
                f"{merkle.chunk_count(end) - 1} (bytes {start} to {end}, holding "
                f"{', '.join(names[:4])}): fetch these bytes again and retry"
            )


def unpack(program: Program, data: memoryview) -> dict[Constant, Tensor]:
    """Read-only tensors of a program over `data`, each checked against its root and its range.

    Raises RootMismatchError for a wrong root and ProgramError for an element out of range.
    """
    tensors: dict[Constant, Tensor] = {}
    for place in layout(program):
        constant = place.constant
        part = data[place.start : place.end]
        if merkle.merkle_root(part) != constant.root:
            raise RootMismatchError(
                f"{place.label} (bytes {place.start} to {place.end} of weights.bin) is not what "
                "the program names: fetch program.json and weights.bin of the same version"
            )
        raw = np.frombuffer(part, dtype=_LITTLE_ENDIAN[constant.dtype])
        tensor = raw.astype(constant.dtype, copy=False).reshape(constant.shape)
        tensor.flags.writeable = False
        tensors[constant] = tensor
    for operator in program.operators:
        for constant, rule in zip(operator.constants, rule_of(operator).constants, strict=True):
            low, high = int(tensors[constant].min()), int(tensors[constant].max())
            if low < rule.low or high > rule.high:
                raise ProgramError(
                    f"{operator.label}.{rule.name} holds {low} to {high}, "
                    f"outside [{rule.low}, {rule.high}]"
                )
    return tensors
