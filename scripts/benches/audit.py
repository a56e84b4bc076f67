"""What it costs to check a generation of 256 tokens, as a share of what it cost to write it.

Writing takes one step for each token. Since decoding and prefill give the same bytes, an auditor
reads prompt and answer at once (`PromptRunner.check`). One prompt of 64 tokens at a time, greedy
and sampled; each check ends in the very bytes that were written. `demo_*` is the demo's model,
whose texts may stop sooner.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from _language import compiled, subjects

from touchstone.engines.runner import Runner, make_runner
from touchstone.protocol.generation import Prompt, Sampling, encode_prompts

PROMPT, NEW = 64, 256
SAMPLINGS = (Sampling.of(NEW), Sampling.of(NEW, temperature=0.8, min_p=0.05, seed=3))


def run() -> dict[str, float]:
    """Ratios of seconds, and tokens per second."""
    figures: dict[str, float] = {}
    with subjects() as found:
        for prefix, source in found.items():
            wrote, checked, tokens = _measured(make_runner(compiled(source)))
            figures[f"{prefix}cost_ratio_256"] = checked / wrote
            figures[f"{prefix}tokens_written"] = tokens
            figures[f"{prefix}written_per_second"] = tokens / wrote
            figures[f"{prefix}checked_per_second"] = tokens / checked
    return figures


def _measured(runner: Runner) -> tuple[float, float, int]:
    """Seconds of writing and of checking, and how many tokens that were."""
    prompt = np.random.default_rng(3).integers(0, 256, PROMPT).astype(np.int32)
    wrote, checked, tokens = 0.0, 0.0, 0
    for sampling in SAMPLINGS:
        batch = encode_prompts([Prompt(prompt, sampling)])
        seconds, output = _timed(lambda batch=batch: runner.run(batch))
        wrote += seconds
        seconds, found = _timed(lambda batch=batch, output=output: runner.check(batch, output))
        checked += seconds
        assert np.array_equal(found[0], output[0])
        tokens += int((output[0] >= 0).sum())
    return wrote, checked, tokens


def _timed(call: Any) -> tuple[float, Any]:
    """Best seconds of two calls, and what they gave."""
    best = float("inf")
    for _ in range(2):
        began = perf_counter()
        found = call()
        best = min(best, perf_counter() - began)
    return best, found
