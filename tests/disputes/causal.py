"""What executions of a causal model give: the lab of `arena` for programs that go position by
position."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, cached_property

import numpy as np

from tests.cheats.causal import CausalTamper, read_prompt, read_rows, right, stacked
from tests.cheats.folding import FoldingCase
from tests.disputes.arena import JOB_SALT, Execution, Lab
from tests.support.causal_model import VOCABULARY, prompt_model, rows_model
from touchstone.disputes.case import Case
from touchstone.engines.interface import Int32
from touchstone.programs.program import InputKind
from touchstone.protocol.generation import Prompt, Sampling, decode_prompts, encode_prompts
from touchstone.protocol.inputs import positions_in
from touchstone.protocol.payload import encode_payload, payload_root
from touchstone.transcripts.transcript import Transcript, body_of


class CausalLab(Lab):
    """A causal model, and a payload's sequences."""

    @property
    def positions(self) -> list[int]:
        """Of each sequence of the transcript."""
        return positions_in(self.model.program.input, self.sequences)

    @property
    def rows(self) -> int:
        return sum(self.positions)

    def execute(
        self,
        tamper: CausalTamper = right,
        edit: Callable[[bytes], bytes] = lambda output: output,
        *,
        strong: bool = False,
    ) -> Execution:
        """Runs the job as a party would that tampers with it, or edits its output."""
        program = self.model.program
        values = list(self._honest)
        if tamper is not right:
            given = self._given()[tamper.sequence]
            values[tamper.sequence] = self._run(tamper.sequence, given, tamper)
        read = [run[0][:, 0] for run in values]

        def replay(rows: Int32) -> Iterator[tuple[int, Int32]]:
            # A transcript replays the beginning of what it was given.
            number = next(
                i for i, all_ in enumerate(read) if np.array_equal(all_[: len(rows)], rows)
            )
            yield from enumerate(values[number])

        output = edit(encode_payload([self._output(i, run) for i, run in enumerate(values)]))
        if strong:
            output = body_of(program, replay, read) + output
        kind = Case if tamper is right else FoldingCase
        case = kind(
            program,
            self.model.manifest.program_root,
            self.model.tensors,
            self.payload,
            Transcript(program, replay, read, output),
            strong,
            self.builder,
        )
        return Execution(case, output, payload_root(output, JOB_SALT), {})

    def _given(self) -> list:
        spec = self.model.program.input
        if spec.kind is InputKind.PROMPT:
            return list(decode_prompts(self.sequences))
        return [rows.reshape(-1, spec.width) for rows in self.sequences]

    @cached_property
    def _honest(self) -> list[list[Int32]]:
        return [self._run(i, given, right) for i, given in enumerate(self._given())]

    def _run(self, number: int, given, tamper: CausalTamper) -> list[Int32]:
        """All values of a sequence."""
        read = read_prompt if isinstance(given, Prompt) else read_rows
        return stacked(read(self.model, number, given, tamper))

    def _output(self, number: int, values: list[Int32]) -> Int32:
        found, given = values[self.model.program.output], self._given()[number]
        first = len(given.tokens) - 1 if isinstance(given, Prompt) else 0
        return found[first:].reshape(-1)


@cache
def prompt_lab() -> CausalLab:
    """Prompts of several lengths, greedy and sampled; the first answer ends before its time."""
    random = np.random.default_rng(8)

    def prompt(tokens: list[int], new: int, temperature: float, seed: int) -> Prompt:
        return Prompt(np.array(tokens, np.int32), Sampling.of(new, temperature, seed=seed))

    some = random.integers(0, VOCABULARY, 7).tolist()
    prompts = [prompt([28, 23, 35], 12, 0.8, 35), prompt(some, 5, 1.2, (1 << 40) + 3),
               prompt([6], 1, 0.0, 9)]  # fmt: skip
    return CausalLab(prompt_model(), encode_prompts(prompts))


@cache
def rows_lab() -> CausalLab:
    """Rows of two lengths."""
    model, random = rows_model(), np.random.default_rng(9)
    width = model.program.input.width
    rows = [random.integers(-(1 << 18), 1 << 18, n * width).astype(np.int32) for n in (11, 2)]
    return CausalLab(model, rows)
