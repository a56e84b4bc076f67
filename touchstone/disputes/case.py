"""What a party knows itself: a job's input, and its own execution of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from touchstone.disputes.game import Game, Stage, Statement, levels_of
from touchstone.errors import DisputeError
from touchstone.protocol.inputs import BODY_BYTES
from touchstone.protocol.merkle import CHUNK, chunk_count
from touchstone.protocol.payload import MAX_SEQUENCES
from touchstone.transcripts.evidence import Evidence, EvidenceBuilder, Source
from touchstone.transcripts.layout import Layout
from touchstone.transcripts.partials import partial_of
from touchstone.transcripts.proofs import Chunks, open_chunks
from touchstone.transcripts.question import Question
from touchstone.transcripts.transcript import Transcript
from touchstone.transcripts.trees import ChunkTree, NodeTree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from touchstone.programs.model import Model
    from touchstone.programs.program import Constant, Program
    from touchstone.programs.weights import Tensor
    from touchstone.transcripts.transcript import Replay

_HEADER = 8
_MOST_HEADER_CHUNKS = chunk_count(_HEADER + 4 * MAX_SEQUENCES)
NOTHING = Evidence(Chunks(), (), (), (), (), ())
"""No evidence, where a call takes some and needs none."""


def case_of(
    model: Model,
    replay: Replay,
    payload: bytes,
    sequences: Sequence[NDArray[np.int32]] | None,
    output: bytes,
    strong: bool,
) -> Case:
    """The case of a party that executed a model on a payload with these sequences, and answered
    with this output, strong or not; without sequences, of one that refused it."""
    program = model.program
    transcript = None if sequences is None else Transcript(program, replay, sequences, output)
    root = model.manifest.program_root
    return Case(program, root, model.tensors, payload, transcript, strong)


class Case:
    """One job from the side of a party that executed it.

    Attributes:
        refused: whether its input breaks a rule, so that nothing is executed.
    """

    def __init__(
        self,
        program: Program,
        root: bytes,
        tensors: Mapping[Constant, Tensor],
        payload: bytes,
        transcript: Transcript | None,
        strong: bool = False,
        builder: EvidenceBuilder | None = None,
    ) -> None:
        """Binds what the party has.

        Args:
            program: the job's program.
            root: its root, 32 bytes.
            tensors: its constants.
            payload: the job's input.
            transcript: the party's execution; None where the input breaks a rule.
            strong: whether the output begins with the transcript's node.
            builder: evidence for this program, if there is one already.
        """
        self.refused = transcript is None
        self._program, self._root, self._tensors = program, root, tensors
        self._payload = payload
        self._before = BODY_BYTES if strong else 0
        self._input = ChunkTree(payload) if payload else None
        self._transcript = transcript
        self._builder = builder or EvidenceBuilder(program, tensors)

    @property
    def layout(self) -> Layout:
        """The transcript's shape. Raises DisputeError where the party refused the input."""
        return self._own.layout

    @property
    def statement(self) -> Statement:
        """The party's statement. Raises DisputeError where it refused the input."""
        return Statement(self._own.body, self._own.output_tree.top)

    # --- the input -------------------------------------------------------------------------------

    def briefing(self, salt: bytes) -> tuple[object, ...]:
        """What shows the job's brief, as the contract takes it."""
        count = int.from_bytes(self._payload[4:8], "little")
        needed = min(chunk_count(_HEADER + 4 * count), _MOST_HEADER_CHUNKS)
        present = chunk_count(len(self._payload))
        opened = Chunks()
        if self._input is not None:
            opened = open_chunks(self._payload, range(min(needed, present)), self._input.node)
        records = self._builder.shapes_at((0, self._program.output))
        return (
            salt,
            len(self._payload),
            opened.as_abi(),
            len(self._program.operators),
            records.as_abi(),
        )

    def input_at(self, game: Game) -> tuple[Chunks, Evidence]:
        """The chunk of the input that an element of its copy comes from."""
        assert self._input is not None
        before = sum(self.layout.lengths[: game.sequence]) + game.index
        place = _HEADER + 4 * len(self.layout.lengths) + 4 * before
        return open_chunks(self._payload, (place // CHUNK,), self._input.node), NOTHING

    # --- the transcript --------------------------------------------------------------------------

    def opening(
        self, tree: str, sequence: int, value: int, height: int, index: int
    ) -> tuple[tuple[bytes, ...], bytes]:
        """The children of a node that somebody asks for, or a chunk's bytes: of the trees
        `sequences`, `values` and `chunks`, as far down as a game would go.

        Raises ValueError where there is no such node.
        """
        if sequence >= len(self.layout.lengths) or value > self.layout.operators:
            raise ValueError(f"there is no value {value} of sequence {sequence}")
        stage = {"sequences": Stage.SEQUENCES, "values": Stage.VALUES, "chunks": Stage.CHUNKS}[tree]
        game = replace(
            Game.at_start(), stage=stage, sequence=sequence, value=value, height=height, index=index
        )
        whole = self._tree(game)
        if height > whole.depth or index << height >= whole.count:
            raise ValueError(f"there is no node {index} at height {height} of {tree}")
        if height:
            return self.children(game, levels_of(height)), b""
        if stage is not Stage.CHUNKS:
            raise ValueError(f"a leaf of {tree} has no children")
        return (), self.chunk(game)

    def children(self, game: Game, levels: int) -> tuple[bytes, ...]:
        """The children of one's own node where a game stands."""
        return self._tree(game).children(game.height, game.index, levels)

    def chunk(self, game: Game) -> bytes:
        """One's own chunk where a game stands."""
        mine = self._own
        if game.stage is Stage.OUTPUT_LEAF:
            return mine.output_tree.chunk(game.index)
        return mine.chunks(game.sequence, game.value).chunk(game.index)

    def source(self, sequence: int) -> Source:
        """One's own tree over one sequence."""
        return self._own.source(sequence)

    def _tree(self, game: Game) -> NodeTree:
        mine = self._own
        if game.stage is Stage.SEQUENCES:
            return mine.sequences
        if game.stage is Stage.VALUES:
            return mine.values[game.sequence]
        if game.stage is Stage.CHUNKS:
            return mine.chunks(game.sequence, game.value)
        return mine.output_tree

    @property
    def _own(self) -> Transcript:
        if self._transcript is None:
            raise DisputeError("this party refused the input: it has no transcript")
        return self._transcript

    # --- evidence --------------------------------------------------------------------------------

    def record(self, value: int) -> Chunks:
        """What the program's record says of the size of a value."""
        return self._builder.shapes_at((value,))

    def records(self, game: Game) -> Chunks:
        """The records that a reduction needs."""
        return self._builder.records(self._question(game, self.statement.body))

    def reduction(self, game: Game) -> tuple[int, int]:
        """Terms of the element's reduction, and the most that are judged at once."""
        return self._builder.step(self._question(game, self.statement.body)).reduction()

    def parts(self, game: Game, start: int, stop: int, most: int) -> tuple[int, ...]:
        """Partial results of the terms [start, stop), at most so many."""
        question = self._question(game, self.statement.body)
        step = self._builder.step(question)
        size = -(-(stop - start) // most)
        self._own.prepare(game.sequence, set(step.operator.inputs))

        def elements(value: int) -> NDArray[np.int32]:
            return np.frombuffer(self._own.chunks(game.sequence, value).data, "<i4")

        return tuple(
            partial_of(step, elements, self._tensors, first, min(first + size, stop))
            for first in range(start, stop, size)
        )

    def finish(self, game: Game) -> Evidence:
        """That one's own element follows from its reduction."""
        self._prepare(game)
        question = self._question(game, self.statement.body)
        return self._builder.finish(question, self.source(game.sequence))

    def whole(self, game: Game, body: bytes, source: Source) -> Evidence:
        """Everything that an element of another's transcript depends on."""
        self._prepare(game)
        return self._builder.whole(self._question(game, body), source)

    def segment(self, game: Game, body: bytes, source: Source, start: int, stop: int) -> Evidence:
        """Some terms of an element of another's transcript."""
        self._prepare(game)
        return self._builder.segment(self._question(game, body), source, start, stop)

    def output_value_at(self, game: Game) -> tuple[Chunks, Evidence]:
        """The element of the output value that an element of the output must equal."""
        # The output's first words: a strong one's transcript, then the payload's header.
        index = game.index - self._before // 4 - 2 - len(self.layout.lengths)
        if index < 0:
            return Chunks(), NOTHING
        value = self.layout.output
        sequence = 0
        while index >= (size := self.layout.value_bytes(sequence, value) // 4):
            index -= size
            sequence += 1
        question = self._at(sequence, value, index, self.statement.body)
        return Chunks(), self._builder.claimed(question, self.source(sequence))

    def _prepare(self, game: Game) -> None:
        inputs = self._program.operators[game.value - 1].inputs
        self._own.prepare(game.sequence, {*inputs, game.value})

    def _question(self, game: Game, body: bytes) -> Question:
        return self._at(game.sequence, game.value, game.index, body)

    def _at(self, sequence: int, value: int, element: int, body: bytes) -> Question:
        return Question(
            program=self._root,
            operators=len(self._program.operators),
            body=body,
            sequences=len(self.layout.lengths),
            sequence=sequence,
            length=self.layout.lengths[sequence],
            position=0,
            causal=False,
            value=value,
            element=element,
        )
