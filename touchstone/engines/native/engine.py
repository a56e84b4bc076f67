"""The native engine: causal programs as machine code, the same bytes as the reference."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from touchstone.arithmetic.sampling import NO_TOKEN
from touchstone.engines.interface import (
    Int32,
    Reader,
    Runnable,
    check_batch,
    check_piece,
    check_prompts,
)
from touchstone.engines.native.causal_lowering import lower_causal
from touchstone.engines.native.executor import Executor
from touchstone.engines.native.histories import histories_of
from touchstone.engines.native.memory import Memory
from touchstone.engines.native.plan import Plan, make_plan
from touchstone.engines.native.session import Session
from touchstone.engines.native.step import Feed, Step
from touchstone.engines.native.writing import Writing
from touchstone.programs.encoding import program_root
from touchstone.programs.program import Program, Shape
from touchstone.programs.validate import validate
from touchstone.protocol.generation import Prompt, Seen, unseen

STEP_ROWS = 512
"""Rows of a step at most: enough to use each weight often while it is in the cache."""

STEP_ELEMENTS = 1 << 26
"""int32 that the values of a step take at most, unless a single row takes more."""

SESSIONS = 64
"""Sequences that are generated at the same time; further ones wait."""


class NativeEngine:
    """Runs a causal model. See `interface.CausalEngine`.

    `threads`: as many as there are processors if None. Nobody should trust it untested: see
    `selftest`.
    """

    def __init__(self, model: Runnable, threads: int | None = None) -> None:
        shapes, memory = validate(model.program), Memory(model.tensors)
        plan = make_plan(lower_causal(model.program, memory))
        self._apart = make_plan(lower_causal(model.program, memory, fused=False), apart=True)
        self._prepare(model.program, shapes, plan, memory, threads)

    def _prepare(
        self, program: Program, shapes: tuple[Shape, ...], plan: Plan, memory: Memory,
        threads: int | None,
    ) -> None:  # fmt: skip
        self._program, self._shapes, self._plan = program, shapes, plan
        self._histories = histories_of(program, shapes)
        self._executor = Executor(memory, threads)
        self._busy = threading.Lock()

    def report(self) -> dict[str, Any]:
        """What runs where."""
        return {"device": "cpu", "engine": "native", "threads": self._executor.threads}

    def session(self, saved: bytes | None = None) -> Session:
        """A new sequence, or one that `save` has written. Raises InputError for other bytes."""
        found = Session(self._histories)
        if saved is not None:
            found.restore(saved, program_root(self._program), self._program.input.max_length)
        return found

    def save(self, session: Session) -> bytes:
        """A session as bytes, for `session`."""
        return session.save(program_root(self._program))

    def step(self, feeds: Sequence[Feed]) -> list[Int32]:
        """Reads on in several sessions at once, each in at most one feed.

        Returns the wanted outputs of each feed, int32 [wanted, width]. Raises InputError where a
        session would pass the greatest length.
        """
        if not feeds:
            return []
        with self._busy:
            step = Step(self._plan, feeds, self._program.input.max_length)
            arena = self._executor.arena(step)
            step.fill(arena)
            self._executor.run(step, arena)
            return step.outputs(arena, self._shapes[self._program.output].width)

    def _step_rows(self, longest: int) -> int:
        """Rows of a step that keep its values within STEP_ELEMENTS."""
        need = sum(self._plan.need((1, 1), longest if self._plan.ragged else 0))
        return max(1, min(STEP_ROWS, STEP_ELEMENTS // max(need, 1)))

    def run(self, batch: Sequence[Int32], wanted: Sequence[int] | None = None) -> list[Int32]:
        """See CausalEngine.run."""
        waiting = {i: rows[:, 0] for i, rows in enumerate(check_batch(self._program, batch))}
        sessions = {i: self.session() for i in waiting}
        outputs: dict[int, list[Int32]] = {i: [] for i in waiting}
        wishes = [len(rows) for rows in batch] if wanted is None else wanted
        limit = self._step_rows(max(map(len, waiting.values()), default=1))
        while waiting:
            feeds, room = {}, limit
            for number, rows in list(waiting.items()):
                if room:
                    own, waiting[number] = rows[:room], rows[room:]
                    wish = max(0, min(len(own), wishes[number] - len(waiting[number])))
                    feeds[number] = Feed(sessions[number], own, wish)
                    room -= len(own)
            for number, found in zip(feeds, self.step(list(feeds.values())), strict=True):
                outputs[number].append(found)
            waiting = {i: rows for i, rows in waiting.items() if len(rows)}
        return [np.concatenate(parts) for parts in outputs.values()]

    def reader(self) -> Reader:
        """See CausalEngine.reader."""
        return _Reader(self, self._program, self._step_rows(self._program.input.max_length))

    def replay(self, rows: Int32) -> Iterator[tuple[int, Int32]]:
        """See CausalEngine.replay."""
        (checked,) = check_batch(self._program, [rows])
        ends = [0, *(self._apart.lowered.written[v] for v in range(1, len(self._shapes)))]
        feed = Feed(self.session(), checked[:, 0], 0)
        step = Step(self._apart, [feed], self._program.input.max_length)
        arena = np.empty(step.elements, np.int32)
        step.fill(arena)
        done = 0
        for value, end in enumerate(ends):
            with self._busy:
                self._executor.run(step, arena, done, end)
            done = end
            yield value, step.value(arena, value, self._shapes[value])

    def generate(self, prompts: Sequence[Prompt], seen: Seen = unseen) -> list[Int32]:
        """See CausalEngine.generate."""
        check_prompts(self._program, prompts)
        longest = max((prompt.positions for prompt in prompts), default=1)
        limit = self._step_rows(longest)
        waiting = [Writing(i, prompt, self.session()) for i, prompt in enumerate(prompts)]
        written = [writing.written for writing in waiting]
        running: list[Writing] = []
        while waiting or running:
            while waiting and len(running) < min(SESSIONS, limit):
                running.append(waiting.pop(0))
            feeds, room = {}, limit
            # Those that write come first: each needs one row.
            for writing in sorted(running, key=lambda one: not one.count):
                if room:
                    feeds[writing] = writing.feed(room)
                    room -= len(feeds[writing].rows)
            for writing, found in zip(feeds, self.step(list(feeds.values())), strict=True):
                token = int(found[0, 0]) if len(found) else NO_TOKEN
                if len(found) and writing.take(token):
                    seen(writing.index, token)
            running = [writing for writing in running if not writing.ended]
        return written


class _Reader:
    """See `interface.Reader`."""

    def __init__(self, engine: NativeEngine, program: Program, limit: int) -> None:
        self._engine, self._program, self._limit = engine, program, limit
        self._session = engine.session()

    @property
    def length(self) -> int:
        return self._session.length

    def read(self, rows: Int32) -> Int32:
        checked = check_piece(self._program, self.length, rows)
        parts = [checked[i : i + self._limit] for i in range(0, len(checked), self._limit)]
        step = self._engine.step
        return np.concatenate([step([Feed(self._session, p, len(p))])[0] for p in parts])
