"""Trains a perceptron (30-32-16-2) that tells benign from malignant breast tumours, in ONNX.

The data come with scikit-learn: 569 cases, 30 measurements each, 0 malignant and 1 benign. Every
fifth case is held out. The inputs are the measurements, less their mean, over their deviation:
`recipe.json` has both, and `samples.npy` the held-out cases in that form.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from sklearn.datasets import load_breast_cancer
from torch import nn

from touchstone.zk import Parameters, new_salt
from touchstone.zk.commitment import circuit_input
from touchstone.zk.engine import call
from touchstone.zk.field import dequantise, from_hex
from touchstone.zk.network import read_network
from touchstone.zk.search import build

FOLDER = Path(__file__).resolve().parents[1] / "models" / "diagnosis"
WIDTHS = (30, 32, 16, 2)
STEPS = 150
RATE = 0.01
DECAY = 0.01
HELD_OUT = 5
SEED = 1
CIRCUIT = Parameters(6, 8, 813, 3, 11, 2)
"""What `touchstone zk prepare` finds for an error of 0.05."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    cases, labels = load_breast_cancer(return_X_y=True)
    order = np.random.default_rng(SEED).permutation(len(cases))
    cases, labels = cases[order], labels[order]
    held = np.arange(len(cases)) % HELD_OUT == HELD_OUT - 1
    mean, deviation = cases[~held].mean(axis=0), cases[~held].std(axis=0)
    rows = ((cases - mean) / deviation).astype(np.float32)

    model = train(rows[~held], labels[~held])
    network = export(model)
    onnx.save(network, folder / "model.onnx")
    np.save(folder / "samples.npy", rows[held])
    np.save(folder / "labels.npy", labels[held].astype(np.int8))
    recipe = {
        "data": "sklearn.datasets.load_breast_cancer",
        "widths": WIDTHS,
        "cases": int((~held).sum()),
        "cases_held_out": int(held.sum()),
        "accuracy": accuracy(network, rows[~held], labels[~held]),
        "accuracy_held_out": accuracy(network, rows[held], labels[held]),
        "accuracy_held_out_circuit": circuit_accuracy(folder, rows[held], labels[held]),
        "steps": STEPS,
        "seed": SEED,
        "versions": {name: version(name) for name in ("onnx", "scikit-learn", "torch")},
        "mean": mean.tolist(),
        "deviation": deviation.tolist(),
    }
    (folder / "recipe.json").write_text(json.dumps(recipe, indent=1) + "\n")
    print(json.dumps({key: recipe[key] for key in recipe if key.startswith("accuracy")}))


def train(rows: np.ndarray, labels: np.ndarray) -> nn.Sequential:
    torch.manual_seed(SEED)
    layers: list[nn.Module] = []
    for entering, leaving in itertools.pairwise(WIDTHS):
        layers += [nn.Linear(entering, leaving), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    adam = torch.optim.AdamW(model.parameters(), RATE, weight_decay=DECAY)
    inputs, targets = torch.from_numpy(rows), torch.from_numpy(labels)
    for _ in range(STEPS):
        # Even a sure answer is held to be wrong in one case of ten: logits stay small.
        loss = nn.functional.cross_entropy(model(inputs), targets, label_smoothing=0.1)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return model


def export(model: nn.Sequential) -> onnx.ModelProto:
    """The network with one row in and one row out."""
    nodes, constants, entering = [], [], "measurements"
    for index, layer in enumerate(model):
        leaving = "logits" if index == len(model) - 1 else f"row{index}"
        if isinstance(layer, nn.Linear):
            names = [f"weight{index}", f"bias{index}"]
            arrays = [layer.weight.detach().numpy().T.copy(), layer.bias.detach().numpy()]
            constants += [
                numpy_helper.from_array(array, name)
                for name, array in zip(names, arrays, strict=True)
            ]
            nodes.append(helper.make_node("Gemm", [entering, *names], [leaving]))
        else:
            nodes.append(helper.make_node("Relu", [entering], [leaving]))
        entering = leaving
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, width])
        for name, width in (("measurements", WIDTHS[0]), ("logits", WIDTHS[-1]))
    ]
    graph = helper.make_graph(nodes, "diagnosis", ends[:1], ends[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def accuracy(network: onnx.ModelProto, rows: np.ndarray, labels: np.ndarray) -> float:
    """Share of the cases that the network itself, as it was saved, decides rightly."""
    evaluator = ReferenceEvaluator(network)
    found = [evaluator.run(None, {"measurements": row[None]})[0].argmax() for row in rows]
    return round(float(np.mean(np.array(found) == labels)), 4)


def circuit_accuracy(folder: Path, rows: np.ndarray, labels: np.ndarray) -> float:
    """The same for the circuit, with the salt that every input has."""
    with tempfile.TemporaryDirectory() as home:
        settings = build(read_network(folder / "model.onnx"), CIRCUIT, Path(home))
        inputs = [circuit_input(row, CIRCUIT.input_scale, new_salt()) for row in rows]
        outputs = call("witness", Path(home), inputs=inputs, mock=False)["outputs"]
    scale = settings["model_output_scales"][0]
    found = [dequantise([from_hex(text) for text in row], scale).argmax() for row in outputs]
    return round(float(np.mean(np.array(found) == labels)), 4)


if __name__ == "__main__":
    main()
