from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from touchstone.errors import PayloadError
from touchstone.protocol.payload import (
    MAX_PAYLOAD_BYTES,
    decode_payload,
    encode_payload,
    payload_root,
)

sequences = st.lists(
    arrays(np.int32, st.integers(0, 40), elements=st.integers(-(2**31), 2**31 - 1)),
    min_size=1,
    max_size=8,
)


@given(sequences)
def test_what_is_encoded_decodes_to_itself(values: list[np.ndarray]) -> None:
    decoded = decode_payload(encode_payload(values))
    assert len(decoded) == len(values)
    for before, after in zip(values, decoded, strict=True):
        assert after.dtype == np.int32
        assert np.array_equal(before, after)


@given(sequences, st.data())
def test_bytes_cut_off_or_added_are_refused(values: list[np.ndarray], data: st.DataObject) -> None:
    encoded = encode_payload(values)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(PayloadError):
        decode_payload(encoded[:cut])
    with pytest.raises(PayloadError):
        decode_payload(encoded + b"\0")


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_is_canonical(data: bytes) -> None:
    try:
        decoded = decode_payload(data)
    except PayloadError:
        return
    assert encode_payload(decoded) == data


def test_lengths_that_promise_gigabytes_take_no_memory() -> None:
    with pytest.raises(PayloadError, match="call for"):
        decode_payload(b"TSP1" + struct.pack("<I", 4) + struct.pack("<4I", *[2**32 - 1] * 4))
    with pytest.raises(PayloadError, match=r"1\.\.4096"):
        decode_payload(b"TSP1" + struct.pack("<I", 2**32 - 1))


def test_a_payload_above_the_limit_is_refused_both_ways() -> None:
    with pytest.raises(PayloadError, match="at most"):
        encode_payload([np.zeros(MAX_PAYLOAD_BYTES // 4, np.int32)])
    with pytest.raises(PayloadError, match="at most"):
        decode_payload(bytes(MAX_PAYLOAD_BYTES + 1))


def test_other_dtypes_and_shapes_are_refused() -> None:
    with pytest.raises(PayloadError, match="int64"):
        encode_payload([np.zeros(3, np.int64)])  # type: ignore[list-item]
    with pytest.raises(PayloadError, match="2-d"):
        encode_payload([np.zeros((2, 2), np.int32)])


def test_the_root_depends_on_salt_and_on_every_byte() -> None:
    data = encode_payload([np.arange(700, dtype=np.int32)])
    other = bytearray(data)
    other[-1] ^= 1
    roots = {
        payload_root(data, bytes(32)),
        payload_root(data, b"\1" * 32),
        payload_root(bytes(other), bytes(32)),
    }
    assert len(roots) == 3
