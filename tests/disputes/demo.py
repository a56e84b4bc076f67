"""Jobs of the demo language model: prompts of unequal lengths, greedy and sampled, one of which
stops early, and a text that its second shard reads."""

from __future__ import annotations

from functools import cache

import numpy as np

from tests.cheats.causal import read_rows, right, stacked
from tests.disputes.causal import CausalLab
from tests.support.demo_model import demo_model
from touchstone.protocol.generation import Prompt, Sampling, decode_prompts, encode_prompts
from touchstone.protocol.payload import decode_payload

STOPS, WRITES, ONE = range(3)
"""The prompts: one whose answer ends before its time, one that is written on, a single token."""
_PROMPTS = [
    # "When an exception", "The class statement defines" and "If", as the tokenizer has them.
    Prompt(np.array([1204, 289, 494], np.int32), Sampling.of(10, 1.5, seed=13)),
    Prompt(
        np.array([331, 377, 454, 1310], np.int32),
        Sampling.of(4, 0.8, min_p=0.05, seed=(1 << 40) + 3),
    ),
    Prompt(np.array([1202], np.int32), Sampling.of(1)),
]


@cache
def whole_lab() -> CausalLab:
    """Writes on behind the prompts."""
    lab = CausalLab(demo_model(), encode_prompts(_PROMPTS))
    answers = decode_payload(lab.execute().output)
    assert -1 in answers[STOPS], "the demo model has changed: find a seed whose answer stops"
    assert -1 not in answers[WRITES]
    return lab


@cache
def shard_lab() -> CausalLab:
    """The second shard, on the rows that the first gives for the first two texts."""
    first, rows = demo_model(1), []
    answers = decode_payload(whole_lab().execute().output)
    prompts = decode_prompts(whole_lab().sequences)
    for number in (STOPS, WRITES):
        text = prompts[number].rows(answers[number][:-1])
        found = stacked(read_rows(first, number, text, right))[first.program.output]
        rows.append(found.reshape(-1))
    return CausalLab(demo_model(2), rows)
