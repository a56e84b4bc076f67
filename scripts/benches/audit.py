"""What it costs to check a generation of 256 tokens, as a share of what it cost to write it.

Writing takes one step for each token. Since decoding and prefill give the same bytes, an auditor
reads prompt and answer at once. The model is the demo's, with one prompt at a time, greedy and
sampled; the check ends in the very bytes that were written.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from touchstone.compilers import compile_model
from touchstone.engines.runner import make_runner
from touchstone.programs import load_model, tokenize
from touchstone.protocol.generation import Prompt, Sampling, encode_prompts

DEMO_MODEL = Path(__file__).resolve().parents[2] / "models" / "topics"
NEW = 256
PROMPTS = (
    'The "for" statement is used to',
    "An instance method is",
    "If a class defines",
    "The following example shows",
)


def run() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        compile_model(DEMO_MODEL, folder, "topics", "1")
        model = load_model(folder)
        runner = make_runner(model)
        wrote, checked, tokens = 0.0, 0.0, 0
        for number, text in enumerate(tokenize(model, PROMPTS)):
            for sampling in (
                Sampling.of(NEW),
                Sampling.of(NEW, temperature=0.8, min_p=0.05, seed=number),
            ):
                batch = encode_prompts([Prompt(text, sampling)])
                runner.run(batch)
                began = perf_counter()
                (output,) = runner.run(batch)
                wrote += perf_counter() - began
                runner.check(batch, [output])
                began = perf_counter()
                (found,) = runner.check(batch, [output])
                checked += perf_counter() - began
                assert np.array_equal(found, output)
                tokens += int((output >= 0).sum())
    return {
        "cost_ratio_256": checked / wrote,
        "tokens_written": tokens,
        "write_tokens_per_s": tokens / wrote,
        "check_tokens_per_s": tokens / checked,
    }
