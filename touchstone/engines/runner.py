"""Runs any model on what jobs bring: sequences in, sequences out.

A payload's sequences are one-dimensional. What they mean follows from what the program reads:
tokens, rows one after the other, or prompts behind their settings (`protocol.generation`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from touchstone.engines.causal import causal_engine
from touchstone.engines.encoder import EncoderEngine, encoder_engine
from touchstone.engines.interface import CausalEngine, Int32, Reader
from touchstone.errors import InputError, PayloadError
from touchstone.programs.model import Model
from touchstone.programs.program import InputKind, Program
from touchstone.protocol.generation import Prompt, Seen, decode_prompts, unseen
from touchstone.protocol.inputs import positions_in, read_by


class Runner(Protocol):
    """One model, ready to run. Called from one thread at a time."""

    def run(self, batch: Sequence[Int32], seen: Seen = unseen) -> list[Int32]:
        """One output for each input in the batch; `seen` is told of tokens as they are written.

        Raises InputError for a batch that does not fit the model.
        """
        ...

    def check(self, batch: Sequence[Int32], drafts: Sequence[Int32]) -> list[Int32]:
        """The same outputs, sooner where `drafts` are they: what an audit needs."""
        ...

    def replay(self, rows: Int32) -> Iterator[tuple[int, Int32]]:
        """All values of the program for one sequence of its transcript, in order."""
        ...

    def reader(self) -> Reader:
        """A new sequence, to be read piece by piece. Raises InputError for a model that is not
        causal."""
        ...

    @property
    def program(self) -> Program:
        """What is run."""
        ...


def make_runner(model: Model, device: str = "cpu", threads: int | None = None) -> Runner:
    """The runner of a model, on a torch device; with None as many threads as there are cores."""
    program = model.program
    if not program.input.causal:
        return WholeRunner(encoder_engine(model, device, threads), program)
    engine = causal_engine(model, threads)
    if program.input.kind is InputKind.PROMPT:
        return PromptRunner(engine, program)
    return WholeRunner(engine, program, engine.reader)


class WholeRunner:
    """A model that computes all of a sequence at once: an encoder, a perceptron, or a shard of a
    language model. Tokens or rows in, one row or several out, both flat."""

    def __init__(
        self,
        engine: EncoderEngine | CausalEngine,
        program: Program,
        reader: Callable[[], Reader] | None = None,
    ) -> None:
        self._engine, self.program, self._reader = engine, program, reader

    def run(self, batch: Sequence[Int32], seen: Seen = unseen) -> list[Int32]:
        """See Runner.run."""
        spec = self.program.input
        try:
            positions_in(spec, batch)
        except PayloadError as error:
            raise InputError(str(error)) from None
        return [output.reshape(-1) for output in self._engine.run(read_by(spec, batch, ()))]

    def check(self, batch: Sequence[Int32], drafts: Sequence[Int32]) -> list[Int32]:
        """See Runner.check: nothing is sooner than to run it."""
        return self.run(batch)

    def replay(self, rows: Int32) -> Iterator[tuple[int, Int32]]:
        """See Runner.replay."""
        return self._engine.replay(rows)

    def reader(self) -> Reader:
        """See Runner.reader."""
        if self._reader is None:
            raise InputError("this model reads its sequences as a whole")
        return self._reader()


class PromptRunner:
    """A language model: prompts in, what it writes out."""

    def __init__(self, engine: CausalEngine, program: Program) -> None:
        self._engine, self.program = engine, program

    def run(self, batch: Sequence[Int32], seen: Seen = unseen) -> list[Int32]:
        """See Runner.run."""
        return self._engine.generate(_prompts(batch), seen)

    def check(self, batch: Sequence[Int32], drafts: Sequence[Int32]) -> list[Int32]:
        """See Runner.check.

        One pass over prompt and draft together gives what the model writes at every position, as
        long as the draft before it is right; so a right draft is checked without a decoding step.
        """
        prompts = _prompts(batch)
        if len(drafts) == len(prompts) and all(map(_fits, prompts, drafts)):
            rows = [p.rows(_read(d)) for p, d in zip(prompts, drafts, strict=True)]
            # What the prompt's own tokens would be followed by is nobody's concern.
            wanted = [len(r) + 1 - len(p.tokens) for p, r in zip(prompts, rows, strict=True)]
            written = self._engine.run(rows, wanted)
            if all(map(_agrees, drafts, written)):
                return list(drafts)
        return self._engine.generate(prompts)

    def replay(self, rows: Int32) -> Iterator[tuple[int, Int32]]:
        """See Runner.replay."""
        return self._engine.replay(rows)

    def reader(self) -> Reader:
        """See Runner.reader."""
        return self._engine.reader()


def _prompts(batch: Sequence[Int32]) -> list[Prompt]:
    try:
        return decode_prompts(batch)
    except PayloadError as error:
        raise InputError(str(error)) from None


def _fits(prompt: Prompt, draft: Int32) -> bool:
    return draft.shape == (prompt.sampling.max_new,)


def _read(draft: Int32) -> Int32:
    """The tokens of a draft that the model reads again: up to the first that is none, which all
    others follow; never the last."""
    stop = np.flatnonzero(draft < 0)
    return draft[: stop[0] if len(stop) else -1][: len(draft) - 1]


def _agrees(draft: Int32, written: Int32) -> bool:
    """Whether the model wrote the draft, and nothing behind its end."""
    own = written[:, 0]
    same = np.array_equal(own, draft[: len(own)])
    return same and (len(own) == len(draft) or bool((draft[len(own) - 1 :] == -1).all()))
