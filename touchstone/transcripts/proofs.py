"""Openings of several leaves of one tree at once. Twin of `contracts/transcript/Tree.sol`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from touchstone.protocol.merkle import CHUNK, ZERO, chunk_count, leaf, node
from touchstone.transcripts.openings import encode_chunks

NodeAt = Callable[[int, int], bytes]
"""The node at (height, index) of a tree, both counted from the leaves and from the left."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """Some chunks of one byte string, with what shows them under its top.

    `indexes` ascend, `data` holds their bytes one after the other, `siblings` are 32 bytes each.
    """

    indexes: tuple[int, ...] = ()
    data: bytes = b""
    siblings: tuple[bytes, ...] = ()

    def as_abi(self) -> bytes:
        """The bytes that a contract call takes. Raises ValueError as `encode_chunks` does."""
        return encode_chunks(self)


def siblings_of(indexes: Sequence[int], count: int, node_at: NodeAt) -> tuple[bytes, ...]:
    """What a multiproof of the leaves `indexes` (ascending) needs: level by level, left to right.

    Siblings within absent subtrees follow from the shape and are left out.
    """
    found: list[bytes] = []
    height, level = 0, list(indexes)
    while count > 1:
        above: list[int] = []
        present = set(level)
        for index in level:
            sibling = index ^ 1
            if sibling not in present and sibling < count:
                found.append(node_at(height, sibling))
            if not above or above[-1] != index >> 1:
                above.append(index >> 1)
        level, height, count = above, height + 1, (count + 1) >> 1
    return tuple(found)


def open_chunks(data: bytes | memoryview, indexes: Sequence[int], node_at: NodeAt) -> Chunks:
    """Chunks of a byte string that is not empty, with their siblings; `indexes` ascend."""
    opened = b"".join(bytes(data[i * CHUNK : (i + 1) * CHUNK]) for i in indexes)
    found = tuple(indexes)
    return Chunks(found, opened, siblings_of(found, chunk_count(len(data)), node_at))


def climb(leaves: Mapping[int, bytes], count: int, siblings: Sequence[bytes]) -> bytes:
    """The top of the tree over `count` leaves, from some of them and their siblings.

    Raises ValueError where siblings are missing or left over, or an index is out of range.
    """
    if not leaves or min(leaves) < 0 or max(leaves) >= count:
        raise ValueError(f"leaves {sorted(leaves)} of {count}")
    level, absent, stream = dict(sorted(leaves.items())), ZERO, iter(siblings)
    while count > 1:
        above: dict[int, bytes] = {}
        for index, found in level.items():
            if index >> 1 in above:
                continue
            if index & 1:
                above[index >> 1] = node(_next(stream), found)
            elif index + 1 >= count:
                above[index >> 1] = node(found, absent)
            elif index + 1 in level:
                above[index >> 1] = node(found, level[index + 1])
            else:
                above[index >> 1] = node(found, _next(stream))
        level, absent, count = above, node(absent, absent), (count + 1) >> 1
    if next(stream, None) is not None:
        raise ValueError("siblings are left over")
    return level[0]


def top_of(chunks: Chunks, length: int) -> bytes:
    """The top of a byte string of `length` bytes, from some of its chunks. Raises ValueError."""
    leaves, offset = {}, 0
    for index in chunks.indexes:
        end = offset + min(CHUNK, length - index * CHUNK)
        leaves[index] = leaf(chunks.data[offset:end])
        offset = end
    if offset != len(chunks.data):
        raise ValueError(f"{len(chunks.data)} bytes given, {offset} opened")
    return climb(leaves, chunk_count(length), chunks.siblings)


def _next(stream: object) -> bytes:
    found = next(stream, None)  # type: ignore[call-overload]
    if found is None:
        raise ValueError("a sibling is missing")
    return bytes(found)
