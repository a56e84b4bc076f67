"""Files of weights: what is read from them, and what is refused before anything is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from touchstone.compilers.source import Tensors
from touchstone.compilers.tensor_file import read_header
from touchstone.errors import CompileError

NAME = "model.safetensors"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_rows_are_read_as_they_are(tmp_path: Path, dtype: torch.dtype) -> None:
    wanted = torch.randn(7, 5, dtype=torch.float64).to(dtype)
    wanted[2, 3], wanted[4, 1] = float("inf"), -0.0
    save_file({"a": torch.ones(3), "b": wanted}, str(tmp_path / NAME))
    found = read_header(tmp_path / NAME)["b"]
    real = wanted.double().numpy()
    assert found.shape == (7, 5)
    assert np.array_equal(found[:], real) and np.array_equal(found[2:5], real[2:5])
    assert found[7:9].shape == (0, 5)


def write(path: Path, header: Any, data: bytes = b"", length: int | None = None) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    size = len(text) if length is None else length
    path.write_bytes(size.to_bytes(8, "little") + text + data)


def entry(dtype: str = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"x": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


@pytest.mark.parametrize(
    ("header", "data", "length", "message"),
    [
        (b"", b"", 1 << 63, "claims a header"),
        (b"{}", b"", 3, "claims a header"),
        (b"[" * 99 + b"]" * 99, b"", None, "nested deeper"),
        (b"not", b"", None, "malformed header"),
        ([], b"", None, "malformed header"),
        (entry(), b"1234567", None, "truncated"),
        (entry(shape=[3]), b"12345678", None, "has 8 bytes"),
        (entry(shape=[-2]), b"12345678", None, "no number from 0"),
        (entry(shape=[1 << 62, 2]), b"12345678", None, "has 8 bytes"),
        (entry(shape=[2.0]), b"12345678", None, "no number from 0"),
        (entry(offsets=[8, 0]), b"12345678", None, "has -8 bytes"),
        (entry(offsets=[0]), b"12345678", None, "malformed header"),
        ({"x": 3}, b"", None, "malformed header"),
    ],
)
def test_a_header_that_does_not_fit_its_file_is_refused(
    tmp_path: Path, header: Any, data: bytes, length: int | None, message: str
) -> None:
    write(tmp_path / NAME, header, data, length)
    with pytest.raises(CompileError, match=message):
        read_header(tmp_path / NAME)


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    save_file({"a": torch.ones(3), "b": torch.ones(2, 2)}, str(tmp_path / NAME))
    whole = (tmp_path / NAME).read_bytes()
    for size in range(len(whole)):
        (tmp_path / NAME).write_bytes(whole[:size])
        with pytest.raises(CompileError, match=NAME):
            read_header(tmp_path / NAME)


@pytest.mark.parametrize("dtype", ["I8", "F8_E4M3", "U8", "I64", "BOOL"])
def test_weights_of_another_dtype_are_refused_by_name(tmp_path: Path, dtype: str) -> None:
    write(tmp_path / NAME, entry(dtype), b"12345678")
    with pytest.raises(CompileError, match=f"x is {dtype}"):
        Tensors(tmp_path, ("",), "x").stored("x", 2)


def write_index(folder: Path, places: Any) -> None:
    (folder / f"{NAME}.index.json").write_text(json.dumps({"weight_map": places}))


def test_tensors_of_several_files_are_found_by_the_index(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(2)}, str(tmp_path / "one.safetensors"))
    save_file({"b": torch.ones(3)}, str(tmp_path / "two.safetensors"))
    write_index(tmp_path, {"a": "one.safetensors", "b": "two.safetensors"})
    tensors = Tensors(tmp_path, ("",), "a")
    assert tensors.names() == {"a", "b"}
    assert tensors.get("b", 3).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ({"a": "../one.safetensors"}, "no safetensors file beside it"),
        ({"a": "/etc/one.safetensors"}, "no safetensors file beside it"),
        ({"a": "config.json"}, "no safetensors file beside it"),
        ({"a": 3}, "no safetensors file beside it"),
        ({"a": "gone.safetensors"}, "gone.safetensors, which .* is missing"),
        ({"a": "one.safetensors", "b": "one.safetensors"}, "holds no tensor b"),
        ({}, "no weight_map"),
        ([], "no weight_map"),
    ],
)
def test_an_index_that_leads_astray_is_refused(tmp_path: Path, places: Any, message: str) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    for place in (tmp_path, folder):
        save_file({"a": torch.zeros(2)}, str(place / "one.safetensors"))
    write_index(folder, places)
    with pytest.raises(CompileError, match=message):
        Tensors(folder, ("",), "a")
