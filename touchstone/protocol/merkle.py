"""The one Merkle formula of Touchstone, over SHA-256.

Bytes are cut into chunks of 256; the last chunk keeps its own length.

    leaf(chunk)       = sha256(0x00 || chunk)
    node(left, right) = sha256(0x01 || left || right)
    root(data)        = sha256(0x02 || uint64_be(len(data)) || top)
    blinded(root)     = sha256(0x03 || salt || root)

The tree over n leaves has the fixed depth ceil(log2(n)). A leaf that is absent is 32 zero bytes,
and an absent subtree is the node of its absent children. With no leaves the top is 32 zero bytes.
The length inside the root makes the tree's shape, and the size of its last chunk, part of what
the root commits to.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from touchstone.protocol.bulk_hash import hash_all

CHUNK = 256
"""Bytes in a full chunk."""

ZERO = bytes(32)
"""An absent leaf, and the top of an empty tree."""

_LENGTH_LIMIT = 1 << 64


def chunk_count(total_bytes: int) -> int:
    """Number of chunks that hold `total_bytes` bytes (0 for none)."""
    return -(-total_bytes // CHUNK)


def depth_of(leaf_count: int) -> int:
    """Depth of the tree over `leaf_count` leaves: ceil(log2(leaf_count)), 0 for 0 or 1 leaves."""
    return (leaf_count - 1).bit_length() if leaf_count > 0 else 0


def leaf(chunk: bytes) -> bytes:
    """Hash of one chunk (1 to 256 bytes)."""
    return sha256(b"\x00" + chunk).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Hash of two 32-byte children."""
    return sha256(b"\x01" + left + right).digest()


def leaf_level(data: bytes | memoryview) -> bytes:
    """Leaf hashes of `data`, 32 bytes each, one after the other."""
    return hash_all(0, data, CHUNK)


def level_above(level: bytes, absent: bytes) -> bytes:
    """The nodes above those of `level`; a last one without a sibling is paired with `absent`."""
    return hash_all(1, level + absent if len(level) % 64 else level, 64)


def leaves(data: bytes | memoryview) -> list[bytes]:
    """Leaf hashes of `data`, in order."""
    return _nodes(leaf_level(data))


def _nodes(level: bytes) -> list[bytes]:
    return [level[i : i + 32] for i in range(0, len(level), 32)]


def nodes_at(leaf_hashes: Sequence[bytes], height: int) -> list[bytes]:
    """The present nodes `height` levels above the leaves, in order, in a tree deep enough."""
    level, absent = b"".join(leaf_hashes), ZERO
    for _ in range(height):
        level, absent = level_above(level, absent), node(absent, absent)
    return _nodes(level)


def fold(nodes: Sequence[bytes], height: int, leaf_count: int) -> bytes:
    """The top of the tree over `leaf_count` leaves, from its present nodes at `height`.

    `height` may not exceed the tree's depth. Raises ValueError if the number of nodes is not
    what `leaf_count` leaves have at that height.
    """
    if len(nodes) != -(-leaf_count // (1 << height)):
        raise ValueError(f"{leaf_count} leaves do not have {len(nodes)} nodes at height {height}")
    if leaf_count == 0:
        return ZERO
    level, absent = b"".join(nodes), ZERO
    for _ in range(height):
        absent = node(absent, absent)
    for _ in range(depth_of(leaf_count) - height):
        level, absent = level_above(level, absent), node(absent, absent)
    return level


def seal(total_bytes: int, top: bytes) -> bytes:
    """The root, from the length of the data and the top of its tree."""
    if not 0 <= total_bytes < _LENGTH_LIMIT:
        raise ValueError(f"a length of {total_bytes} bytes does not fit 64 bits")
    return sha256(b"\x02" + total_bytes.to_bytes(8, "big") + top).digest()


def merkle_root(data: bytes | memoryview) -> bytes:
    """32-byte root of `data` (any length, also none)."""
    hashes = leaves(data)
    return seal(memoryview(data).nbytes, fold(hashes, 0, len(hashes)))


def prove(data: bytes | memoryview, index: int) -> list[bytes]:
    """Siblings of chunk `index` of `data`, from the leaf up: as many as the tree is deep.

    Raises IndexError if there is no such chunk.
    """
    level, absent, count = leaf_level(data), ZERO, chunk_count(memoryview(data).nbytes)
    if not 0 <= index < count:
        raise IndexError(f"chunk {index} of {count}")
    siblings = []
    for _ in range(depth_of(count)):
        place = 32 * (index ^ 1)
        siblings.append(level[place : place + 32] or absent)
        level, absent = level_above(level, absent), node(absent, absent)
        index >>= 1
    return siblings


def verify(
    root: bytes, total_bytes: int, index: int, chunk: bytes, siblings: Sequence[bytes]
) -> bool:
    """Whether `chunk` is chunk `index` of the `total_bytes` bytes whose root is `root`.

    False, never an exception, for an index, a chunk length or a number of siblings that the
    length does not allow.
    """
    if not 0 <= total_bytes < _LENGTH_LIMIT:
        return False
    count = chunk_count(total_bytes)
    if not 0 <= index < count or len(siblings) != depth_of(count):
        return False
    if len(chunk) != min(CHUNK, total_bytes - index * CHUNK):
        return False
    current = leaf(chunk)
    for sibling in siblings:
        if len(sibling) != 32:
            return False
        current = node(sibling, current) if index & 1 else node(current, sibling)
        index >>= 1
    return seal(total_bytes, current) == root


def blinded(root: bytes, salt: bytes) -> bytes:
    """`root` hidden behind a 32-byte salt, so that short data cannot be guessed from it."""
    if len(root) != 32 or len(salt) != 32:
        raise ValueError("a root and a salt are 32 bytes each")
    return sha256(b"\x03" + salt + root).digest()
