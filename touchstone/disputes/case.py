"""What a party knows itself: a job's input, and its own execution of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from touchstone.disputes.copying import Copy, open_copy
from touchstone.disputes.ends import Ends, shape_words
from touchstone.disputes.game import Element, Game, Stage, Statement, TreeNode, levels_of
from touchstone.errors import DisputeError
from touchstone.programs.program import InputKind
from touchstone.protocol.inputs import BODY_BYTES, read_by
from touchstone.protocol.merkle import CHUNK, chunk_count, depth_of
from touchstone.protocol.payload import decode_payload
from touchstone.transcripts.evidence import Evidence, EvidenceBuilder, Source
from touchstone.transcripts.layout import Layout
from touchstone.transcripts.partials import partial_of
from touchstone.transcripts.proofs import Chunks, open_chunks
from touchstone.transcripts.question import Question
from touchstone.transcripts.reads import operand_leaves
from touchstone.transcripts.transcript import Transcript
from touchstone.transcripts.trees import ChunkTree, NodeTree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from touchstone.programs.model import Model
    from touchstone.programs.program import Constant, Program
    from touchstone.programs.weights import Tensor
    from touchstone.transcripts.step import Step
    from touchstone.transcripts.transcript import Replay

_TREES = {
    "sequences": Stage.SEQUENCES,
    "positions": Stage.POSITIONS,
    "values": Stage.VALUES,
    "chunks": Stage.CHUNKS,
}
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
    program, root = model.program, model.manifest.program_root
    transcript = None
    if sequences is not None:
        read = read_by(program.input, sequences, _written(program, output, strong))
        transcript = Transcript(program, replay, read, output)
    return Case(program, root, model.tensors, payload, transcript, strong)


def _written(program: Program, output: bytes, strong: bool) -> Sequence[NDArray[np.int32]]:
    """What a program wrote that reads it again behind its prompts."""
    if program.input.kind is not InputKind.PROMPT:
        return ()
    return decode_payload(output[BODY_BYTES if strong else 0 :])


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
        self._ends = None
        if transcript is not None:
            self._ends = Ends.of(program.input, transcript.layout, payload, self._before)
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
        needed = chunk_count(4 * shape_words(self._program.input, self._payload))
        present = chunk_count(len(self._payload))
        opened = Chunks()
        if self._input is not None:
            shown = range(min(needed, present))
            opened = open_chunks(self._payload, shown, self._input.node)
        records = self._builder.shapes_at((0, self._program.output))
        return (
            salt,
            len(self._payload),
            opened.as_abi(),
            len(self._program.operators),
            records.as_abi(),
        )

    # --- both ends -------------------------------------------------------------------------------

    def copied(self, element: Element, body: bytes, source: Source) -> tuple[Chunks, Evidence]:
        """What an element of the input's copy in another's transcript must equal: the chunk of the
        input that holds it, or what that transcript has as the program's own output."""
        emitted = self._both_ends.emitted_as(element)
        if emitted is not None:
            question = self._question(emitted, body)
            return Chunks(), self._builder.claimed(question, source)
        word = self._both_ends.word_of(element)
        if word is None:
            return Chunks(), NOTHING
        assert self._input is not None
        return open_chunks(self._payload, (4 * word // CHUNK,), self._input.node), NOTHING

    def copy(self, element: Element, source: Source) -> Copy:
        """An element of the input's copy in another's transcript."""
        return open_copy(self.layout, element, source)

    def output_value_at(self, game: Game) -> tuple[Chunks, Evidence]:
        """The element of the output value that an element of the output must equal."""
        element = self._both_ends.output_element(game.index)
        if element is None:
            return Chunks(), NOTHING
        question = self._question(element, self.statement.body)
        return Chunks(), self._builder.claimed(question, self.source(element.sequence))

    @property
    def _both_ends(self) -> Ends:
        if self._ends is None:
            raise DisputeError("this party refused the input: it has no transcript")
        return self._ends

    # --- the transcript --------------------------------------------------------------------------

    def opening(self, node: TreeNode) -> tuple[tuple[bytes, ...], bytes]:
        """The children of a node that somebody asks for, as far down as a game would go, or a
        chunk's bytes.

        Raises ValueError where there is no such node.
        """
        layout, stage = self.layout, _TREES[node.tree]
        if node.sequence >= len(layout.lengths) or node.value > layout.operators:
            raise ValueError(f"there is no value {node.value} of sequence {node.sequence}")
        if node.position >= (layout.lengths[node.sequence] if layout.causal else 1):
            raise ValueError(f"there is no position {node.position} of sequence {node.sequence}")
        game = replace(
            Game.at_start(),
            stage=stage,
            sequence=node.sequence,
            position=node.position,
            value=node.value,
            height=node.height,
            index=node.index,
        )
        count = self._leaves(game)
        if node.height > depth_of(count) or node.index << node.height >= count:
            raise ValueError(f"there is no node {node}")
        if node.height:
            return self.children(game, levels_of(node.height)), b""
        if stage is not Stage.CHUNKS:
            raise ValueError(f"a leaf of {node.tree} has no children")
        return (), self.chunk(game)

    def children(self, game: Game, levels: int) -> tuple[bytes, ...]:
        """The children of one's own node where a game stands."""
        tree, height, index = self._node(game)
        return tree.children(height, index, levels)

    def chunk(self, game: Game) -> bytes:
        """One's own chunk where a game stands."""
        if game.stage is Stage.OUTPUT_LEAF:
            return self._own.output_tree.chunk(game.index)
        return self._chunks(game).chunk(game.index)

    def source(self, sequence: int) -> Source:
        """One's own tree over one sequence."""
        return self._own.source(sequence)

    def _node(self, game: Game) -> tuple[NodeTree, int, int]:
        """The tree in which a game stands, and where. A causal program's positions and their values
        are one tree."""
        mine, bits = self._own, self.layout.value_bits
        match game.stage:
            case Stage.SEQUENCES:
                return mine.sequences, game.height, game.index
            case Stage.POSITIONS:
                return mine.values[game.sequence], game.height + bits, game.index
            case Stage.VALUES:
                index = game.position << (bits - game.height) | game.index
                return mine.values[game.sequence], game.height, index
            case Stage.CHUNKS:
                return self._chunks(game), game.height, game.index
        return mine.output_tree, game.height, game.index

    def _leaves(self, game: Game) -> int:
        """Leaves of the tree in which a game stands; none where there is no such tree."""
        layout = self.layout
        match game.stage:
            case Stage.SEQUENCES:
                return len(layout.lengths)
            case Stage.POSITIONS:
                return layout.lengths[game.sequence] if layout.causal else 0
            case Stage.VALUES:
                return layout.operators + 1
        return self._chunks(game).count

    def _chunks(self, game: Game) -> ChunkTree:
        return self._own.chunks(game.sequence, self.layout.leaf(game.value, game.position))

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
        return self._builder.records(self._question(game.element, self.statement.body))

    def reduction(self, game: Game) -> tuple[int, int]:
        """Terms of the element's reduction, and the most that are judged at once."""
        return self._step(game).reduction()

    def parts(self, game: Game, start: int, stop: int, most: int) -> tuple[int, ...]:
        """Partial results of the terms [start, stop), at most so many."""
        step = self._step(game)
        size = -(-(stop - start) // most)
        self._own.prepare(game.sequence, operand_leaves(step, start, stop))

        def elements(leaf: int) -> NDArray[np.int32]:
            return np.frombuffer(self._own.chunks(game.sequence, leaf).data, "<i4")

        return tuple(
            partial_of(step, elements, self._tensors, first, min(first + size, stop))
            for first in range(start, stop, size)
        )

    def finish(self, game: Game) -> Evidence:
        """That one's own element follows from its reduction."""
        self._prepare(game, 0, 1)
        question = self._question(game.element, self.statement.body)
        return self._builder.finish(question, self.source(game.sequence))

    def whole(self, game: Game, body: bytes, source: Source) -> Evidence:
        """Everything that an element of another's transcript depends on."""
        self._prepare(game, 0, self.reduction(game)[0])
        return self._builder.whole(self._question(game.element, body), source)

    def segment(self, game: Game, body: bytes, source: Source, start: int, stop: int) -> Evidence:
        """Some terms of an element of another's transcript."""
        self._prepare(game, start, stop)
        return self._builder.segment(self._question(game.element, body), source, start, stop)

    def _prepare(self, game: Game, start: int, stop: int) -> None:
        """Computes what some terms of an element need in one replay."""
        step = self._step(game)
        self._own.prepare(game.sequence, {*operand_leaves(step, start, stop), step.leaf})

    def _step(self, game: Game) -> Step:
        return self._builder.step(self._question(game.element, self.statement.body))

    def _question(self, element: Element, body: bytes) -> Question:
        return Question(
            program=self._root,
            operators=len(self._program.operators),
            body=body,
            sequences=len(self.layout.lengths),
            sequence=element.sequence,
            length=self.layout.lengths[element.sequence],
            position=element.position,
            causal=self.layout.causal,
            value=element.value,
            element=element.index,
        )
