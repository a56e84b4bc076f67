from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

from touchstone.compilers.rope import rotation_tables
from touchstone.compilers.rope_settings import read_rope
from touchstone.compilers.source import Settings
from touchstone.errors import CompileError

LENGTH = 300
WIDTH = 16
DIGEST = "c160d9438aee84339b9194248b10a824bd45bf3d288d7a32b1d26d429c09041f"
NAMES = ("type", "rope_type")
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}


def tables(**config: Any) -> Any:
    values = {"max_position_embeddings": LENGTH, **config}
    return rotation_tables(read_rope(Settings(values, "config.json")), WIDTH, LENGTH)


@pytest.mark.parametrize(
    "rope",
    [
        {"rope_type": "default"},
        {"rope_type": "linear", "factor": 2.5},
        LLAMA3,
        {**LLAMA3, "factor": 32.0, "high_freq_factor": 2.0},
        YARN,
        {**YARN, "truncate": False, "beta_fast": 16, "beta_slow": 2.0},
        {**YARN, "attention_factor": 1.25},
        {**YARN, "mscale": 0.7, "mscale_all_dim": 1.1},
        {**YARN, "beta_fast": 1.0, "beta_slow": 1.0},
        {**YARN, "factor": 1.0},
    ],
)
@pytest.mark.parametrize("theta", [10000.0, 500000.0])
def test_tables_are_those_of_transformers(rope: dict[str, Any], theta: float) -> None:
    config = LlamaConfig(
        hidden_size=4 * WIDTH,
        num_attention_heads=4,
        max_position_embeddings=LENGTH,
        rope_parameters={**rope, "rope_theta": theta},
    )
    wanted = LlamaRotaryEmbedding(config)(torch.zeros(1), torch.arange(LENGTH)[None])
    new = tables(rope_parameters={**rope, "rope_theta": theta})
    old = tables(rope_scaling=rope, rope_theta=theta)
    for found, same, real in zip(new, old, wanted, strict=True):
        assert np.array_equal(found, same)
        # An angle in float32 is off by up to 2^-24 of itself.
        assert np.abs(found / 2**20 - real[0, :, : WIDTH // 2].numpy()).max() < 1e-4


def test_tables_are_the_same_bytes_on_every_machine() -> None:
    found = sha256()
    for rope in ({"rope_type": "default"}, LLAMA3, YARN):
        for table in tables(rope_scaling=rope, rope_theta=1000000.0):
            found.update(table.astype("<i4").tobytes())
    assert found.hexdigest() == DIGEST


def test_the_older_name_of_the_type_is_read() -> None:
    found, wanted = (tables(rope_scaling={name: "linear", "factor": 2}) for name in NAMES)
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"rope_scaling": {"type": "dynamic", "factor": 2.0}}, "rope_type='dynamic'"),
        ({"rope_parameters": {"rope_type": "longrope"}}, "rope_type='longrope'"),
        ({"rope_parameters": {"rope_type": "default", "mrope_section": [1]}}, "mrope_section"),
        ({"rope_parameters": {"full_attention": {"rope_type": "default"}}}, "full_attention"),
        ({"rope_parameters": [1]}, "rope_parameters must be an object"),
        ({"rope_scaling": {"type": "linear"}}, "factor must be a number from 1, is None"),
        ({"rope_scaling": {"type": "linear", "factor": 0.5}}, "factor"),
        ({"rope_scaling": {"type": "linear", "factor": True}}, "factor"),
        ({"rope_scaling": {"type": "linear", "factor": float("inf")}}, "factor"),
        ({"rope_scaling": {**LLAMA3, "high_freq_factor": 1.0}}, "high_freq_factor"),
        ({"rope_scaling": {**LLAMA3, "low_freq_factor": None}}, "low_freq_factor"),
        ({"rope_scaling": {**YARN, "original_max_position_embeddings": 2.5}}, "original_max"),
        ({"rope_scaling": {**YARN, "truncate": 1}}, "truncate"),
        ({"rope_scaling": {**YARN, "attention_factor": 5.0}}, "attention factor of 5.0"),
        ({"partial_rotary_factor": 0.5}, "partial_rotary_factor"),
        ({"rope_parameters": {"partial_rotary_factor": 0.25}}, "partial_rotary_factor"),
        ({"rope_theta": 1.0}, "rope_theta"),
        ({"rope_theta": "10000"}, "rope_theta"),
        ({"rope_theta": 9.0, "rope_parameters": {"rope_theta": 8.0}}, "rope_theta"),
        (
            {"rope_scaling": {"type": "linear", "factor": 2}, "rope_parameters": YARN},
            "contradict each other",
        ),
    ],
)
def test_what_is_not_supported_is_refused_by_name(config: dict[str, Any], message: str) -> None:
    with pytest.raises(CompileError, match=message):
        tables(**config)
