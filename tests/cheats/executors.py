"""Executors that lie or keep silent. A node's configuration names one of the factories.

executor = "tests.cheats.executors:liar"
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

import numpy as np

from tests.cheats.causal import flip_at, read_prompt, read_rows, stacked
from tests.cheats.tampering import flip, values_of
from touchstone.disputes.case import Case, case_of
from touchstone.engines.causal_reference import CausalReference
from touchstone.programs import load_model, load_part
from touchstone.programs.manifest import Manifest
from touchstone.programs.model import MANIFEST
from touchstone.programs.program import InputKind, InputSpec
from touchstone.protocol.generation import decode_prompts, unseen
from touchstone.transcripts.transcript import Replay, body_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from provider.config import NodeSection
    from provider.offers import Part, Served
    from touchstone.engines.interface import Reader
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
        return body_of(self._models[part].program, self._replay(part, batch), batch)

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


class WritingTamperer:
    """Writes with one bit flipped on the way, so that another text follows; can show every step."""

    def __init__(self, served: Sequence[Served], label: str, bit: int) -> None:
        self._models = {o.offer.part: load_part(o.offer.folder, o.offer.shard) for o in served}
        self._label, self._bit = label, bit
        self._runs: list[list[Int32]] = []

    def run(self, part: Part, batch: list[Int32], seen: Seen) -> list[Int32]:
        model = self._models[part]
        labels = [operator.label for operator in model.program.operators]
        value = labels.index(self._label) + 1
        self._runs = []
        outputs = []
        for number, prompt in enumerate(decode_prompts(batch)):
            tamper = flip_at(number, len(prompt.tokens), value, 0, self._bit)
            self._runs.append(stacked(read_prompt(model, number, prompt, tamper)))
            written = self._runs[-1][model.program.output][:, 0, 0]
            outputs.append(written[len(prompt.tokens) - 1 :])
        return outputs

    def reads(self, part: Part) -> InputSpec:
        return self._models[part].program.input

    def body(self, part: Part, batch: list[Int32]) -> bytes:
        return body_of(self._models[part].program, self._replay, batch)

    def case(
        self,
        part: Part,
        payload: bytes,
        sequences: list[Int32] | None,
        output: bytes,
        *,
        strong: bool,
    ) -> Case:
        self.run(part, sequences or [], unseen)
        return case_of(self._models[part], self._replay, payload, sequences, output, strong)

    def describe(self) -> str:
        return "tampers with what it writes"

    def _replay(self, rows: Int32) -> Iterator[tuple[int, Int32]]:
        """The run that began with these rows."""
        yield from enumerate(
            next(run for run in self._runs if np.array_equal(run[0][: len(rows), 0], rows))
        )


class ShardTamperer(WritingTamperer):
    """Drafts honestly with a shard, and then claims with one bit flipped at the last row."""

    def run(self, part: Part, batch: list[Int32], seen: Seen) -> list[Int32]:
        model = self._models[part]
        value = [operator.label for operator in model.program.operators].index(self._label) + 1
        self._runs = []
        for number, flat in enumerate(batch):
            rows = flat.reshape(-1, model.program.input.width)
            tamper = flip_at(number, len(rows) - 1, value, 0, self._bit)
            self._runs.append(stacked(read_rows(model, number, rows, tamper)))
        return [run[model.program.output][:, 0].reshape(-1) for run in self._runs]

    def reader(self, part: Part) -> Reader:
        return CausalReference(self._models[part]).reader()


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


def writing_tamperer(node: NodeSection, served: Sequence[Served]) -> WritingTamperer:
    """Flips a high bit of what the second layer adds, at the first token that the model reads
    again, so that another text follows."""
    return WritingTamperer(served, "layer.1.down", 25)


def shard_tamperer(node: NodeSection, served: Sequence[Served]) -> ShardTamperer:
    """Flips a high bit of what the second layer adds."""
    return ShardTamperer(served, "layer.1.down", 25)


def colluder(node: NodeSection, served: Sequence[Served]) -> Liar:
    return Liar(served, 20)


def silent(node: NodeSection, served: Sequence[Served]) -> Silent:
    return Silent(served, 0)


def early_tamperer(node: NodeSection, served: Sequence[Served]) -> Tamperer:
    """Flips a bit in the third value of whatever model."""
    return Tamperer(served, 3, 17)
