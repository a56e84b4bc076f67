from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file, save_model

from tests.touchstone.compilers.tiny_decoder import change_json
from touchstone.compilers import Options, compile_model
from touchstone.engines import ReferenceEngine, TorchEngine
from touchstone.errors import CompileError
from touchstone.programs import load_model

ACTIVATIONS = {
    "relu": torch.nn.ReLU,
    "gelu": torch.nn.GELU,
    "silu": torch.nn.SiLU,
    "tanh": torch.nn.Tanh,
}


def write_mlp(folder: Path, activation: str = "relu") -> torch.nn.Sequential:
    """Two hidden layers, the second without a bias, as torch saves them."""
    torch.manual_seed(2)
    between = ACTIVATIONS[activation]
    model = torch.nn.Sequential(
        torch.nn.Linear(30, 32), between(),
        torch.nn.Linear(32, 16, bias=False), between(),
        torch.nn.Linear(16, 2),
    )  # fmt: skip
    folder.mkdir()
    config = {"model_type": "mlp", "layers": ["0", "2", "4"], "activation": activation}
    (folder / "config.json").write_text(json.dumps(config))
    save_model(model, str(folder / "model.safetensors"))
    return model


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_compiled_perceptron_is_close_to_its_source(tmp_path: Path, activation: str) -> None:
    source = write_mlp(tmp_path / "source", activation)
    options = Options(weight_bits=16, max_length=64)
    compile_model(tmp_path / "source", tmp_path / "model", "mlp", "1", options)
    model = load_model(tmp_path / "model")
    assert (model.manifest.max_length, model.manifest.output_width) == (64, 2)
    real = np.random.default_rng(4).normal(0, 3, (50, 30))
    rows = np.rint(real * 2**16).astype(np.int32)
    found = ReferenceEngine(model).run([rows])[0]
    with torch.inference_mode():
        wanted = source(torch.tensor(real, dtype=torch.float32)).numpy()
    # The SiLU table is wrong by up to 0.0027 near -8 and 8.
    assert np.abs(found / 2**16 - wanted).max() < (0.005 if activation == "silu" else 0.001)
    if activation == "relu":
        assert np.array_equal(TorchEngine(model, "cpu", 1).run([rows])[0], found)
    assert np.array_equal(ReferenceEngine(model).run([rows[7:8]])[0], found[7:8])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"activation": "softmax"}, "activation='softmax'"),
        ({"layers": []}, "layers must be a list"),
        ({"layers": "0"}, "layers must be a list"),
        ({"layers": ["0", "2", "6"]}, r"no tensor 6\.weight"),
        ({"layers": ["0", "4"]}, r"4\.weight reads 16 numbers, the layer before gives 32"),
        ({"layers": ["0", "2"]}, r"holds a tensor 4\.bias"),
    ],
)
def test_a_config_that_does_not_fit_the_layers_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    write_mlp(tmp_path / "source")
    change_json(tmp_path / "source" / "config.json", **changes)
    with pytest.raises(CompileError, match=message):
        compile_model(tmp_path / "source", tmp_path / "model", "mlp", "1")


def test_a_layer_of_another_shape_is_refused(tmp_path: Path) -> None:
    write_mlp(tmp_path / "source")
    path = tmp_path / "source" / "model.safetensors"
    whole = load_file(str(path))
    for name, tensor, message in (
        ("2.weight", torch.ones(16, 32, 1), "no linear layer's"),
        ("0.bias", torch.ones(31), r"0\.bias has shape \[31\]"),
    ):
        save_file({**whole, name: tensor}, str(path))
        with pytest.raises(CompileError, match=message):
            compile_model(tmp_path / "source", tmp_path / "model", "mlp", "1")


def test_an_option_that_the_model_has_not_is_refused(tmp_path: Path) -> None:
    write_mlp(tmp_path / "source")
    with pytest.raises(CompileError, match="cuts is no option"):
        compile_model(tmp_path / "source", tmp_path / "model", "mlp", "1", Options(cuts=[1]))
