"""Two executions of one job against each other, without the moves: the board finds where they
differ, and the real referee on a real chain says whose element is wrong.

`test_games.py` plays whole games; here thousands of lies can be judged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.disputes.arena import JOB_SALT, Execution, Lab
from touchstone.chain.calls import Views
from touchstone.chain.deployment import Deployment
from touchstone.disputes import board
from touchstone.disputes.ends import lengths_in
from touchstone.disputes.game import (
    LEAVES,
    PARTS,
    TREES,
    Brief,
    Game,
    Stage,
    levels_of,
)
from touchstone.disputes.theirs import Theirs
from touchstone.programs.program import InputKind
from touchstone.protocol.merkle import CHUNK
from touchstone.transcripts.trees import ChunkTree


@dataclass(frozen=True)
class Judgement:
    """What the referee finds at the first difference: each side's element, or part of it, and what
    it must be by that side's own transcript."""

    game: Game
    claimed: tuple[int, int]
    expected: tuple[int, int]

    @property
    def liars(self) -> set[int]:
        """The sides that can be convicted."""
        return {i for i in (0, 1) if self.claimed[i] != self.expected[i]}


def brief_of(lab: Lab, execution: Execution) -> Brief:
    """What the contract would find."""
    program, layout = lab.model.program, execution.case.layout
    shape = layout.shapes[program.output]
    prompted = program.input.kind is InputKind.PROMPT
    return Brief(
        job=b"j" * 32,
        program=lab.model.manifest.program_root,
        operators=len(program.operators),
        salt=JOB_SALT,
        input_bytes=len(lab.payload),
        input_top=ChunkTree(lab.payload).top,
        output_value=program.output,
        output_width=shape.width,
        output_per_position=bool(shape.rows),
        output_bytes=len(execution.output),
        input_kind=program.input.kind,
        input_width=program.input.width,
        causal=program.input.causal,
        strong=False,
        lengths=b"".join(n.to_bytes(2, "big") for n in layout.lengths),
        prompts=b"".join(n.to_bytes(2, "big") for n in lengths_in(lab.payload)[1:])
        if prompted
        else b"",
        refused=False,
    )


class Referee:
    """The deployed referee."""

    def __init__(self, w3, deployment: Deployment) -> None:
        self._views = deployment.views(w3, "Referee")
        self.payloads: Views = deployment.views(w3, "Payloads")

    def whole(self, question, evidence) -> tuple[int, int]:
        arguments = (question.as_abi(), evidence.as_abi())
        claimed, expected = self._views.call_together(
            ("claimed", *arguments), ("expected", *arguments)
        )
        return claimed, expected

    def claimed(self, question, evidence) -> int:
        return self._views.call("claimed", question.as_abi(), evidence.as_abi())

    def segment(self, question, evidence, start: int, stop: int) -> int:
        return self._views.call("partialOf", question.as_abi(), evidence.as_abi(), start, stop)

    def folds(self, question, evidence, parts) -> bool:
        """Whether partial results give the element that the transcript has."""
        words, opened = question.as_abi(), evidence.as_abi()
        total = self._views.call("combined", words, evidence.records.as_abi(), list(parts))
        claimed, found = self._views.call_together(
            ("claimed", words, opened), ("finish", words, opened, total)
        )
        return claimed == found


class Duel:
    """Two sides, and what they have opened of each other."""

    def __init__(self, lab: Lab, a: Execution, b: Execution, referee: Referee) -> None:
        self._lab, self._sides, self._referee = lab, (a, b), referee
        self._brief = brief_of(lab, a)
        self._opened: dict[tuple[bytes, int], tuple[bytes, ...]] = {}
        self._chunks: dict[bytes, bytes] = {}

    def judge(self) -> Judgement:
        """Goes down to the first difference, and asks."""
        a, b = (side.case for side in self._sides)
        game = board.faced(Game.at_start(), self._brief, a.statement, b.statement)
        while game.stage in TREES:
            levels = levels_of(game.height)
            children = [case.children(game, levels) for case in (a, b)]
            for first, opened in zip((True, False), children, strict=True):
                self._opened[game.node(first), levels] = opened
            game = board.descended(game, self._brief, a.layout, *children)
        assert game.stage in LEAVES
        chunks = [case.chunk(game) for case in (a, b)]
        for first, chunk in zip((True, False), chunks, strict=True):
            self._chunks[game.node(first)] = chunk
        game = board.at_element(game, *chunks)
        if game.stage is Stage.OUTPUT_ELEMENT:
            return self._judge_output(game, chunks)
        if game.value == 0:
            return self._judge_input(game, chunks)
        return self._judge_element(game)

    def _judge_element(self, game: Game) -> Judgement:
        terms, most = self._sides[0].case.reduction(game)
        if terms > most:
            return self._judge_parts(game, terms, most)
        found = [self._referee.whole(*self._whole(game, side)) for side in (0, 1)]
        return Judgement(game, *zip(*found, strict=True))

    def _judge_parts(self, game: Game, terms: int, most: int) -> Judgement:
        """The honest side is 0; the liar shifts one of its partial results, to fold to its lie."""
        case = self._sides[0].case
        start, stop = 0, terms
        parts = list(case.parts(game, start, stop, PARTS))
        assert self._referee.folds(*self._finish(game, 0), parts)
        size = -(-(stop - start) // PARTS)
        lie = len(parts) // 2
        segment = (start + lie * size, min(start + (lie + 1) * size, stop))
        assert segment[1] - segment[0] <= most
        game = replace(game, start=segment[0], stop=segment[1])
        found = []
        for side in (0, 1):
            question, body, source = self._of(game, side)
            evidence = case.segment(game, body, source, *segment)
            found.append(self._referee.segment(question, evidence, *segment))
        return Judgement(game, (parts[lie], parts[lie] + 1), (found[0], found[1]))

    def _judge_input(self, game: Game, chunks) -> Judgement:
        """What either side's copy must hold; a token that was emitted is each side's own."""
        expected = []
        for side in (0, 1):
            _, body, source = self._of(game, side)
            opened, evidence = self._sides[1 - side].case.copied(game.element, body, source)
            wrote, found = self._referee.payloads.call(
                "copied",
                self._brief.as_abi(),
                game.sequence,
                game.position,
                game.index,
                opened.as_abi(),
            )
            if wrote:
                value = self._lab.model.program.output
                emitted = replace(game, position=game.position - 1, value=value, index=0)
                question = self._sides[side].case._question(emitted.element, body)
                found = self._referee.claimed(question, evidence)
            expected.append(found)
        return Judgement(game, self._words(game, chunks), (expected[0], expected[1]))

    def _judge_output(self, game: Game, chunks) -> Judgement:
        header, word, *_ = self._referee.payloads.call(
            "outputWord", self._brief.as_abi(), bytes(32), game.index
        )
        if not header:
            case = self._sides[0].case
            _, evidence = case.output_value_at(game)
            element = case._both_ends.output_element(game.index)
            word = self._referee.claimed(case._question(element, case.statement.body), evidence)
        return Judgement(game, self._words(game, chunks), (word, word))

    @staticmethod
    def _words(game: Game, chunks) -> tuple[int, int]:
        place = game.index * 4 % CHUNK
        a, b = (int.from_bytes(c[place : place + 4], "little", signed=True) for c in chunks)
        return a, b

    def _of(self, game: Game, side: int):
        """The question about a side's transcript, and what the other side knows of it."""
        case, other = self._sides[0].case, self._sides[1 - side].case
        body = self._sides[side].case.statement.body
        source = Theirs.along(
            other.source(game.sequence),
            case.layout,
            game.element,
            body,
            self._opened,
            self._chunks,
        )
        return case._question(game.element, body), body, source

    def _whole(self, game: Game, side: int):
        question, body, source = self._of(game, side)
        return question, self._sides[1 - side].case.whole(game, body, source)

    def _finish(self, game: Game, side: int):
        case = self._sides[side].case
        return case._question(game.element, case.statement.body), case.finish(game)
