"""Executors that lie or keep silent. A node's configuration names one of the factories.

executor = "tests.cheats.executors:liar"
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

import numpy as np

from tests.cheats.tampering import flip, values_of
from touchstone.disputes.case import Case, case_of
from touchstone.programs import load_model
from touchstone.programs.manifest import Manifest
from touchstone.programs.model import MANIFEST
from touchstone.transcripts.transcript import Replay, body_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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

    def body(self, model: ModelId, batch: list[Int32]) -> bytes:
        return secrets.token_bytes(32)

    def case(self, model, payload, sequences, output, *, strong: bool) -> None:
        """It has executed nothing that it could show."""

    def describe(self) -> str:
        return "lies"


class Tamperer:
    """Runs the model, but flips one bit on the way, and can show every step of that."""

    def __init__(self, served: Sequence[Served], value: int, bit: int) -> None:
        self._models = {one.offer.model: load_model(one.offer.folder) for one in served}
        self._tamper = flip(0, value, 0, bit)

    def run(self, model: ModelId, batch: list[Int32]) -> list[Int32]:
        program = self._models[model].program
        return [self._values(model, i, s)[program.output][0, 0] for i, s in enumerate(batch)]

    def case(
        self,
        model: ModelId,
        payload: bytes,
        sequences: list[Int32] | None,
        output: bytes,
        *,
        strong: bool,
    ) -> Case:
        replay = self._replay(model, sequences or [])
        return case_of(self._models[model], replay, payload, sequences, output, strong)

    def body(self, model: ModelId, batch: list[Int32]) -> bytes:
        return body_of(self._replay(model, batch), batch)

    def _replay(self, model: ModelId, batch: list[Int32]) -> Replay:
        numbers = {s.tobytes(): i for i, s in enumerate(batch)}

        def replay(sequence: Int32) -> Iterator[tuple[int, Int32]]:
            yield from enumerate(self._values(model, numbers[sequence.tobytes()], sequence))

        return replay

    def describe(self) -> str:
        return "tampers"

    def _values(self, model: ModelId, number: int, sequence: Int32) -> list[Int32]:
        return values_of(self._models[model], self._tamper, number, sequence)


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


def tamperer(node: NodeSection, served: Sequence[Served]) -> Tamperer:
    """Flips a bit in the feed-forward product of an early layer."""
    model = load_model(served[0].offer.folder)
    value = next(
        v
        for v, operator in enumerate(model.program.operators, start=1)
        if operator.label.endswith("layer.2.0.inner")
    )
    return Tamperer(served, value, 17)


def colluder(node: NodeSection, served: Sequence[Served]) -> Liar:
    return Liar(served, 20)


def silent(node: NodeSection, served: Sequence[Served]) -> Silent:
    return Silent(served, 0)


def early_tamperer(node: NodeSection, served: Sequence[Served]) -> Tamperer:
    """Flips a bit in the third value of whatever model."""
    return Tamperer(served, 3, 17)
