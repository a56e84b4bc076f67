"""What jobs bring runs on any model, and a draft changes nothing but the time it takes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.touchstone.compilers.test_mlp import write_mlp
from tests.touchstone.compilers.tiny_decoder import STOP, write_tiny
from touchstone.compilers import compile_model
from touchstone.engines.causal_reference import CausalReference
from touchstone.engines.runner import make_runner
from touchstone.errors import InputError
from touchstone.programs import load_model
from touchstone.protocol.generation import Prompt, Sampling, encode_prompts

PROMPTS = [
    Prompt(np.array([1, 2, 3], np.int32), Sampling.of(7)),
    Prompt(np.array([9], np.int32), Sampling.of(5, temperature=1.0, seed=3)),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    write_tiny(folder / "source", num_hidden_layers=1)
    compile_model(folder / "source", folder / "model", "tiny", "1")
    return load_model(folder / "model")


@pytest.fixture(scope="module")
def runner(model):
    return make_runner(model)


def same(found, wanted):
    return len(found) == len(wanted) and all(map(np.array_equal, found, wanted))


def test_a_right_draft_is_found_right_without_writing(runner, monkeypatch):
    batch = encode_prompts(PROMPTS)
    written = runner.run(batch)
    engine = runner._engine
    monkeypatch.setattr(engine, "generate", lambda *_: pytest.fail("it writes all the same"))
    assert same(runner.check(batch, written), written)


def test_whatever_the_draft_is_the_output_is_the_same(runner):
    batch = encode_prompts(PROMPTS)
    written = runner.run(batch)
    random = np.random.default_rng(4)
    for _ in range(12):
        draft = [one.copy() for one in written]
        chosen = draft[random.integers(2)]
        chosen[random.integers(len(chosen))] = random.choice([-1, -7, 0, STOP, 263, 1 << 30])
        assert same(runner.check(batch, draft), written)
    for draft in ([], written[:1], [written[0][:3], written[1]], [written[1], written[0]]):
        assert same(runner.check(batch, draft), written)


def test_a_draft_that_goes_on_behind_its_end_is_not_taken_over(runner):
    """After a stop there is nothing: also where a draft stops at the right place and goes on."""
    prompts = [Prompt(np.array([1, 2, STOP], np.int32), Sampling.of(3))]
    written = runner.run(encode_prompts(prompts))[0]
    for draft in ([-1, written[1], written[2]], [-1, -1, 5], [-1, -1, -1], [-2, -1, -1]):
        found = runner.check(encode_prompts(prompts), [np.array(draft, np.int32)])
        assert same(found, [written])


def test_tokens_are_told_as_they_are_written(runner):
    told: dict[int, list[int]] = {}
    written = runner.run(encode_prompts(PROMPTS), lambda p, t: told.setdefault(p, []).append(t))
    assert told == {i: [t for t in one.tolist() if t >= 0] for i, one in enumerate(written)}


def test_a_reader_reads_in_any_pieces(runner, model):
    longest = runner.program.input.max_length
    rows = Prompt(np.arange(5, dtype=np.int32), Sampling.of(9, 1.0, seed=4)).rows(
        range(longest - 5)
    )
    whole = runner._engine.run([rows])[0]
    random = np.random.default_rng(6)
    for engine in (runner, runner, CausalReference(model)):
        reader = engine.reader()
        cuts = sorted(random.choice(np.arange(1, longest), 4, replace=False))
        pieces = [reader.read(piece) for piece in np.split(rows, cuts)]
        assert np.array_equal(np.concatenate(pieces), whole) and reader.length == longest
        with pytest.raises(InputError, match=f"takes {longest} positions, not {longest + 1}"):
            reader.read(rows[:1])
        assert reader.length == longest


def test_a_perceptron_reads_rows_one_after_the_other(tmp_path):
    write_mlp(tmp_path / "source")
    compile_model(tmp_path / "source", tmp_path / "model", "mlp", "1")
    runner = make_runner(load_model(tmp_path / "model"))
    rows = np.random.default_rng(4).integers(-(1 << 18), 1 << 18, (5, 30)).astype(np.int32)
    together = runner.run([rows.reshape(-1), rows[:2].reshape(-1)])
    assert [one.shape for one in together] == [(10,), (4,)]
    assert same(runner.check([rows[:2].reshape(-1)], []), [together[0][:4]])
    with pytest.raises(InputError, match="sequence 1 has 31 elements, not whole rows of 30"):
        runner.run([rows[0], np.zeros(31, np.int32)])
    with pytest.raises(InputError, match="as a whole"):
        runner.reader()


def test_a_batch_that_is_no_prompts_is_refused(runner):
    with pytest.raises(InputError, match="settings"):
        runner.run([np.array([1, 2, 3], np.int32)])
