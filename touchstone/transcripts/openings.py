"""Openings as calls bring them: twin of `contracts/transcript/Openings.sol` and of
`contracts/referee/Evidence.sol`, where the form stands.

They are far denser than the ABI's words, each of which a conviction pays for twice: as calldata,
and where a contract hands it on to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from touchstone.protocol.merkle import CHUNK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from touchstone.transcripts.evidence import Evidence
    from touchstone.transcripts.proofs import Chunks

_RAW, _WORDS, _SHORT = range(3)
_WORD = 32
_MOST_RUN = 255


def encode_chunks(chunks: Chunks) -> bytes:
    """An opening. Raises ValueError for more chunks or siblings than a call can take."""
    found = [_runs(chunks.indexes)]
    places = range(0, CHUNK * len(chunks.indexes), CHUNK)
    found += [_chunk(chunks.data[place : place + CHUNK]) for place in places]
    return b"".join(found) + encode_siblings(chunks.siblings)


def encode_evidence(evidence: Evidence) -> bytes:
    """Evidence. Raises ValueError as `encode_chunks` does."""
    found = [encode_chunks(evidence.records), bytes([len(evidence.values)])]
    for value, chunks in zip(evidence.values, evidence.rows, strict=True):
        found += [value.to_bytes(4, "big"), encode_chunks(chunks)]
    found += [encode_siblings(evidence.value_siblings), encode_siblings(evidence.sequence_siblings)]
    found += [bytes([len(evidence.constants)]), *map(encode_chunks, evidence.constants)]
    return b"".join(found)


def _runs(indexes: Sequence[int]) -> bytes:
    runs: list[list[int]] = []
    for index in indexes:
        if runs and index == sum(runs[-1]) and runs[-1][1] < _MOST_RUN:
            runs[-1][1] += 1
        else:
            runs.append([index, 1])
    if len(runs) > _MOST_RUN:
        raise ValueError(f"chunks in {len(runs)} places")
    return bytes([len(runs)]) + b"".join(n.to_bytes(4, "big") + bytes([size]) for n, size in runs)


def encode_siblings(siblings: Sequence[bytes]) -> bytes:
    """Siblings, 32 bytes each. Raises ValueError for more than a call can take."""
    if len(siblings) >= 1 << 16:
        raise ValueError(f"{len(siblings)} siblings")
    return len(siblings).to_bytes(2, "big") + b"".join(siblings)


def _chunk(data: bytes) -> bytes:
    """The form that costs least: filling words up pays where they are mostly zero."""
    if len(data) != CHUNK:
        return bytes([_SHORT, len(data)]) + data
    words = [data[place : place + _WORD].lstrip(b"\0") for place in range(0, CHUNK, _WORD)]
    if sum(map(len, words)) > CHUNK * 3 // 4:
        return bytes([_RAW]) + data
    return bytes([_WORDS]) + b"".join(bytes([len(word)]) + word for word in words)
