"""Evidence for a referee: exactly the openings that it reads, from a transcript and a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from touchstone.programs.encoding import encode, shape_chunk
from touchstone.programs.program import DTYPE_BYTES, Constant, Program
from touchstone.programs.validate import validate
from touchstone.programs.weights import Tensor, tensor_bytes
from touchstone.protocol.merkle import CHUNK, chunk_count
from touchstone.transcripts.layout import leaf_count
from touchstone.transcripts.openings import encode_evidence
from touchstone.transcripts.proofs import Chunks, NodeAt, siblings_of
from touchstone.transcripts.question import Question
from touchstone.transcripts.reads import (
    ElementAt,
    Reads,
    operand_leaves,
    read_finish,
    read_terms,
    record_chunks,
)
from touchstone.transcripts.step import Step, step_of
from touchstone.transcripts.trees import ChunkTree

_VALUE_BYTES = 4


class Source(Protocol):
    """The transcript as seen from one of its sequences. Heights count from the leaves.

    A leaf is a value; of a causal program a value at a position (`Layout.leaf`).
    """

    def chunk(self, leaf: int, index: int) -> bytes:
        """Chunk `index` of a leaf's bytes: 256 bytes, the last as long as it is."""
        ...

    def chunk_node(self, leaf: int, height: int, index: int) -> bytes:
        """A node of the tree over the chunks of a leaf."""
        ...

    def value_node(self, height: int, index: int) -> bytes:
        """A node of the tree over the tops of all leaves."""
        ...

    def sequence_node(self, height: int, index: int) -> bytes:
        """A node of the tree over the sequences of the transcript."""
        ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """Openings that answer a question. Twin of `Evidence` in `contracts/referee/Evidence.sol`.

    Attributes:
        records: records of the program.
        values: the leaves opened, ascending: numbers of values, of a causal program with that of
            the position in front (`Layout.leaf`).
        rows: the opened chunks of each.
        value_siblings: multiproof of the leaves under their sequence, 32 bytes each.
        sequence_siblings: path of the sequence under the body, 32 bytes each.
        constants: one entry for each constant of the operator.
    """

    records: Chunks
    values: tuple[int, ...]
    rows: tuple[Chunks, ...]
    value_siblings: tuple[bytes, ...]
    sequence_siblings: tuple[bytes, ...]
    constants: tuple[Chunks, ...]

    def as_abi(self) -> bytes:
        """The bytes that a contract call takes. Raises ValueError as `encode_evidence` does."""
        return encode_evidence(self)


class EvidenceBuilder:
    """Builds evidence for one program; keeps the trees over its records and its constants."""

    def __init__(self, program: Program, tensors: Mapping[Constant, Tensor]) -> None:
        """Takes a program and the tensors of its constants. Raises ProgramError if malformed."""
        self._program = program
        self._tensors = tensors
        self._shapes = validate(program)
        self._records = ChunkTree(encode(program))
        self._constants: dict[Constant, ChunkTree] = {}

    def step(self, question: Question) -> Step:
        """The step a question is about. Raises ValueError if there is no such element."""
        return step_of(self._program, self._shapes, question)

    def records(self, question: Question) -> Chunks:
        """The records that `reduction` and `combined` need. Raises ValueError as `step` does."""
        step = self.step(question)
        return _from_tree(self._records, record_chunks(step, operand_leaves(step, 0, 1), ()))

    def shapes_at(self, values: tuple[int, ...]) -> Chunks:
        """What records say of the sizes of these values, ascending; the header for the input."""
        return _from_tree(self._records, tuple(shape_chunk(value) for value in values))

    def claimed(self, question: Question, source: Source) -> Evidence:
        """For `claimed` alone: the element. Raises ValueError as `step` does."""
        step, reads = self.step(question), Reads()
        reads.value(step.leaf, step.element)
        return self._opened(question, step, reads, source)

    def whole(self, question: Question, source: Source) -> Evidence:
        """For `expected` and `claimed`: everything the element depends on, and the element.

        Raises ValueError as `step` does.
        """
        step, reads = self.step(question), Reads()
        terms, _ = step.reduction()
        read_terms(step, 0, terms, _reader(source), reads)
        read_finish(step, reads)
        reads.value(step.leaf, step.element)
        return self._opened(question, step, reads, source)

    def segment(self, question: Question, source: Source, start: int, stop: int) -> Evidence:
        """For `partialOf` of the terms [start, stop). Raises ValueError if there are no such."""
        step, reads = self.step(question), Reads()
        terms, _ = step.reduction()
        if not 0 <= start < stop <= terms:
            raise ValueError(f"terms {start} to {stop} of {terms}")
        read_terms(step, start, stop, _reader(source), reads)
        return self._opened(question, step, reads, source)

    def finish(self, question: Question, source: Source) -> Evidence:
        """For `finish` and `claimed`. Raises ValueError as `step` does."""
        step, reads = self.step(question), Reads()
        read_finish(step, reads)
        reads.value(step.leaf, step.element)
        return self._opened(question, step, reads, source)

    def _opened(self, question: Question, step: Step, reads: Reads, source: Source) -> Evidence:
        leaves = sorted(reads.values)
        count = leaf_count(len(self._program.operators), question.length, question.causal)
        return Evidence(
            records=_from_tree(self._records, record_chunks(step, leaves, reads.constants)),
            values=tuple(leaves),
            rows=tuple(self._rows(step, leaf, reads.values[leaf], source) for leaf in leaves),
            value_siblings=siblings_of(leaves, count, source.value_node) if leaves else (),
            sequence_siblings=siblings_of(
                [question.sequence], question.sequences, source.sequence_node
            )
            if leaves
            else (),
            constants=tuple(
                self._constant(constant, reads.constants.get(index, []))
                for index, constant in enumerate(step.operator.constants)
            ),
        )

    def _rows(self, step: Step, leaf: int, runs: Iterable[range], source: Source) -> Chunks:
        def node_at(height: int, index: int) -> bytes:
            return source.chunk_node(leaf, height, index)

        nbytes = _VALUE_BYTES * step.elements_of(leaf, self._shapes[step.value_of(leaf)])
        indexes = _chunks_of(runs, _VALUE_BYTES)
        data = b"".join(source.chunk(leaf, index) for index in indexes)
        return _chunks(indexes, data, nbytes, node_at)

    def _constant(self, constant: Constant, runs: list[range]) -> Chunks:
        if not runs:
            return Chunks()
        if constant not in self._constants:
            self._constants[constant] = ChunkTree(tensor_bytes(self._tensors[constant]))
        indexes = _chunks_of(runs, DTYPE_BYTES[constant.dtype])
        return _from_tree(self._constants[constant], indexes)


def _from_tree(tree: ChunkTree, indexes: tuple[int, ...]) -> Chunks:
    data = b"".join(tree.chunk(index) for index in indexes)
    return _chunks(indexes, data, tree.data.nbytes, tree.node)


def _chunks(indexes: tuple[int, ...], data: bytes, nbytes: int, node_at: NodeAt) -> Chunks:
    return Chunks(indexes, data, siblings_of(indexes, chunk_count(nbytes), node_at))


def _chunks_of(runs: Iterable[range], element_bytes: int) -> tuple[int, ...]:
    """The chunks that hold runs of elements, ascending."""
    found: set[int] = set()
    for run in runs:
        first, last = run.start * element_bytes, run.stop * element_bytes - 1
        found.update(range(first // CHUNK, last // CHUNK + 1))
    return tuple(sorted(found))


def _reader(source: Source) -> ElementAt:
    """Reads single elements out of the chunks of a source."""

    def element_at(leaf: int, index: int) -> int:
        chunk, offset = divmod(index * _VALUE_BYTES, CHUNK)
        found = source.chunk(leaf, chunk)[offset : offset + _VALUE_BYTES]
        return int.from_bytes(found, "little", signed=True)

    return element_at
