"""The constants of a program, and the threads that run its instructions on them."""

from __future__ import annotations

import os
import sys

import numpy as np

from touchstone.engines.interface import Int32
from touchstone.engines.native.machine import fields
from touchstone.engines.native.machine.execute import machine
from touchstone.engines.native.memory import Memory
from touchstone.engines.native.tables import Tables
from touchstone.engines.native.team import Team


class Executor:
    """Runs steps, one after the other. `threads`: as many as there are processors if None."""

    def __init__(self, memory: Memory, threads: int | None) -> None:
        self.constants, self.weights = memory.arrays()
        self._team = Team(threads or _processors())
        self._run = machine()
        self._arena = np.empty(0, np.int32)

    @property
    def threads(self) -> int:
        """How many threads work together."""
        return self._team.size

    def arena(self, tables: Tables) -> Int32:
        """An arena large enough, the same again and again."""
        if len(self._arena) < tables.elements:
            self._arena = np.empty(tables.elements, np.int32)
        return self._arena

    def run(self, tables: Tables, arena: Int32, first: int = 0, last: int | None = None) -> None:
        """Runs stages `first` to `last` of a step, the last one left out; all if None."""
        stages = tables.plan.stages
        settings = np.zeros(fields.SETTINGS, np.int64)
        settings[[fields.COUNT_0, fields.COUNT_1]] = tables.counts
        settings[fields.STRIDE] = tables.stride
        settings[fields.THREADS] = self.threads
        settings[fields.ROW_RUN] = max(1, min(16, tables.counts[0] // (4 * self.threads)))
        settings[fields.FIRST_STAGE] = first
        settings[fields.LAST_STAGE] = len(stages) if last is None else last
        counters = np.zeros(2 * len(stages), np.int64)
        self._team.run(
            self._run, stages, tables.codes, tables.infos, tables.pages, arena,
            arena.view(np.int16), self.constants, self.weights, settings, counters,
        )  # fmt: skip


def _processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
