from __future__ import annotations

from random import Random

import pytest

from touchstone.transcripts.evidence import Evidence
from touchstone.transcripts.proofs import Chunks

WORDS = b"".join(n.to_bytes(32, "big") for n in (0, 5, (1 << 256) - 1, 0x0102, 0, 0, 0, 255))
WORDS_OPENED = bytes.fromhex(f"010000000001 01 00 0105 20{'ff' * 32} 020102 00 00 00 01ff 0000")
"""The same bytes as in `tests/contracts/transcript/Openings.t.sol`."""


def test_words_are_written_without_the_zeros_that_they_begin_with() -> None:
    assert Chunks((0,), WORDS).as_abi() == WORDS_OPENED


def test_chunks_that_are_full_are_written_as_they_are() -> None:
    full, short = Random(1).randbytes(256), b"the end"
    sibling = Random(2).randbytes(32)
    opened = Chunks((6, 7), full + short, (sibling,)).as_abi()
    wanted = b"\1\0\0\0\6\2" + b"\0" + full + b"\2\7" + short + b"\0\1" + sibling
    assert opened == wanted


def test_chunks_that_follow_each_other_are_one_run() -> None:
    data = Random(1).randbytes(256)
    opened = Chunks((1, 2, 5), 3 * data).as_abi()
    assert opened.startswith(b"\2" + b"\0\0\0\1\2" + b"\0\0\0\5\1")
    most = Chunks(tuple(range(300)), 300 * data).as_abi()
    assert most.startswith(b"\2" + b"\0\0\0\0\xff" + b"\0\0\0\xff\x2d")


def test_nothing_is_three_zeros() -> None:
    assert Chunks().as_abi() == bytes(3)
    assert Evidence(Chunks(), (), (), (), (), ()).as_abi() == bytes(3 + 1 + 2 + 2 + 1)


def test_more_than_a_call_takes_is_refused() -> None:
    apart = tuple(range(0, 512, 2))
    with pytest.raises(ValueError, match="256 places"):
        Chunks(apart, bytes(256 * len(apart))).as_abi()
    with pytest.raises(ValueError, match="65536 siblings"):
        Chunks(siblings=(bytes(32),) * 65536).as_abi()
