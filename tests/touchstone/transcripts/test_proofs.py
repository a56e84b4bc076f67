from __future__ import annotations

from itertools import product
from random import Random

import pytest

from touchstone.protocol import merkle
from touchstone.transcripts.proofs import Chunks, climb, siblings_of, top_of
from touchstone.transcripts.trees import ChunkTree, NodeTree


def test_every_subset_of_small_trees_opens() -> None:
    for count in range(1, 10):
        hashes = [Random(i).randbytes(32) for i in range(count)]
        tree = NodeTree(hashes)
        assert tree.top == merkle.fold(hashes, 0, count)
        for chosen in product((False, True), repeat=count):
            indexes = [index for index in range(count) if chosen[index]]
            if not indexes:
                continue
            siblings = siblings_of(indexes, count, tree.node)
            leaves = {index: hashes[index] for index in indexes}
            assert climb(leaves, count, siblings) == tree.top
            with pytest.raises(ValueError, match="left over"):
                climb(leaves, count, (*siblings, bytes(32)))
            if siblings:
                with pytest.raises(ValueError, match="missing"):
                    climb(leaves, count, siblings[:-1])


@pytest.mark.parametrize("length", [1, 255, 256, 257, 1250])
def test_chunks_of_a_byte_string(length: int) -> None:
    data = Random(length).randbytes(length)
    tree, count = ChunkTree(data), merkle.chunk_count(length)
    assert merkle.seal(length, tree.top) == merkle.merkle_root(data)
    for index in range(count):
        siblings = siblings_of([index], count, tree.node)
        assert top_of(Chunks((index,), tree.chunk(index), siblings), length) == tree.top
    whole = Chunks(tuple(range(count)), data)
    assert top_of(whole, length) == tree.top


def test_a_leaf_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="of 2"):
        climb({2: bytes(32)}, 2, [])
    with pytest.raises(ValueError, match="of 2"):
        climb({}, 2, [])
