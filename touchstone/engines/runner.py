"""Runs any model on what jobs bring: sequences in, sequences out.

A payload's sequences are one-dimensional. What they mean follows from what the program reads:
tokens, rows one after the other, or prompts behind their settings (`protocol.generation`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from touchstone.engines.causal import causal_engine
from touchstone.engines.encoder import EncoderEngine, encoder_engine
from touchstone.engines.interface import CausalEngine, Int32
from touchstone.errors import InputError, PayloadError
from touchstone.programs.model import Model
from touchstone.programs.program import InputKind, Program
from touchstone.protocol.generation import Prompt, Seen, decode_prompts, unseen


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

    @property
    def program(self) -> Program:
        """What is run."""
        ...


def make_runner(model: Model, device: str = "cpu", threads: int | None = None) -> Runner:
    """The runner of a model, on a torch device; with None as many threads as there are cores."""
    program = model.program
    if not program.input.causal:
        return EncoderRunner(encoder_engine(model, device, threads), program)
    engine = causal_engine(model, threads)
    if program.input.kind is InputKind.PROMPT:
        return PromptRunner(engine, program)
    return RowsRunner(engine, program)


class EncoderRunner:
    """A model that reads whole texts: tokens in, one output row or several out."""

    def __init__(self, engine: EncoderEngine, program: Program) -> None:
        self._engine, self.program = engine, program

    def run(self, batch: Sequence[Int32], seen: Seen = unseen) -> list[Int32]:
        """See Runner.run."""
        return self._engine.run(batch)

    def check(self, batch: Sequence[Int32], drafts: Sequence[Int32]) -> list[Int32]:
        """See Runner.check: nothing is sooner than to run it."""
        return self._engine.run(batch)

    def replay(self, rows: Int32) -> Iterator[tuple[int, Int32]]:
        """See Runner.replay."""
        return self._engine.replay(rows)


class RowsRunner:
    """A shard of a language model: rows in, as many rows out, both flat."""

    def __init__(self, engine: CausalEngine, program: Program) -> None:
        self._engine, self.program = engine, program

    def run(self, batch: Sequence[Int32], seen: Seen = unseen) -> list[Int32]:
        """See Runner.run."""
        width = self.program.input.width
        for index, rows in enumerate(batch):
            if len(rows) % width:
                raise InputError(
                    f"sequence {index} has {len(rows)} elements, not whole rows of {width}"
                )
        shaped = [rows.reshape(-1, width) for rows in batch]
        return [output.reshape(-1) for output in self._engine.run(shaped)]

    def check(self, batch: Sequence[Int32], drafts: Sequence[Int32]) -> list[Int32]:
        """See Runner.check: all rows are computed at once anyhow."""
        return self.run(batch)

    def replay(self, rows: Int32) -> Iterator[tuple[int, Int32]]:
        """See Runner.replay."""
        return self._engine.replay(rows)


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
            written = self._engine.run(rows)
            if all(map(_agrees, prompts, drafts, written)):
                return list(drafts)
        return self._engine.generate(prompts)

    def replay(self, rows: Int32) -> Iterator[tuple[int, Int32]]:
        """See Runner.replay."""
        return self._engine.replay(rows)


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


def _agrees(prompt: Prompt, draft: Int32, written: Int32) -> bool:
    """Whether the model wrote the draft, and nothing behind its end."""
    own = written[len(prompt.tokens) - 1 :, 0]
    same = np.array_equal(own, draft[: len(own)])
    return same and (len(own) == len(draft) or bool((draft[len(own) - 1 :] == -1).all()))
