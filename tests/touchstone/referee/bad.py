"""What is wrong with evidence and records, made on purpose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.touchstone.referee.judge import Judge
from tests.touchstone.referee.transcript import Case
from touchstone.errors import TransactionReverted
from touchstone.programs import encode
from touchstone.programs.encoding import RECORD
from touchstone.protocol.merkle import chunk_count, seal
from touchstone.transcripts.proofs import Chunks, siblings_of
from touchstone.transcripts.question import Question
from touchstone.transcripts.trees import ChunkTree


def refuses(judge: Judge, name: str, *call: Any, **fields: object) -> None:
    """The call is refused by this error, with these fields among others."""
    with pytest.raises(TransactionReverted) as caught:
        judge.call(*call)
    assert caught.value.error == name
    assert {key: caught.value.arguments[key] for key in fields} == fields


def opened(tree: ChunkTree, indexes: tuple[int, ...]) -> Chunks:
    """These chunks of a tree."""
    data = b"".join(tree.chunk(index) for index in indexes)
    return Chunks(indexes, data, siblings_of(indexes, chunk_count(tree.data.nbytes), tree.node))


def reworded(
    case: Case, question: Question, value: int, words: dict[int, int], indexes: tuple[int, ...]
) -> tuple[Question, Chunks]:
    """The question about a program in which the record of a value has these words, and these chunks
    of its records."""
    records = bytearray(encode(case.program))
    for index, word in words.items():
        place = value * RECORD + 32 * index
        records[place : place + 32] = word.to_bytes(32, "big")
    tree = ChunkTree(bytes(records))
    return replace(question, program=seal(len(records), tree.top)), opened(tree, indexes)
