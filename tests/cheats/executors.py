"""Executors that lie or keep silent. A node's configuration names one of the factories.

executor = "tests.cheats.executors:liar"
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

import numpy as np

from touchstone.programs.manifest import Manifest
from touchstone.programs.model import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from provider.config import NodeSection
    from provider.offers import Served
    from touchstone.protocol.ids import ModelId

    Int32 = NDArray[np.int32]


class Liar:
    """Saves itself the work and answers with numbers of the right shape.

    Two liars that share a seed collude: they give the same wrong answer.
    """

    def __init__(self, served: Sequence[Served], seed: int) -> None:
        self._widths = {
            one.offer.model: Manifest.from_json(
                (one.offer.folder / MANIFEST).read_bytes()
            ).output_width
            for one in served
        }
        self._seed = seed

    def run(self, model: ModelId, batch: list[Int32]) -> list[Int32]:
        rng = np.random.default_rng(self._seed)
        return [
            rng.integers(-(1 << 14), 1 << 14, self._widths[model], dtype=np.int32) for _ in batch
        ]

    def describe(self) -> str:
        return "lies"


class Silent(Liar):
    """Passes the node's own trial at its start, then takes jobs and never finishes one."""

    _trials = 2

    def run(self, model: ModelId, batch: list[Int32]) -> list[Int32]:
        while self._trials == 0:
            time.sleep(3600)
        self._trials -= 1
        return super().run(model, batch)

    def describe(self) -> str:
        return "silence"


def liar(node: NodeSection, served: Sequence[Served]) -> Liar:
    return Liar(served, secrets.randbits(32))


def colluder(node: NodeSection, served: Sequence[Served]) -> Liar:
    return Liar(served, 20)


def silent(node: NodeSection, served: Sequence[Served]) -> Silent:
    return Silent(served, 0)
