"""Reading a prompt of 512 tokens: the exact engine beside transformers in float32 and bfloat16.

All run one model in the same process, in turns, on as many threads, and give the output of the last
position only. `speedup_*` is time in transformers over that in the exact engine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from _language import DTYPES, best_in_turns, exact, floating, subjects

from touchstone.engines.native.engine import NativeEngine
from touchstone.engines.native.step import Feed
from touchstone.protocol.generation import Prompt, Sampling

ROUNDS = 4
LENGTH = 512


def run() -> dict[str, float]:
    """Seconds and speedups. A model that takes fewer positions reads as many as it takes."""
    figures: dict[str, float] = {}
    with subjects() as found:
        for prefix, source in found.items():
            engine = exact(source)
            models = {name: floating(source, name) for name in DTYPES}
            length = min([LENGTH, *(m.config.max_position_embeddings for m in models.values())])
            tokens = np.random.default_rng(3).integers(0, 256, length).astype(np.int32)
            sides = [lambda t=tokens, e=engine: read_exact(e, t)]
            sides += [lambda t=tokens, m=m: read_floating(m, t) for m in models.values()]
            times = best_in_turns(sides, ROUNDS)
            for name, taken in zip(["exact", *models], times, strict=True):
                figures[f"{prefix}seconds_{name}_{length}"] = taken
            for name, taken in zip(models, times[1:], strict=True):
                figures[f"{prefix}speedup_{name}_{length}"] = taken / times[0]
    return figures


def read_exact(engine: NativeEngine, tokens: Any) -> None:
    engine.step([Feed(engine.session(), Prompt(tokens, Sampling.of(1)).rows(), 1)])


@torch.inference_mode()
def read_floating(model: Any, tokens: Any) -> None:
    model(torch.from_numpy(tokens.astype(np.int64))[None], logits_to_keep=1)
