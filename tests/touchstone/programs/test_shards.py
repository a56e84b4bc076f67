from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from tests.touchstone.compilers.tiny_decoder import write_tiny
from touchstone.compilers import compile_decoder
from touchstone.engines import CausalReference
from touchstone.errors import CompileError, ProgramError, RootMismatchError
from touchstone.programs import Model, load_model, load_shard
from touchstone.programs.program import ORDER_WIDTH
from touchstone.programs.shards import Cut, part
from touchstone.protocol.generation import Prompt, Sampling

LAYERS = 3
HIDDEN = 32


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny") / "source"
    write_tiny(folder, "qwen2", num_hidden_layers=LAYERS, tie_word_embeddings=True)
    return folder


def rows() -> np.ndarray:
    """A prompt and what was written behind it: every kind of row that there is."""
    given = Prompt(np.array([3, 1, 4, 1, 5], np.int32), Sampling.of(4, 0.8, 0.01, seed=9 << 40))
    return given.rows([7, 257, -1])


@pytest.mark.parametrize(
    "cuts", [cuts for count in range(LAYERS) for cuts in combinations(range(1, LAYERS), count)]
)
def test_shards_in_turn_give_the_bytes_of_the_whole(
    source: Path, tmp_path: Path, cuts: tuple[int, ...]
) -> None:
    manifest = compile_decoder(source, tmp_path, "tiny", "1", cuts=cuts)
    whole = load_model(tmp_path)
    assert whole.manifest == manifest
    assert [(s.start, s.end) for s in manifest.shards] == list(
        zip((0, *cuts), (*cuts, LAYERS), strict=True)
    )
    values = hidden_rows(whole)
    found = rows()
    for index, shard in enumerate(manifest.shards):
        model = load_shard(tmp_path, index)
        assert model.manifest.program_root == shard.root
        assert shard.weight_root in (None, model.manifest.weight_root)
        found = CausalReference(model).run([found])[0]
        if shard.end < LAYERS:
            assert np.array_equal(found[:, :HIDDEN], values[shard.end])
            assert np.array_equal(found[:, HIDDEN:], rows())
            assert found.shape[1] == HIDDEN + ORDER_WIDTH == model.manifest.output_width
    assert np.array_equal(found, CausalReference(whole).run([rows()])[0])


def hidden_rows(whole: Model) -> dict[int, np.ndarray]:
    """What each layer but the first reads in the whole model."""
    labels = {f"layer.{layer}.sum": layer + 1 for layer in range(LAYERS - 1)}
    numbers = {
        number: labels[operator.label]
        for number, operator in enumerate(whole.program.operators, start=1)
        if operator.label in labels
    }
    return {
        numbers[value]: found[:, 0]
        for value, found in CausalReference(whole).replay(rows())
        if value in numbers
    }


def test_a_model_compiled_again_without_cuts_has_no_shards_left(
    source: Path, tmp_path: Path
) -> None:
    compile_decoder(source, tmp_path, "tiny", "1", cuts=[2])
    compile_decoder(source, tmp_path, "tiny", "1")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "manifest.json", "program.json", "tokenizer.json", "weights.bin"
    ]  # fmt: skip
    assert load_shard(tmp_path, 0).program == load_model(tmp_path).program


@pytest.mark.parametrize("cuts", [[0], [3], [2, 1], [1, 1], [-1]])
def test_cuts_that_leave_a_shard_empty_are_refused(
    source: Path, tmp_path: Path, cuts: list[int]
) -> None:
    with pytest.raises(CompileError, match="cuts at"):
        compile_decoder(source, tmp_path / "model", "tiny", "1", cuts=cuts)
    assert not any(tmp_path.iterdir())


def test_a_program_is_not_cut_where_more_than_one_value_goes_on(
    source: Path, tmp_path: Path
) -> None:
    compile_decoder(source, tmp_path, "tiny", "1")
    program = load_model(tmp_path).program
    inner = next(
        number
        for number, operator in enumerate(program.operators, start=1)
        if operator.label == "layer.1.attention_norm"
    )
    with pytest.raises(ProgramError, match=r"layer\.1\.attention_sum reads value \d+"):
        part(program, Cut(1, inner), None)


def test_a_shard_of_another_model_or_none_is_refused(source: Path, tmp_path: Path) -> None:
    compile_decoder(source, tmp_path, "tiny", "1", cuts=[1])
    with pytest.raises(ProgramError, match="no shard 2"):
        load_shard(tmp_path, 2)
    manifest = load_model(tmp_path).manifest
    first = replace(manifest.shards[0], root=bytes(32))
    wrong = replace(manifest, shards=(first, manifest.shards[1]))
    (tmp_path / "manifest.json").write_bytes(wrong.to_json())
    with pytest.raises(RootMismatchError, match="not the shard"):
        load_shard(tmp_path, 0)
    gap = replace(manifest, shards=(manifest.shards[0], replace(manifest.shards[1], start=2)))
    (tmp_path / "manifest.json").write_bytes(gap.to_json())
    with pytest.raises(ProgramError, match="follow on each other"):
        load_model(tmp_path)
