"""An opening of the input's copy: twin of `copyAt` in `contracts/dispute/Payloads.sol`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from touchstone.protocol.merkle import CHUNK, chunk_count
from touchstone.transcripts.openings import encode_chunks, encode_siblings
from touchstone.transcripts.proofs import Chunks, siblings_of

if TYPE_CHECKING:
    from touchstone.disputes.game import Element
    from touchstone.transcripts.evidence import Source
    from touchstone.transcripts.layout import Layout


@dataclass(frozen=True, slots=True)
class Copy:
    """The chunk of value 0 that holds an element, with the path of the value under its sequence and
    that of the sequence under the body, 32 bytes each."""

    chunks: Chunks
    value_siblings: tuple[bytes, ...]
    sequence_siblings: tuple[bytes, ...]

    def as_abi(self) -> bytes:
        """The bytes that a contract call takes."""
        beside = encode_siblings(self.value_siblings) + encode_siblings(self.sequence_siblings)
        return encode_chunks(self.chunks) + beside


def open_copy(layout: Layout, element: Element, source: Source) -> Copy:
    """Opens an element of value 0 in the transcript that a source shows."""
    sequence, position = element.sequence, element.position
    leaf, chunk = layout.leaf(0, position), 4 * element.index // CHUNK
    count = chunk_count(layout.value_bytes(sequence, 0, position))
    siblings = siblings_of([chunk], count, lambda *node: source.chunk_node(leaf, *node))
    return Copy(
        Chunks((chunk,), source.chunk(leaf, chunk), siblings),
        siblings_of([leaf], layout.leaves(sequence), source.value_node),
        siblings_of([sequence], len(layout.lengths), source.sequence_node),
    )
