"""The float model that an exact BERT stands for: its own int8 weights, times their scales."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, PreTrainedModel

from touchstone.programs import Model, Operator

Real = NDArray[np.float64]
_LINEAR = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention_output": "attention.output.dense",
    "inner": "intermediate.dense",
    "output": "output.dense",
}


def original(source: Path) -> PreTrainedModel:
    """The source model in float32."""
    loaded: PreTrainedModel = AutoModel.from_pretrained(source)
    return loaded.eval()


def dequantised(model: Model, source: Path) -> PreTrainedModel:
    """The source model with every matrix replaced by what the program's int8 weights stand for."""
    float_model = original(source)
    state = float_model.state_dict()
    parts: dict[str, list[Real]] = {}
    for operator in model.program.operators:
        name = _parameter(operator)
        if name is not None:
            parts.setdefault(name, []).append(_real(model, operator))
    for name, matrices in parts.items():
        # The parts of the inner rows: rows of the first matrix, columns of the second.
        axis = 0 if "intermediate" in name else 1
        whole = np.concatenate(matrices, axis=axis)
        matrix = torch.from_numpy(whole).to(torch.float32)
        assert state[name].shape == matrix.shape
        assert not torch.equal(state[name], matrix)
        state[name] = matrix
    float_model.load_state_dict(state)
    return float_model


def _parameter(operator: Operator) -> str | None:
    if operator.op == "embed_tokens":
        return "embeddings.word_embeddings.weight"
    if operator.op != "matmul":
        return None
    _, layer, *_, part = operator.label.split(".")
    return f"encoder.layer.{layer}.{_LINEAR[part]}.weight"


def _real(model: Model, operator: Operator) -> Real:
    values, scale = (model.tensors[constant] for constant in operator.constants[:2])
    # The embedding's values have 16 fraction bits beyond its scale bits.
    bits = operator.attributes["scale_bits"] + (16 if operator.op == "embed_tokens" else 0)
    real: Real = values * (scale.astype(np.float64) / 2.0**bits)[:, None]
    return real


def embed(float_model: PreTrainedModel, tokens: Sequence[NDArray[np.int32]]) -> Real:
    """Unit embeddings [sentences, width], one sentence at a time: mean over tokens, unit length."""
    rows = []
    with torch.inference_mode():
        for ids in tokens:
            batch = torch.from_numpy(ids[None].astype(np.int64))
            mean = float_model(input_ids=batch).last_hidden_state.mean(dim=1)[0]
            rows.append(mean.to(torch.float64).numpy())
    return unit(np.stack(rows))


def unit(rows: Real) -> Real:
    """Rows divided by their length."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def cosines(outputs: Sequence[NDArray[np.int32]], wanted: Real) -> Mapping[str, float]:
    """Mean and minimum cosine between outputs and unit rows."""
    found = (unit(np.stack(outputs).astype(np.float64)) * wanted).sum(axis=1)
    return {"mean": float(found.mean()), "min": float(found.min())}
