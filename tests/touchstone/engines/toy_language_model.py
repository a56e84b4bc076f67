"""A language model of one layer with random weights, written by hand, whole and in two shards."""

from __future__ import annotations

import numpy as np

from tests.touchstone.engines.random_programs import built
from touchstone.arithmetic.tables import noise_table, silu_table, weight_table
from touchstone.programs import InputKind, InputSpec, Model
from touchstone.programs.builder import ProgramBuilder
from touchstone.programs.program import ORDER_WIDTH

VOCABULARY, HIDDEN, HEADS, KEY_HEADS, HEAD, INNER, LENGTH, LAYERS = 50, 16, 4, 2, 4, 24, 96, 2
STOP = 7


class LanguageModel:
    """Writes its parts into a builder."""

    def __init__(self, kind: InputKind, width: int) -> None:
        self.builder = ProgramBuilder(InputSpec(kind, width, LENGTH, causal=True))

    def embed(self) -> int:
        table = _random(0).integers(-127, 128, (VOCABULARY, HIDDEN)).astype(np.int8)
        scale = np.full(VOCABULARY, 1 << 14, np.int32)
        return self.builder.add("embed_tokens", "embed", (0,), (table, scale), scale_bits=6)

    def layer(self, x: int, number: int) -> int:
        add, seeds = self.builder.add, iter(range(10 * number + 1, 10 * number + 11))
        normal = self.norm(x)
        q = self.matmul(normal, HEADS * HEAD, next(seeds), HEADS)
        k = self.matmul(normal, KEY_HEADS * HEAD, next(seeds), KEY_HEADS)
        v = self.matmul(normal, KEY_HEADS * HEAD, next(seeds), KEY_HEADS)
        angles = np.arange(LENGTH)[:, None] * np.array([1.0, 0.1])
        tables = [np.rint(f(angles) * 2**20).astype(np.int32) for f in (np.cos, np.sin)]
        q, k = (add("rotate", "rotate", (one,), tables) for one in (q, k))
        scores = add(
            "causal_scores", "scores", (q, self.peak(q), k, self.peak(k)),
            row_bits=9, key_bits=9, factor=65536, factor_bits=17,
        )  # fmt: skip
        highest = add("row_max", "highest", (scores,))
        weights = add("exp", "weights", (scores, highest), (weight_table(),))
        total = add("row_sum", "total", (weights,))
        mixed = add("causal_mix", "mix", (weights, total, v, self.peak(v)), row_bits=14)
        out = self.matmul(add("join", "join", (mixed,)), HIDDEN, next(seeds))
        x = add("add", "attended", (x, out))
        normal = self.norm(x)
        gate, up = (self.matmul(normal, INNER, next(seeds)) for _ in range(2))
        gate = add("lookup", "silu", (gate,), (silu_table(),), low=-8 << 16, identity_above=1)
        inner = add("multiply", "inner", (gate, up))
        return add("add", "layer", (x, self.matmul(inner, HIDDEN, next(seeds))))

    def sample(self, x: int, order: int) -> int:
        add = self.builder.add
        logits = self.matmul(self.norm(x), VOCABULARY, 99)
        tempered = add("temper", "temper", (logits, order))
        highest = add("row_max", "highest", (tempered,))
        noisy = add("perturb", "noise", (tempered, highest, order), (noise_table(),))
        token = add("argmax", "argmax", (noisy,))
        return add("emit", "emit", (token, order), (np.array([STOP], np.int32),))

    def norm(self, x: int) -> int:
        add, peak = self.builder.add, self.peak(x)
        square = add("mean_square", "square", (x, peak))
        root = add("inverse_root", "root", (square, peak), epsilon=1 << 42)
        gain, bias = np.full(HIDDEN, 1 << 16, np.int32), np.zeros(HIDDEN, np.int32)
        return add("scale_row", "norm", (x, peak, root), (gain, bias), gain_bits=16)

    def peak(self, x: int) -> int:
        return self.builder.add("peak", "peak", (x,))

    def matmul(self, x: int, wide: int, seed: int, groups: int = 1) -> int:
        deep = self.builder.shapes[x].groups * self.builder.shapes[x].width
        weight = _random(seed).integers(-127, 128, (wide, deep)).astype(np.int8)
        scale, bias = np.full(wide, 1 << 17, np.int32), np.zeros(wide, np.int32)
        return self.builder.add(
            "matmul", "product", (x, self.peak(x)), (weight, scale, bias),
            row_bits=14, scale_bits=26, groups=groups,
        )  # fmt: skip


def whole() -> Model:
    """From orders to tokens."""
    parts = LanguageModel(InputKind.PROMPT, ORDER_WIDTH)
    x = parts.embed()
    for layer in range(LAYERS):
        x = parts.layer(x, layer)
    return built(parts.builder, parts.sample(x, 0))


def halves() -> tuple[Model, Model]:
    """The same as two shards: from orders to rows with the order behind them, and on to tokens."""
    first = LanguageModel(InputKind.ROWS, ORDER_WIDTH)
    rows = first.layer(first.embed(), 0)
    front = built(first.builder, first.builder.add("concat", "rows", (rows, 0)))
    second = LanguageModel(InputKind.ROWS, HIDDEN + ORDER_WIDTH)
    add = second.builder.add
    x = add("slice", "hidden", (0,), start=0, width=HIDDEN)
    order = add("slice", "order", (0,), start=HIDDEN, width=ORDER_WIDTH)
    return front, built(second.builder, second.sample(second.layer(x, 1), order))


def _random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)
