"""Executors of one deterministic function that needs no torch: quick, and as slow as is told."""

import os
import time

import numpy as np

from touchstone.programs.manifest import Manifest
from touchstone.programs.model import MANIFEST


class Quick:
    """A row of the model's width for each sequence."""

    def __init__(self, served):
        self._widths = {
            one.offer.model: Manifest.from_json(
                (one.offer.folder / MANIFEST).read_bytes()
            ).output_width
            for one in served
        }

    def run(self, model, batch):
        steps = np.arange(1, self._widths[model] + 1, dtype=np.int64)
        return [(int(np.sum(s, dtype=np.int64)) * steps % 65521).astype(np.int32) for s in batch]

    def body(self, model, batch):
        return bytes(32)

    def case(self, model, payload, sequences, output, *, strong):
        """Nothing that a referee could judge."""

    def describe(self):
        return "quick"


class Slow(Quick):
    """Takes SECONDS_A_JOB for each batch, but little for those of the start."""

    def __init__(self, served):
        super().__init__(served)
        self._seconds = float(os.environ["SECONDS_A_JOB"])
        self._trials = 2

    def run(self, model, batch):
        # Its measured speed is true: the trial's batch takes its share.
        rows = sum(len(s) for s in batch)
        time.sleep(self._seconds * rows / float(os.environ["ROWS_A_JOB"]))
        return super().run(model, batch)


def quick(node, served):
    return Quick(served)


def slow(node, served):
    return Slow(served)
