from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.touchstone.compilers.tiny_bert import write_tiny_bert
from touchstone.compilers import compile_bert, find_minilm
from touchstone.engines import ReferenceEngine, TorchEngine
from touchstone.errors import CompileError
from touchstone.programs import load_model, tokenize

MINILM_PROGRAM_ROOT = "3989e381707304aea9b7516bc38f7b935395b4318e83fa41acde3e321ea50bc0"
MINILM_WEIGHT_ROOT = "cde06fe4e167a62ad2dfc068feb787acf3f6793e93c1a6318f0914a69b58d209"


def test_minilm_has_the_same_roots_on_every_machine(tmp_path: Path) -> None:
    manifest = compile_bert(find_minilm(), tmp_path, "all-MiniLM-L6-v2", "1.0.0")
    assert manifest.program_root.hex() == MINILM_PROGRAM_ROOT
    assert manifest.weight_root.hex() == MINILM_WEIGHT_ROOT
    assert (manifest.max_length, manifest.hidden_size, manifest.output_width) == (256, 384, 384)
    assert [(s.start, s.end, s.root) for s in manifest.shards] == [(0, 6, manifest.program_root)]
    assert load_model(tmp_path).manifest == manifest


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_a_compiled_model_is_close_to_its_source(tmp_path: Path, prefix: str) -> None:
    source = write_tiny_bert(tmp_path / "source", prefix)
    compile_bert(tmp_path / "source", tmp_path / "model", "tiny", "1")
    model = load_model(tmp_path / "model")
    tokens = tokenize(model, ["The small model is exact.", "small small model", ""])
    assert [len(t) for t in tokens] == [8, 5, 2]
    outputs = ReferenceEngine(model).run(tokens)
    for ids, output in zip(tokens, outputs, strict=True):
        with torch.inference_mode():
            hidden = source(input_ids=torch.tensor(ids[None].astype(np.int64))).last_hidden_state
        wanted = hidden.mean(1)[0].numpy()
        real = output / 2**model.manifest.output_fraction_bits
        assert abs(np.linalg.norm(real) - 1) < 1e-4
        assert real @ wanted / np.linalg.norm(wanted) > 0.999
    assert all(
        np.array_equal(a, b) for a, b in zip(outputs, TorchEngine(model).run(tokens), strict=True)
    )


def test_texts_are_cut_at_the_greatest_length_and_not_padded(tmp_path: Path) -> None:
    write_tiny_bert(tmp_path / "source")
    (tmp_path / "source" / "sentence_bert_config.json").write_text('{"max_seq_length": 9}')
    manifest = compile_bert(tmp_path / "source", tmp_path / "model", "tiny", "1")
    assert manifest.max_length == 9
    tokens = tokenize(tmp_path / "model", ["model " * 30, "model"])
    assert [len(t) for t in tokens] == [9, 3]
    assert all(t.dtype == np.int32 for t in tokens)


def test_compiling_twice_gives_the_same_files(tmp_path: Path) -> None:
    write_tiny_bert(tmp_path / "source")
    for out in ("a", "b"):
        compile_bert(tmp_path / "source", tmp_path / out, "tiny", "1")
    for name in ("manifest.json", "program.json", "weights.bin", "tokenizer.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("model_type", "roberta"),
        ("hidden_act", "relu"),
        ("hidden_act", "gelu_new"),
        ("position_embedding_type", "relative_key"),
        ("is_decoder", True),
        ("add_cross_attention", True),
        ("quantization_config", {"bits": 4}),
        ("num_hidden_layers", 0),
        ("hidden_size", "24"),
        ("num_attention_heads", 7),
        ("layer_norm_eps", -1.0),
        ("layer_norm_eps", 0.5),
        ("vocab_size", 11),
        ("intermediate_size", 41),
    ],
)
def test_a_setting_that_is_not_supported_is_refused_by_name(
    tmp_path: Path, setting: str, value: Any
) -> None:
    write_tiny_bert(tmp_path / "source", **{setting: value})
    named = {"vocab_size": "word_embeddings", "intermediate_size": "intermediate"}
    with pytest.raises(CompileError, match=named.get(setting, setting)):
        compile_bert(tmp_path / "source", tmp_path / "model", "tiny", "1")
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True}, "pooling_mode_mean_tokens"),
        (
            "1_Pooling/config.json",
            {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True},
            "pooling_mode_max_tokens",
        ),
        ("modules.json", [{"type": "x.Transformer"}, {"type": "x.Pooling"}], "modules.json"),
        ("sentence_bert_config.json", {"max_seq_length": "many"}, "max_seq_length"),
    ],
)
def test_another_pipeline_is_refused_by_name(
    tmp_path: Path, file: str, content: Any, message: str
) -> None:
    write_tiny_bert(tmp_path / "source")
    path = tmp_path / "source" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
    with pytest.raises(CompileError, match=message):
        compile_bert(tmp_path / "source", tmp_path / "model", "tiny", "1")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_source_file_is_named(tmp_path: Path, name: str) -> None:
    write_tiny_bert(tmp_path / "source")
    (tmp_path / "source" / name).unlink()
    with pytest.raises(CompileError, match=name):
        compile_bert(tmp_path / "source", tmp_path / "model", "tiny", "1")


@pytest.mark.parametrize(
    ("name", "number", "message"),
    [
        ("encoder.layer.1.output.dense.weight", float("nan"), "not finite"),
        ("encoder.layer.0.output.dense.weight", 1e9, "too large"),
        ("encoder.layer.0.output.dense.bias", 40000.0, "does not fit 32 bits"),
        ("embeddings.LayerNorm.weight", 1e9, "too large"),
    ],
)
def test_a_number_that_does_not_fit_is_refused(
    tmp_path: Path, name: str, number: float, message: str
) -> None:
    write_tiny_bert(tmp_path / "source")
    path = tmp_path / "source" / "model.safetensors"
    tensors = load_file(str(path))
    tensors[name].view(-1)[3] = number
    save_file(tensors, str(path))
    with pytest.raises(CompileError, match=message):
        compile_bert(tmp_path / "source", tmp_path / "model", "tiny", "1")
