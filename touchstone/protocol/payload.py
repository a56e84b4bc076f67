"""The bytes of a job's input and output, and their blinded roots.

A payload is a list of sequences of int32: token ids on the way in, rows on the way out.

    "TSP1" | count: u32 | length of each: u32 x count | values: i32 x sum of lengths

All little-endian, nothing after the last value.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from touchstone.errors import PayloadError
from touchstone.protocol.merkle import blinded, merkle_root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_MAGIC = b"TSP1"
_HEADER = struct.Struct("<4sI")
MAX_PAYLOAD_BYTES = 8 << 20
"""The largest payload that anyone accepts."""
MAX_SEQUENCES = 4096
"""The most sequences that one payload may hold."""


def encode_payload(sequences: Sequence[NDArray[np.int32]]) -> bytes:
    """The canonical bytes of one-dimensional int32 arrays.

    Raises:
        PayloadError: an array has another dtype or shape, or the payload would be too large.
    """
    if not 1 <= len(sequences) <= MAX_SEQUENCES:
        raise PayloadError(f"a payload holds 1..{MAX_SEQUENCES} sequences, not {len(sequences)}")
    for sequence in sequences:
        if sequence.dtype != np.int32 or sequence.ndim != 1:
            raise PayloadError(
                f"a sequence is one-dimensional int32, not {sequence.ndim}-d {sequence.dtype}"
            )
    lengths = [len(s) for s in sequences]
    size = _HEADER.size + 4 * len(lengths) + 4 * sum(lengths)
    if size > MAX_PAYLOAD_BYTES:
        raise PayloadError(f"the payload has {size} bytes; at most {MAX_PAYLOAD_BYTES} are allowed")
    return b"".join(
        [
            _HEADER.pack(_MAGIC, len(lengths)),
            np.asarray(lengths, dtype="<u4").tobytes(),
            *(s.astype("<i4").tobytes() for s in sequences),
        ]
    )


def decode_payload(data: bytes) -> list[NDArray[np.int32]]:
    """The inverse of `encode_payload`. Every size is checked against the bytes that are there
    before memory is taken.

    Raises:
        PayloadError: the bytes are not a payload.
    """
    if len(data) > MAX_PAYLOAD_BYTES:
        raise PayloadError(
            f"the payload has {len(data)} bytes; at most {MAX_PAYLOAD_BYTES} are allowed"
        )
    if len(data) < _HEADER.size:
        raise PayloadError(f"a payload has at least {_HEADER.size} bytes, not {len(data)}")
    magic, count = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        raise PayloadError(f"a payload begins with {_MAGIC!r}, not {magic!r}")
    if not 1 <= count <= MAX_SEQUENCES:
        raise PayloadError(f"a payload holds 1..{MAX_SEQUENCES} sequences, not {count}")
    start = _HEADER.size + 4 * count
    if len(data) < start:
        raise PayloadError(f"the payload is cut off within the lengths of its {count} sequences")
    lengths = np.frombuffer(data, dtype="<u4", count=count, offset=_HEADER.size).astype(np.int64)
    size = start + 4 * int(lengths.sum())
    if len(data) != size:
        raise PayloadError(f"the lengths call for {size} bytes, the payload has {len(data)}")
    values = np.frombuffer(data, dtype="<i4", offset=start).astype(np.int32)
    return [np.array(part) for part in np.split(values, np.cumsum(lengths)[:-1])]


def payload_root(data: bytes, salt: bytes) -> bytes:
    """The root of a payload as orders and claims name it, 32 bytes.

    It is blinded by the job's salt, since short texts can be guessed from a bare hash.
    """
    return blinded(merkle_root(data), salt)


def rows_of(sequences: Sequence[NDArray[np.int32]]) -> int:
    """Rows of work in an input: its tokens."""
    return sum(len(s) for s in sequences)
