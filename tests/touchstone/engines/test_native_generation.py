from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from tests.touchstone.engines import toy_language_model
from tests.touchstone.engines.toy_language_model import LENGTH, STOP, VOCABULARY
from touchstone.arithmetic.sampling import NO_TOKEN
from touchstone.engines import CausalReference, causal_engine
from touchstone.engines.native import engine as native
from touchstone.engines.native.engine import NativeEngine
from touchstone.engines.native.step import Feed
from touchstone.errors import InputError
from touchstone.protocol.generation import Prompt, Sampling

MODEL = toy_language_model.whole()


def prompts(seed: int, count: int) -> list[Prompt]:
    """Of different lengths, greedy and sampled."""
    random = np.random.default_rng(seed)
    return [
        Prompt(
            random.integers(0, VOCABULARY, random.integers(1, 70)).astype(np.int32),
            Sampling.of(int(random.integers(1, 25)), float(random.choice([0, 1.5])), 0.01, index),
        )
        for index in range(count)
    ]


@pytest.mark.parametrize("room", [1, 5, 512])
def test_generation_is_that_of_the_reference(room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "STEP_ROWS", room)
    asked = prompts(room, 7)
    wanted = CausalReference(MODEL).generate(asked)
    told: dict[int, list[int]] = defaultdict(list)
    found = NativeEngine(MODEL, threads=2).generate(asked, lambda i, token: told[i].append(token))
    for index, (a, b) in enumerate(zip(wanted, found, strict=True)):
        assert a.dtype == b.dtype == np.int32 and np.array_equal(a, b)
        assert told[index] == [token for token in a.tolist() if token != NO_TOKEN]
    assert len({tuple(tokens.tolist()) for tokens in found}) == len(asked)


def test_what_was_written_is_read_again_in_one_go() -> None:
    """A generation is checked by a single run over the prompt and what was written."""
    engine = NativeEngine(MODEL, threads=2)
    for prompt in prompts(3, 4):
        (written,) = engine.generate([prompt])
        (again,) = engine.run([prompt.rows(written[:-1])])
        assert np.array_equal(again[-len(written) :, 0], written)


def test_nothing_is_written_behind_a_stop() -> None:
    asked = [Prompt(np.array([STOP, i], np.int32), Sampling.of(90, 2.0, seed=i)) for i in range(8)]
    found = NativeEngine(MODEL, threads=1).generate(asked)
    stopped = [tokens.tolist() for tokens in found if STOP in tokens]
    assert stopped
    for tokens in stopped:
        assert set(tokens[tokens.index(STOP) + 1 :]) <= {NO_TOKEN}


def test_two_shards_write_what_the_whole_model_writes() -> None:
    (prompt,) = prompts(4, 1)
    front, back = (NativeEngine(half, threads=2) for half in toy_language_model.halves())
    (whole,) = NativeEngine(MODEL, threads=2).run([prompt.rows()])
    (rows,) = front.run([prompt.rows()])
    assert np.array_equal(back.run([rows])[0], whole)
    sessions = front.session(), back.session()
    tokens: list[int] = []
    row = prompt.rows()
    while len(tokens) < prompt.sampling.max_new:
        (hidden,) = front.step([Feed(sessions[0], row, len(row))])
        (token,) = back.step([Feed(sessions[1], hidden, 1)])
        tokens.append(int(token[0, 0]))
        row = prompt.rows(tokens)[-1:]
    assert tokens == CausalReference(MODEL).generate([prompt])[0].tolist()


def test_a_session_is_resumed_by_the_same_program_only() -> None:
    engine = NativeEngine(MODEL, threads=1)
    rows = prompts(5, 1)[0].rows()
    session = engine.session()
    engine.step([Feed(session, rows[:-1], 0)])
    saved = engine.save(session)
    (wanted,) = engine.step([Feed(session, rows[-1:], 1)])
    assert np.array_equal(engine.step([Feed(engine.session(saved), rows[-1:], 1)])[0], wanted)
    assert engine.save(engine.session(saved)) == saved

    other = NativeEngine(toy_language_model.halves()[0], threads=1)
    with pytest.raises(InputError, match="was saved by the program"):
        other.session(saved)
    with pytest.raises(InputError, match=f"has {len(saved)} bytes, not {len(saved) - 1}"):
        engine.session(saved[:-1])
    with pytest.raises(InputError, match="at least"):
        engine.session(b"")
    with pytest.raises(InputError, match="not a saved session"):
        engine.session(b"x" + saved[1:])
    longer = saved[:52] + (LENGTH + 1).to_bytes(4, "little") + saved[56:]
    with pytest.raises(InputError, match=f"the model takes {LENGTH}"):
        engine.session(longer)
    with pytest.raises(InputError, match="numbers that no program writes"):
        engine.session(saved[:56] + b"\xff" * (len(saved) - 56))


def test_the_engine_of_this_machine_is_exact() -> None:
    asked = prompts(6, 2)
    found = causal_engine(MODEL).generate(asked)
    for a, b in zip(CausalReference(MODEL).generate(asked), found, strict=True):
        assert np.array_equal(a, b)


def test_prompts_that_do_not_fit_are_refused() -> None:
    engine = NativeEngine(MODEL, threads=1)
    with pytest.raises(InputError, match="prompt 0"):
        engine.generate([Prompt(np.zeros(LENGTH, np.int32), Sampling.of(2))])
    front = NativeEngine(toy_language_model.halves()[0], threads=1)
    with pytest.raises(InputError, match="reads no prompts"):
        front.generate(prompts(1, 1))
    assert engine.generate([]) == []
