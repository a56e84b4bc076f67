from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.touchstone.compilers.tiny_decoder import (
    STOP,
    VOCABULARY,
    logits_of,
    real_logits,
    write_tiny,
)
from touchstone.compilers import compile_decoder
from touchstone.engines import CausalReference
from touchstone.programs import InputKind, load_model
from touchstone.protocol.generation import Prompt, Sampling

TOKENS = np.random.default_rng(3).integers(0, VOCABULARY, 24).tolist()


def cosines(found: Any, wanted: Any) -> Any:
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(wanted, axis=1)
    return (found * wanted).sum(axis=1) / lengths


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("kind", ["llama", "mistral", "qwen2"])
def test_logits_are_close_to_those_of_the_source(tmp_path: Path, kind: str, tied: bool) -> None:
    source = write_tiny(tmp_path / "source", kind, tie_word_embeddings=tied)
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


def test_compiling_twice_gives_the_same_files(tmp_path: Path) -> None:
    write_tiny(tmp_path / "source")
    for out in ("a", "b"):
        compile_decoder(tmp_path / "source", tmp_path / out, "tiny", "1")
    for name in ("manifest.json", "program.json", "weights.bin", "tokenizer.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
