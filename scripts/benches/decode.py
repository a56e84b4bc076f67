"""Writing, token by token: the exact engine beside transformers in float32 and bfloat16.

All run one model on the same prompts in the same process, in turns, on as many threads.
`speedup_*` is time per token in transformers over that in the exact engine (above 1: the exact
engine is faster); `_b8` is for eight sequences at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from _language import DTYPES, best_in_turns, exact, floating, subjects

from touchstone.engines.native.engine import NativeEngine
from touchstone.engines.native.step import Feed
from touchstone.protocol.generation import Prompt, Sampling

PROMPT, TOKENS, ROUNDS = 64, 4, 8
"""A prompt's length; tokens written in a round, by each side; rounds."""

BATCHES = (1, 8)


def run() -> dict[str, float]:
    """Tokens per second of all sequences together, and speedups."""
    figures: dict[str, float] = {}
    with subjects() as found:
        for prefix, source in found.items():
            engine = exact(source)
            models = {name: floating(source, name) for name in DTYPES}
            for batch in BATCHES:
                sides = [Exact(engine, batch), *(Floating(m, batch) for m in models.values())]
                times = best_in_turns([side.write for side in sides], ROUNDS)
                for name, taken in zip(["exact", *models], times, strict=True):
                    figures[f"{prefix}tokens_per_second_{name}_b{batch}"] = TOKENS * batch / taken
                for name, taken in zip(models, times[1:], strict=True):
                    figures[f"{prefix}speedup_{name}_b{batch}"] = taken / times[0]
    return figures


def prompts(batch: int) -> Any:
    return np.random.default_rng(3).integers(0, 256, (batch, PROMPT)).astype(np.int32)


class Exact:
    """Goes on with its sequences at each call."""

    def __init__(self, engine: NativeEngine, batch: int) -> None:
        self.engine = engine
        self.prompts = [Prompt(tokens, Sampling.of(512)) for tokens in prompts(batch)]
        self.sessions = [engine.session() for _ in self.prompts]
        self.rows = [prompt.rows() for prompt in self.prompts]

    def write(self) -> None:
        for _ in range(TOKENS):
            feeds = [Feed(s, rows, 1) for s, rows in zip(self.sessions, self.rows, strict=True)]
            # A stop, should there be one, is read like any other token.
            tokens = [max(int(found[0, 0]), 0) for found in self.engine.step(feeds)]
            both = zip(self.prompts, tokens, strict=True)
            self.rows = [prompt.rows([token])[-1:] for prompt, token in both]


class Floating:
    """The same with transformers and its cache."""

    def __init__(self, model: Any, batch: int) -> None:
        self.model, self.cache = model, None
        self.tokens = torch.from_numpy(prompts(batch).astype(np.int64))

    @torch.inference_mode()
    def write(self) -> None:
        for _ in range(TOKENS):
            found = self.model(self.tokens, past_key_values=self.cache, use_cache=True,
                               logits_to_keep=1)  # fmt: skip
            self.cache = found.past_key_values
            self.tokens = found.logits[:, -1:].argmax(dim=-1)
