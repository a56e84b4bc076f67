from __future__ import annotations

import sys
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchstone.protocol import bulk_hash, merkle
from touchstone.protocol.bulk_hash import BulkHasher


def one_by_one(prefix: int, data: bytes, size: int) -> bytes:
    messages = (data[i : i + size] for i in range(0, len(data), size))
    return b"".join(sha256(bytes([prefix]) + message).digest() for message in messages)


@pytest.fixture(scope="module")
def quick() -> BulkHasher:
    hasher = BulkHasher(patience=0)
    hasher.hash_all(0, b"x", 64)
    assert hasher.made is not None
    return hasher


@settings(max_examples=200, deadline=None)
@given(
    prefix=st.integers(0, 255),
    blocks=st.integers(1, 5),
    messages=st.integers(0, 40),
    rest=st.integers(0, 319),
    seed=st.integers(0, 1 << 32),
)
def test_both_ways_give_the_same_bytes(
    quick: BulkHasher, prefix: int, blocks: int, messages: int, rest: int, seed: int
) -> None:
    size = 64 * blocks
    data = Random(seed).randbytes(size * messages + rest % size)
    wanted = one_by_one(prefix, data, size)
    assert quick.hash_all(prefix, data, size) == wanted
    assert BulkHasher().hash_all(prefix, data, size) == wanted


@pytest.mark.parametrize("chunks", [1, 7, 8, 9, 255, 4096, 5003])
def test_roots_are_the_same(
    quick: BulkHasher, monkeypatch: pytest.MonkeyPatch, chunks: int
) -> None:
    data = Random(chunks).randbytes(merkle.CHUNK * chunks - 3)
    monkeypatch.setattr(merkle, "hash_all", BulkHasher().hash_all)
    slow = merkle.merkle_root(data)
    monkeypatch.setattr(merkle, "hash_all", quick.hash_all)
    assert merkle.merkle_root(memoryview(data)) == slow


def test_code_is_made_once_much_has_been_hashed() -> None:
    hasher = BulkHasher(patience=640)
    for _ in range(10):
        hasher.hash_all(0, bytes(64), 64)
        assert hasher.made is None
    hasher.hash_all(0, bytes(64), 64)
    assert hasher.made is not None


def test_without_llvm_hashlib_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "touchstone.protocol.lanes", raising=False)
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    hasher = BulkHasher(patience=0)
    data = bytes(range(256)) * 20
    assert hasher.hash_all(1, data, 64) == one_by_one(1, data, 64)
    assert hasher.made is None


def test_code_that_gives_other_bytes_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    lanes = pytest.importorskip("touchstone.protocol.lanes")
    monkeypatch.setattr(lanes.Lanes, "hash_groups", lambda *_: (bytes(32 * 8), 64 * 8))
    assert bulk_hash._make() is None
