from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchstone.protocol import merkle
from touchstone.protocol.merkle import CHUNK, blinded, merkle_root, prove, verify


def slow_root(data: bytes) -> bytes:
    """The formula of the module's docstring, level by level over all leaves, absent ones too."""
    chunks = [data[i : i + CHUNK] for i in range(0, len(data), CHUNK)]
    level = [sha256(b"\x00" + chunk).digest() for chunk in chunks] or [bytes(32)]
    while len(level) & (len(level) - 1):
        level.append(bytes(32))
    while len(level) > 1:
        level = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=True)
        ]
    return sha256(b"\x02" + len(data).to_bytes(8, "big") + level[0]).digest()


def payload(size: int) -> bytes:
    return bytes((7 * i + i // 251) % 256 for i in range(size))


SIZES = [0, 1, 31, 255, 256, 257, 512, 513, 768, 1025, 5 * 256, 17 * 256 + 3]


@pytest.mark.parametrize("size", SIZES)
def test_root_is_that_of_the_padded_tree(size: int) -> None:
    assert merkle_root(payload(size)) == slow_root(payload(size))


def test_roots_of_known_data_are_fixed() -> None:
    assert merkle_root(b"").hex() == sha256(b"\x02" + bytes(8) + bytes(32)).hexdigest()
    leaf = sha256(b"\x00abc").digest()
    assert merkle_root(b"abc") == sha256(b"\x02" + (3).to_bytes(8, "big") + leaf).digest()


@pytest.mark.parametrize("size", [size for size in SIZES if size])
def test_every_chunk_is_proved_and_no_other_fits_its_place(size: int) -> None:
    data = payload(size)
    root = merkle_root(data)
    for index in range(merkle.chunk_count(size)):
        chunk = data[index * CHUNK : (index + 1) * CHUNK]
        proof = prove(data, index)
        assert verify(root, size, index, chunk, proof)
        assert not verify(root, size, index + 1, chunk, proof)
        assert not verify(root, size + 1, index, chunk, proof)
        assert not verify(root, size, index, chunk + b"\0", proof)
        assert not verify(root, size, index, bytes([chunk[0] ^ 1]) + chunk[1:], proof)
        assert not verify(root, size, index, chunk, [*proof, bytes(32)])
        if proof:
            assert not verify(root, size, index, chunk, proof[:-1])
            assert not verify(root, size, index, chunk, [bytes(31), *proof[1:]])


def test_verify_is_false_for_impossible_numbers() -> None:
    data = payload(750)
    chunk, proof, root = data[:CHUNK], prove(data, 0), merkle_root(data)
    assert not verify(root, 750, -1, chunk, proof)
    assert not verify(root, -1, 0, chunk, proof)
    assert not verify(root, 1 << 64, 0, chunk, proof)
    with pytest.raises(IndexError):
        prove(data, 3)


@settings(max_examples=50)
@given(st.integers(1, 40 * CHUNK), st.data())
def test_a_changed_byte_changes_the_root(size: int, data: st.DataObject) -> None:
    original = bytearray(payload(size))
    place = data.draw(st.integers(0, size - 1))
    changed = bytearray(original)
    changed[place] ^= data.draw(st.integers(1, 255))
    assert merkle_root(bytes(original)) != merkle_root(bytes(changed))


def test_data_followed_by_zeros_has_another_root() -> None:
    assert len({merkle_root(b"x" + bytes(n)) for n in (0, 1, 255, 256, 511)}) == 5


@pytest.mark.parametrize("height", [0, 1, 2, 3])
def test_nodes_at_any_height_fold_to_the_root(height: int) -> None:
    for chunks in (8, 9, 13, 16):
        data = payload(chunks * CHUNK - 5)
        nodes = merkle.nodes_at(merkle.leaves(data), height)
        assert merkle.seal(len(data), merkle.fold(nodes, height, chunks)) == merkle_root(data)
        with pytest.raises(ValueError, match="nodes"):
            merkle.fold(nodes[:-1], height, chunks)


def test_blinding_needs_a_salt_of_32_bytes_and_hides_the_root() -> None:
    root, salt = merkle_root(b"yes"), bytes(range(32))
    assert blinded(root, salt) == sha256(b"\x03" + salt + root).digest()
    assert blinded(root, salt) != blinded(root, bytes(32))
    with pytest.raises(ValueError, match="32 bytes"):
        blinded(root, salt[:31])
