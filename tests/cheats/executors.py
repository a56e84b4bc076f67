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
from touchstone.programs.program import InputKind, InputSpec
from touchstone.transcripts.transcript import Replay, body_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from provider.config import NodeSection
    from provider.offers import Part, Served
    from touchstone.protocol.generation import Seen

    Int32 = NDArray[np.int32]


class Liar:
    """Saves itself the work and answers with numbers of the right shape.

    Two liars that share a seed collude: they give the same wrong answer.
    """

    def __init__(self, served: Sequence[Served], seed: int) -> None:
        self._widths = {
            one.offer.part: Manifest.from_json(
                (one.offer.folder / MANIFEST).read_bytes()
            ).output_width
            for one in served
        }
        self._seed = seed

    def run(self, part: Part, batch: list[Int32], seen: Seen) -> list[Int32]:
        rng = np.random.default_rng(self._seed)
        return [
            rng.integers(-(1 << 14), 1 << 14, self._widths[part], dtype=np.int32) for _ in batch
        ]

    def reads(self, part: Part) -> InputSpec:
        return InputSpec(InputKind.TOKENS, 1, 512)

    def body(self, part: Part, batch: list[Int32]) -> bytes:
        return secrets.token_bytes(32)

    def case(self, part, payload, sequences, output, *, strong: bool) -> None:
        """It has executed nothing that it could show."""

    def describe(self) -> str:
        return "lies"


class Tamperer:
    """Runs the model, but flips one bit on the way, and can show every step of that."""

    def __init__(self, served: Sequence[Served], value: int, bit: int) -> None:
        self._models = {one.offer.part: load_model(one.offer.folder) for one in served}
        self._tamper = flip(0, value, 0, bit)

    def run(self, part: Part, batch: list[Int32], seen: Seen) -> list[Int32]:
        program = self._models[part].program
        return [self._values(part, i, s)[program.output][0, 0] for i, s in enumerate(batch)]

    def case(
        self,
        part: Part,
        payload: bytes,
        sequences: list[Int32] | None,
        output: bytes,
        *,
        strong: bool,
    ) -> Case:
        replay = self._replay(part, sequences or [])
        return case_of(self._models[part], replay, payload, sequences, output, strong)

    def body(self, part: Part, batch: list[Int32]) -> bytes:
        return body_of(self._replay(part, batch), batch)

    def _replay(self, part: Part, batch: list[Int32]) -> Replay:
        numbers = {s.tobytes(): i for i, s in enumerate(batch)}

        def replay(sequence: Int32) -> Iterator[tuple[int, Int32]]:
            yield from enumerate(self._values(part, numbers[sequence.tobytes()], sequence))

        return replay

    def reads(self, part: Part) -> InputSpec:
        return self._models[part].program.input

    def describe(self) -> str:
        return "tampers"

    def _values(self, part: Part, number: int, sequence: Int32) -> list[Int32]:
        return values_of(self._models[part], self._tamper, number, sequence)


class Silent(Liar):
    """Passes the node's own trial at its start, then takes jobs and never finishes one."""

    _trials = 2

    def run(self, part: Part, batch: list[Int32], seen: Seen) -> list[Int32]:
        while self._trials == 0:
            time.sleep(3600)
        self._trials -= 1
        return super().run(part, batch, seen)

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
