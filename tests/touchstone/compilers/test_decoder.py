from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.touchstone.compilers.tiny_decoder import (
    STOP,
    VOCABULARY,
    byte_tokenizer,
    logits_of,
    real_logits,
    write_tiny,
)
from touchstone.compilers import MatrixError, compile_decoder
from touchstone.compilers.quantise import WeightBits
from touchstone.engines import CausalReference
from touchstone.programs import InputKind, load_model
from touchstone.protocol.generation import Prompt, Sampling

TOKENS = np.random.default_rng(3).integers(0, VOCABULARY, 16).tolist()


def cosines(found: Any, wanted: Any) -> Any:
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(wanted, axis=1)
    return (found * wanted).sum(axis=1) / lengths


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("llama", {}),
        ("llama", {"attention_bias": True}),
        ("mistral", {}),
        ("qwen2", {}),
        ("qwen3", {}),
        ("qwen3", {"attention_bias": True}),
    ],
)
def test_logits_are_close_to_those_of_the_source(
    tmp_path: Path, kind: str, settings: dict[str, Any], tied: bool
) -> None:
    source = write_tiny(tmp_path / "source", kind, tie_word_embeddings=tied, **settings)
    wanted = real_logits(source, TOKENS)
    for bits, least in ((8, 0.998), (16, 0.99999)):
        compile_decoder(tmp_path / "source", tmp_path / "model", "tiny", "1", weight_bits=bits)
        found = logits_of(load_model(tmp_path / "model"), TOKENS)
        assert cosines(found, wanted).min() > least


def test_a_compiled_model_writes_what_its_source_would(tmp_path: Path) -> None:
    source = write_tiny(tmp_path / "source")
    compile_decoder(tmp_path / "source", tmp_path / "model", "tiny", "1", weight_bits=16)
    model = load_model(tmp_path / "model")
    assert model.program.input.kind is InputKind.PROMPT
    prompt = Prompt(np.array(TOKENS[:6], np.int32), Sampling.of(12))
    with torch.inference_mode():
        wanted = source.generate(
            torch.tensor([TOKENS[:6]]), max_new_tokens=12, do_sample=False, eos_token_id=STOP
        )[0, 6:]
    assert CausalReference(model).generate([prompt])[0].tolist() == wanted.tolist()


def test_rotary_positions_reach_the_program(tmp_path: Path) -> None:
    rope = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8}
    source = write_tiny(tmp_path / "source", rope_parameters={**rope, "rope_theta": 10000.0})
    compile_decoder(tmp_path / "source", tmp_path / "model", "tiny", "1", weight_bits=16)
    found = logits_of(load_model(tmp_path / "model"), TOKENS)
    assert cosines(found, real_logits(source, TOKENS)).min() > 0.99999


def test_the_source_may_lie_in_many_files_and_in_bfloat16(tmp_path: Path) -> None:
    source = write_tiny(tmp_path / "many", dtype=torch.bfloat16, max_shard_size="20KB")
    source.save_pretrained(tmp_path / "one")
    byte_tokenizer().save(str(tmp_path / "one" / "tokenizer.json"))
    assert len(list((tmp_path / "many").glob("*.safetensors"))) > 3
    many, one = (
        compile_decoder(tmp_path / name, tmp_path / f"{name}.model", "tiny", "1")
        for name in ("many", "one")
    )
    assert many == one


@pytest.mark.parametrize("bits", [8, 16])
def test_the_error_of_every_matrix_is_reported(tmp_path: Path, bits: WeightBits) -> None:
    source = write_tiny(tmp_path / "source", num_hidden_layers=1)
    errors: list[MatrixError] = []
    compile_decoder(
        tmp_path / "source", tmp_path / "model", "tiny", "1", weight_bits=bits, note=errors.append
    )
    matrices = ["query", "key", "value", "attention", "gate", "up", "down"]
    labels = ["embedding", *(f"layer.0.{matrix}" for matrix in matrices), "logits"]
    assert [error.label for error in errors] == labels
    model = load_model(tmp_path / "model")
    used = [operator for operator in model.program.operators if operator.op == "matmul"][-1]
    if bits == 8:
        weight, scale, _ = (model.tensors[constant] for constant in used.constants)
        real = source.lm_head.weight.detach().double().numpy()
        kept = weight * scale[:, None] / 2 ** used.attributes["scale_bits"]
        wanted = np.linalg.norm(kept - real, axis=1) / np.linalg.norm(real, axis=1)
        assert errors[-1].greatest == pytest.approx(wanted.max())
        assert errors[-1].mean == pytest.approx(wanted.mean())
    # A row of 12 to 48 weights, the largest of which has all 7 or 15 bits.
    assert all(error.mean <= error.greatest < 2.0 ** (2 - bits) for error in errors)


def test_compiling_twice_gives_the_same_files(tmp_path: Path) -> None:
    write_tiny(tmp_path / "source")
    for out in ("a", "b"):
        compile_decoder(tmp_path / "source", tmp_path / out, "tiny", "1")
    for name in ("manifest.json", "program.json", "weights.bin", "tokenizer.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
