"""One chain of providers writes, the others confirm: honest chains decide what the text is."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from requester import drafting
from requester.drafting import Drafter
from touchstone.arithmetic.sampling import NO_TOKEN
from touchstone.errors import DraftError, PeerError
from touchstone.protocol.generation import Prompt, Sampling

STOP = 7


def follows(rows):
    """What stands behind each of these rows: a text of its own for each beginning."""
    found, total = [], 0
    for token, written in rows[:, :2].tolist():
        total = (total * 31 + token + 3) % 1009
        found.append(NO_TOKEN if written and token in (STOP, NO_TOKEN) else total % 11)
    return found


class Chain:
    """Keeps what it has read, like a node; lies from a place on, or breaks at some calls."""

    def __init__(self, lies_from=None, breaks_at=()):
        self.rows = np.zeros((0, 6), np.int32)
        self.lies_from, self.breaks_at, self.calls = lies_from, breaks_at, 0

    def read(self, start, rows):
        self.calls += 1
        if self.calls in self.breaks_at:
            self.rows = self.rows[:0]
            raise PeerError("gone")
        if start == 0:
            self.rows = self.rows[:0]
        assert start == len(self.rows), "it has not read what stands before"
        self.rows = np.concatenate([self.rows, rows])
        found = follows(self.rows)
        if self.lies_from is not None:
            found[self.lies_from :] = [(t + 1) % 11 for t in found[self.lies_from :]]
        return found[start:]


def honest_text(prompt):
    written = []
    while len(written) < prompt.sampling.max_new and written[-1:] != [NO_TOKEN]:
        written.append(follows(prompt.rows(written))[-1])
    return written


@pytest.fixture(autouse=True)
def pieces(monkeypatch):
    """Prompts longer than what is read at once, without long prompts."""
    monkeypatch.setattr(drafting, "PIECE", 3)


def soon():
    return time.monotonic() + 60


PROMPTS = st.builds(
    lambda tokens, new: Prompt(np.array(tokens, np.int32), Sampling.of(new)),
    st.lists(st.integers(0, 10), min_size=1, max_size=5),
    st.integers(1, 30),
)


@settings(max_examples=150, deadline=None)
@given(PROMPTS, st.integers(1, 5), st.data())
def test_a_majority_of_honest_chains_writes_the_honest_text(prompt, count, data):
    chains = [Chain() for _ in range(count)]
    few = data.draw(st.sets(st.integers(0, count - 1), max_size=(count - 1) // 2))
    for number in few:
        chains[number].lies_from = data.draw(st.integers(0, 34))
        chains[number].breaks_at = data.draw(st.sets(st.integers(1, 6)))
    assert Drafter(chains, prompt).write(soon()) == honest_text(prompt)


@settings(max_examples=60, deadline=None)
@given(PROMPTS, st.integers(0, 34), st.booleans())
def test_of_two_that_differ_the_text_ends_where_they_do(prompt, lies_from, first):
    chains = [Chain(), Chain(lies_from=lies_from)]
    written = Drafter(chains[:: 1 if first else -1], prompt).write(soon())
    honest = honest_text(prompt)
    agreed = max(lies_from - len(prompt.tokens) + 1, 0)
    assert len(written) == max(min(agreed, len(honest)), 1)
    assert written[:agreed] == honest[: len(written)][:agreed]


def test_another_chain_goes_on_where_one_breaks():
    prompt = Prompt(np.array([1, 2], np.int32), Sampling.of(20))
    told = []
    chains = [Chain(breaks_at={3, 4}), Chain(breaks_at={5})]
    written = Drafter(chains, prompt, lambda place, token: told.append((place, token))).write(
        soon()
    )
    assert written == honest_text(prompt)
    assert told == [(place, token) for place, token in enumerate(written) if token != NO_TOKEN]


def test_nobody_left_is_an_error():
    always = set(range(1, 99))
    prompt = Prompt(np.array([1], np.int32), Sampling.of(3))
    with pytest.raises(DraftError, match="no chain of providers writes: gone"):
        Drafter([Chain(breaks_at=always), Chain(breaks_at=always)], prompt).write(soon())


def test_when_the_time_is_over_the_text_is_as_long_as_it_is():
    prompt = Prompt(np.array([1, 2], np.int32), Sampling.of(20))
    assert Drafter([Chain(), Chain()], prompt).write(0.0) == honest_text(prompt)[:1]
