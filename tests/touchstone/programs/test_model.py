from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.touchstone.programs.small import packed, save_small, small_builder
from touchstone.errors import ProgramError, RootMismatchError
from touchstone.programs import Manifest, load_model, weights


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_small(tmp_path)
    return tmp_path


def test_a_saved_model_is_loaded_with_its_roots_and_tensors(folder: Path) -> None:
    model = load_model(folder)
    builder, _ = small_builder()
    assert model.roots().program == model.manifest.program_root
    assert model.roots().shards == (model.manifest.program_root,)
    assert set(model.tensors) == set(builder.tensors)
    for constant, tensor in builder.tensors.items():
        assert np.array_equal(model.tensors[constant], tensor)
        assert not model.tensors[constant].flags.writeable


def test_a_manifest_is_read_back_as_it_was_written(folder: Path) -> None:
    manifest = load_model(folder).manifest
    assert Manifest.from_json(manifest.to_json()) == manifest


@pytest.mark.parametrize("place", [0, 5000, -1])
def test_one_wrong_byte_of_the_weights_is_refused_naming_the_chunks(
    folder: Path, place: int
) -> None:
    data = bytearray((folder / "weights.bin").read_bytes())
    data[place] ^= 1
    (folder / "weights.bin").write_bytes(data)
    with pytest.raises(RootMismatchError, match=r"chunks 0 to \d+ .* fetch these bytes again"):
        load_model(folder)


def test_a_damaged_piece_is_named_among_several() -> None:
    data = bytearray(3 * weights.PIECE + 17)
    nodes = weights.piece_nodes(data)
    assert len(nodes) == 4
    data[2 * weights.PIECE + 5] = 1
    with pytest.raises(RootMismatchError, match="chunks 8192 to 12287 "):
        weights.check_pieces(memoryview(data), nodes, ())


@pytest.mark.parametrize("change", [-1, 1])
def test_weights_of_another_size_are_refused_before_they_are_read(
    folder: Path, change: int
) -> None:
    path = folder / "weights.bin"
    data = path.read_bytes()
    path.write_bytes(data[:change] if change < 0 else data + b"\0")
    with pytest.raises(RootMismatchError, match="the program needs"):
        load_model(folder)


def test_a_piece_list_that_does_not_fold_to_the_root_is_refused(folder: Path) -> None:
    change_manifest(folder, weight_nodes=["00" * 32])
    with pytest.raises(RootMismatchError, match="do not fold"):
        load_model(folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("program_root", "00" * 32),
        ("tokenizer_sha256", "00" * 32),
        ("weight_nodes", []),
        ("max_length", 15),
        ("output_width", 9),
        ("shards", []),
        ("shards", [{"start": 0, "end": 1, "root": "00" * 32}]),
        ("format", "touchstone-model/2"),
        ("weight_root", "00"),
        ("hidden_size", "8"),
    ],
)
def test_a_manifest_that_does_not_describe_the_files_is_refused(
    folder: Path, field: str, value: Any
) -> None:
    change_manifest(folder, **{field: value})
    with pytest.raises(ProgramError):
        load_model(folder)


@pytest.mark.parametrize("name", ["program.json", "weights.bin", "tokenizer.json", "manifest.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ProgramError, match=name):
        load_model(folder)


def test_another_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{ }")
    with pytest.raises(RootMismatchError, match="tokenizer"):
        load_model(folder)


def test_a_constant_out_of_its_range_is_refused() -> None:
    builder, output = small_builder()
    program = builder.program(output)
    tensors = dict(builder.tensors)
    scale = next(o for o in program.operators if o.op == "matmul").constants[1]
    data = packed(program, tensors)
    place = next(p for p in weights.layout(program) if p.constant == scale)
    data[place.start : place.start + 4] = ((1 << 20) + 1).to_bytes(4, "little")
    with pytest.raises(RootMismatchError, match=r"query\.scale"):
        weights.unpack(program, memoryview(data))
    wrong, _ = small_builder()
    big = np.full(8, (1 << 20) + 1, np.int32)
    value = wrong.add("peak", "p", (3,))
    weight = np.zeros((8, 8), np.int8)
    bias = np.zeros(8, np.int32)
    out = wrong.add(
        "matmul", "bad", (3, value), (weight, big, bias), row_bits=12, scale_bits=20, groups=1
    )
    spoiled = wrong.program(out)
    data = packed(spoiled, wrong.tensors)
    with pytest.raises(ProgramError, match=r"bad\.scale holds 1048577"):
        weights.unpack(spoiled, memoryview(data))


def change_manifest(folder: Path, **fields: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
