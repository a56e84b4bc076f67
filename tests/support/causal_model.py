"""Causal models with seeded weights, small enough for tests: one that reads prompts, and a shard of
it that reads rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from touchstone.arithmetic.tables import noise_table, weight_table
from touchstone.chain.registry import Registry
from touchstone.chain.sender import Sender
from touchstone.programs import InputKind, InputSpec, program_root
from touchstone.programs.builder import ProgramBuilder
from touchstone.programs.program import ORDER_WIDTH, Program
from touchstone.protocol.ids import model_id

VOCABULARY, HIDDEN, LENGTH = 50, 16, 32
HEADS, KV_HEADS, HEAD = 4, 2, 4
STOP = 7
UNIT_ROWS = 8


@dataclass(frozen=True)
class CausalModel:
    """As much of a model as disputes need."""

    program: Program
    tensors: Any

    @property
    def manifest(self) -> Any:
        return SimpleNamespace(program_root=program_root(self.program))


class _Writer:
    """Writes a model with random weights, operator by operator."""

    def __init__(self, spec: InputSpec) -> None:
        self.builder = ProgramBuilder(spec)
        self._random = np.random.default_rng(0)

    def weights(self, outputs: int) -> np.ndarray:
        return self._random.integers(-127, 128, (outputs, HIDDEN)).astype(np.int8)

    def linear(self, x: int, outputs: int, groups: int = 1, scale: int = 1 << 17) -> int:
        add, zeros = self.builder.add, np.zeros(outputs, np.int32)
        constants = (self.weights(outputs), np.full(outputs, scale, np.int32), zeros)
        rest = {"row_bits": 14, "scale_bits": 26, "groups": groups}
        return add("matmul", "linear", (x, add("peak", "peak", (x,))), constants, **rest)

    def block(self, x: int) -> int:
        """Attention over all positions so far, added to the row."""
        add = self.builder.add
        q = self.linear(x, HEADS * HEAD, HEADS)
        k, v = (self.linear(x, KV_HEADS * HEAD, KV_HEADS) for _ in range(2))
        angles = np.arange(LENGTH)[:, None] * np.array([1.0, 0.1])
        turns = [np.rint(f(angles) * 2**20).astype(np.int32) for f in (np.cos, np.sin)]
        q, k = (add("rotate", "rotate", (row,), turns) for row in (q, k))
        peaks = [add("peak", "peak", (row,)) for row in (q, k, v)]
        scale = {"row_bits": 9, "key_bits": 9, "factor": 65536, "factor_bits": 17}
        scores = add("causal_scores", "scores", (q, peaks[0], k, peaks[1]), **scale)
        highest = add("row_max", "highest", (scores,))
        shares = add("exp", "shares", (scores, highest), (weight_table(),))
        total = add("row_sum", "total", (shares,))
        mixed = add("causal_mix", "mix", (shares, total, v, peaks[2]), row_bits=14)
        return add("add", "sum", (x, self.linear(add("join", "join", (mixed,)), HIDDEN)))


@cache
def prompt_model() -> CausalModel:
    """Reads prompts of up to LENGTH positions; STOP ends an answer."""
    writer = _Writer(InputSpec(InputKind.PROMPT, ORDER_WIDTH, LENGTH, True))
    add = writer.builder.add
    scales = np.full(VOCABULARY, 1 << 18, np.int32)
    x = writer.block(add("embed_tokens", "embed", (0,), (writer.weights(VOCABULARY), scales),
                         scale_bits=8))  # fmt: skip
    logits = add("temper", "temper", (writer.linear(x, VOCABULARY, scale=1 << 16), 0))
    highest = add("row_max", "highest", (logits,))
    noisy = add("perturb", "perturb", (logits, highest, 0), (noise_table(),))
    chosen = add("argmax", "argmax", (noisy,))
    stops = np.array([STOP], np.int32)
    output = add("emit", "emit", (chosen, 0), (stops,))
    return CausalModel(writer.builder.program(output), writer.builder.tensors)


@cache
def rows_model() -> CausalModel:
    """Reads and writes rows of HIDDEN elements."""
    writer = _Writer(InputSpec(InputKind.ROWS, HIDDEN, LENGTH, True))
    return CausalModel(writer.builder.program(writer.block(0)), writer.builder.tensors)


def publisher_of_causal(model: CausalModel, name: str = "causal", max_rows: int = LENGTH):
    """Publishes the model; what `small_world` wants as `publish`."""

    def publish(devnet, deployment):
        root = model.manifest.program_root
        call = Registry(devnet.w3, deployment).publish(
            name, "1", root, b"w" * 32, [root], modes=3, unit_rows=UNIT_ROWS, max_rows=max_rows
        )
        Sender(devnet.w3, devnet.account(0), poll_s=0.02).send(call)
        return model_id(name, "1")

    return publish
