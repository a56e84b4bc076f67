"""Prompts in payloads: whatever is encoded comes back, and whatever breaks a rule is named."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.errors import PayloadError
from touchstone.protocol.generation import (
    MOST_NEW,
    Prompt,
    Sampling,
    decode_prompts,
    encode_prompts,
)
from touchstone.protocol.payload import decode_payload, encode_payload

INT32 = st.integers(-(1 << 31), (1 << 31) - 1)
SAMPLINGS = st.builds(
    Sampling, st.integers(1, MOST_NEW), INT32, INT32, st.integers(0, (1 << 64) - 1)
)
PROMPTS = st.builds(
    Prompt,
    st.lists(INT32, min_size=1, max_size=9).map(lambda tokens: np.array(tokens, np.int32)),
    SAMPLINGS,
)


@given(st.lists(PROMPTS, min_size=1, max_size=5))
def test_prompts_come_back_from_a_payload(prompts):
    found = decode_prompts(decode_payload(encode_payload(encode_prompts(prompts))))
    assert [one.sampling for one in found] == [one.sampling for one in prompts]
    assert [one.tokens.tolist() for one in found] == [one.tokens.tolist() for one in prompts]


@given(PROMPTS, st.lists(INT32, max_size=5))
def test_a_row_says_its_token_who_wrote_it_and_how_to_go_on(prompt, written):
    rows = prompt.rows(written)
    assert rows[:, 0].tolist() == [*prompt.tokens.tolist(), *written]
    assert rows[:, 1].tolist() == [0] * len(prompt.tokens) + [1] * len(written)
    assert all(Sampling.from_words([1, *row[2:]]).seed == prompt.sampling.seed for row in rows)


@pytest.mark.parametrize(
    ("sequences", "words"),
    [
        ([[]], "at least one prompt"),
        ([[1, 0, 0, 0, 0]], "at least one prompt"),
        ([[1, 0, 0, 0], [7]], "need 5 settings"),
        ([[1, 0, 0, 0, 0], [7], [8]], "need 10 settings"),
        ([[1, 0, 0, 0, 0], []], "prompt 0 is empty"),
        ([[0, 0, 0, 0, 0], [7]], "asks for 0 tokens"),
        ([[-1, 0, 0, 0, 0], [7]], "asks for -1 tokens"),
        ([[MOST_NEW + 1, 0, 0, 0, 0], [7]], f"not 1 to {MOST_NEW}"),
    ],
)
def test_settings_that_fit_no_prompts_are_refused(sequences, words):
    with pytest.raises(PayloadError, match=words):
        decode_prompts([np.array(sequence, np.int32) for sequence in sequences])


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"max_new": 0}, "max new tokens"),
        ({"max_new": 4, "temperature": 0.001}, "temperature must be"),
        ({"max_new": 4, "temperature": -1.0}, "temperature must be"),
        ({"max_new": 4, "temperature": math.nan}, "temperature must be"),
        ({"max_new": 4, "min_p": 1.5}, "min-p"),
        ({"max_new": 4, "seed": 1 << 64}, "64 bits"),
    ],
)
def test_wishes_out_of_range_are_named(wish, words):
    with pytest.raises(PayloadError, match=words):
        Sampling.of(**wish)


def test_temperature_and_min_p_become_integers():
    assert Sampling.of(3).inverse_temperature == 0
    sampling = Sampling.of(3, temperature=0.5, min_p=math.exp(-2), seed=5)
    assert (sampling.inverse_temperature, sampling.cut_off, sampling.seed) == (1 << 17, 2 << 16, 5)
