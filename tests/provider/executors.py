"""Executors for tests: fast, deterministic, and some that misbehave."""

import threading

import numpy as np

from touchstone.errors import InputError
from touchstone.programs.program import InputKind, InputSpec

TOKENS = InputSpec(InputKind.TOKENS, 1, 512)


GATE = threading.Event()
"""Opens `Gated` executors."""
SUM_GATED = False
"""Whether the jobs of `Summing` wait for it as well."""


class Doubling:
    """Twice each token plus one."""

    def run(self, part, batch, seen):
        return [(2 * s + 1).astype(np.int32) for s in batch]

    def reads(self, part):
        return TOKENS

    def body(self, part, batch):
        return bytes(32)

    def case(self, part, payload, sequences, output, *, strong):
        """Nothing that a referee could judge."""

    def describe(self):
        return "doubling"


class Summing(Doubling):
    """Reads piece by piece: behind each token, the sum of all so far. Its jobs can be held up."""

    def run(self, part, batch, seen):
        if SUM_GATED:
            GATE.wait(60)
        return super().run(part, batch, seen)

    def reader(self, part):
        return Sum()


class Sum:
    def __init__(self):
        self.length, self.total = 0, 0

    def read(self, rows):
        if self.length + len(rows) > 16:
            raise InputError("the model takes 16 positions")
        found = self.total + np.cumsum(rows, axis=0, dtype=np.int32)
        self.length, self.total = self.length + len(rows), found[-1, 0]
        return found


class Lying(Doubling):
    """Its own wrong answer."""

    def run(self, part, batch, seen):
        return [(2 * s + 2).astype(np.int32) for s in batch]


class Failing(Doubling):
    """Works while warming up, then breaks."""

    def __init__(self):
        self.calls = 0

    def run(self, part, batch, seen):
        self.calls += 1
        if self.calls > 2:
            raise RuntimeError("the secret is hunter2")
        return super().run(part, batch, seen)


class Short(Doubling):
    """Works while warming up, then loses an output."""

    def __init__(self):
        self.calls = 0

    def run(self, part, batch, seen):
        self.calls += 1
        return super().run(part, batch, seen)[: 1 if self.calls < 3 else -1]


class Gated(Doubling):
    """After warming up, waits until the gate is open."""

    def __init__(self):
        self.calls = 0

    def run(self, part, batch, seen):
        self.calls += 1
        if self.calls > 2:
            GATE.wait(60)
        return super().run(part, batch, seen)


def doubling(node, served):
    return Doubling()


def summing(node, served):
    return Summing()


def lying(node, served):
    return Lying()


def failing(node, served):
    return Failing()


def short(node, served):
    return Short()


def gated(node, served):
    return Gated()


not_a_factory = None
