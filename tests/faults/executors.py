"""Executors of one deterministic function that needs no torch: quick, and as slow as is told."""

import os
import time

import numpy as np

from touchstone.programs.manifest import Manifest
from touchstone.programs.model import MANIFEST
from touchstone.programs.program import InputKind, InputSpec


class Quick:
    """A row of the model's width for each sequence."""

    def __init__(self, served):
        self._widths = {
            one.offer.part: Manifest.from_json(
                (one.offer.folder / MANIFEST).read_bytes()
            ).output_width
            for one in served
        }

    def run(self, part, batch, seen):
        steps = np.arange(1, self._widths[part] + 1, dtype=np.int64)
        return [(int(np.sum(s, dtype=np.int64)) * steps % 65521).astype(np.int32) for s in batch]

    def reads(self, part):
        return InputSpec(InputKind.TOKENS, 1, 512)

    def body(self, part, batch):
        return bytes(32)

    def case(self, part, payload, sequences, output, *, strong):
        """Nothing that a referee could judge."""

    def describe(self):
        return "quick"


class Slow(Quick):
    """Takes SECONDS_A_JOB for each batch, but little for those of the start."""

    def __init__(self, served):
        super().__init__(served)
        self._seconds = float(os.environ["SECONDS_A_JOB"])
        self._trials = 2

    def run(self, part, batch, seen):
        # Its measured speed is true: the trial's batch takes its share.
        rows = sum(len(s) for s in batch)
        time.sleep(self._seconds * rows / float(os.environ["ROWS_A_JOB"]))
        return super().run(part, batch, seen)


def quick(node, served):
    return Quick(served)


def slow(node, served):
    return Slow(served)
