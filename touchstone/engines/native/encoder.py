"""The native engine for programs that are not causal: the same bytes as the reference."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from touchstone.engines.interface import Int32, Runnable, check_batch
from touchstone.engines.native.encoder_lowering import lower_encoder
from touchstone.engines.native.executor import Executor
from touchstone.engines.native.machine import fields
from touchstone.engines.native.machine.fields import BODY, HEAD
from touchstone.engines.native.memory import Memory
from touchstone.engines.native.plan import Plan, make_plan
from touchstone.engines.native.tables import Tables
from touchstone.programs.program import Rows
from touchstone.programs.validate import validate

STEP_ROWS = 512
"""Rows of a step at most, unless a single sequence has more: its values then stay in the cache."""

_NO_PAGES = np.zeros((1, 1), np.int64)


class NativeEncoder:
    """Runs a model that is not causal. See `interface.Engine`.

    `threads`: as many as there are processors if None. Nobody should trust it untested: see
    `encoder_selftest`.
    """

    def __init__(self, model: Runnable, threads: int | None = None) -> None:
        memory = Memory(model.tensors)
        self._program, self._shapes = model.program, validate(model.program)
        self._plan = make_plan(lower_encoder(model.program, memory))
        self._apart = make_plan(lower_encoder(model.program, memory, fused=False), apart=True)
        self._executor = Executor(memory, threads)
        self._busy = threading.Lock()

    def report(self) -> dict[str, Any]:
        """What runs where."""
        return {"device": "cpu", "engine": "native", "threads": self._executor.threads}

    def run(self, batch: Sequence[Int32]) -> list[Int32]:
        """See Engine.run. Raises InputError for a sequence that does not fit."""
        waiting, outputs = check_batch(self._program, batch), []
        while waiting:
            rows, count = len(waiting[0]), 1
            while count < len(waiting) and rows + len(waiting[count]) <= STEP_ROWS:
                rows, count = rows + len(waiting[count]), count + 1
            outputs += self._step(waiting[:count])
            waiting = waiting[count:]
        return outputs

    def _step(self, sequences: Sequence[Int32]) -> list[Int32]:
        shape, tables = self._shapes[self._program.output], tables_of(self._plan, sequences)
        with self._busy:
            arena = self._executor.arena(tables)
            tables.put_input(arena, np.concatenate(sequences))
            self._executor.run(tables, arena)
            if shape.rows is Rows.ONE:
                return list(tables.output(arena, HEAD, shape.width))
            found = tables.output(arena, BODY, shape.width)
        return np.split(found, np.cumsum([len(one) for one in sequences])[:-1])

    def replay(self, sequence: Int32) -> Iterator[tuple[int, Int32]]:
        """Every value of the program for one sequence, in order, the input first: its number and
        its elements, int32 [rows, groups, width].

        Raises InputError for a sequence that does not fit.
        """
        checked = check_batch(self._program, [sequence])
        tables = tables_of(self._apart, checked)
        arena = np.empty(tables.elements, np.int32)
        tables.put_input(arena, checked[0])
        yield 0, checked[0]
        done = 0
        for value in range(1, len(self._shapes)):
            end = self._apart.lowered.written[value]
            with self._busy:
                self._executor.run(tables, arena, done, end)
            shape, done = self._shapes[value], end
            yield value, tables.value(arena, value, shape, HEAD if shape.rows is Rows.ONE else BODY)


def tables_of(plan: Plan, sequences: Sequence[Int32]) -> Tables:
    """Tables for these sequences, one after the other."""
    lengths = np.array([len(one) for one in sequences])
    begins = np.cumsum(lengths) - lengths
    head = np.zeros((len(lengths), fields.ROW), np.int64)
    head[:, fields.SLOT] = head[:, fields.SOURCE] = np.arange(len(lengths))
    head[:, fields.BEGIN], head[:, fields.EXTENT] = begins, lengths
    body = np.repeat(head, lengths, axis=0)
    body[:, fields.SOURCE] = np.arange(len(body))
    body[:, fields.POSITION] = body[:, fields.SOURCE] - body[:, fields.BEGIN]
    counts = (len(body), len(head))
    return Tables(plan, np.concatenate([body, head]), counts, int(lengths.max()), _NO_PAGES)
