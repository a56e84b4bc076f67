"""What the compiler of language models refuses, each by its name and before anything is written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.touchstone.compilers.tiny_decoder import change_json, write_tiny
from touchstone.compilers import compile_decoder
from touchstone.errors import CompileError
from touchstone.programs import load_model

KINDS = ("llama", "mistral", "qwen2", "qwen3")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    for kind in KINDS:
        write_tiny(folder / kind, kind, num_hidden_layers=1)
    return folder


@pytest.fixture
def source(sources: Path, tmp_path: Path) -> Path:
    """A tiny Llama that a test may spoil."""
    return Path(shutil.copytree(sources / "llama", tmp_path / "source"))


def refused(source: Path, message: str, **options: Any) -> None:
    out = source.parent / "model"
    with pytest.raises(CompileError, match=message):
        compile_decoder(source, out, "tiny", "1", **options)
    assert [path.name for path in source.parent.iterdir()] == [source.name]


@pytest.mark.parametrize(
    ("kind", "setting", "value"),
    [
        ("llama", "architectures", ["GPT2LMHeadModel"]),
        ("llama", "architectures", ["MixtralForCausalLM"]),
        ("llama", "architectures", ["LlamaForSequenceClassification"]),
        ("llama", "architectures", ["LlamaForCausalLM", "MistralForCausalLM"]),
        ("llama", "architectures", None),
        ("llama", "architectures", [["LlamaForCausalLM"]]),
        ("llama", "model_type", "mistral"),
        ("llama", "hidden_act", "gelu"),
        ("llama", "mlp_bias", True),
        ("llama", "attention_bias", "yes"),
        ("mistral", "attention_bias", True),
        ("qwen2", "attention_bias", False),
        ("llama", "quantization_config", {"quant_method": "gptq"}),
        ("llama", "compression_config", {"format": "int-quantized"}),
        ("llama", "num_local_experts", 8),
        ("llama", "num_experts", 8),
        ("llama", "auto_map", {"AutoModelForCausalLM": "code.Model"}),
        ("llama", "final_logit_softcapping", 30.0),
        ("llama", "logits_scaling", 8.0),
        ("llama", "partial_rotary_factor", 0.5),
        ("llama", "rope_parameters", {"rope_type": "dynamic", "factor": 2.0}),
        ("llama", "hidden_size", 0),
        ("llama", "hidden_size", 32.0),
        ("llama", "num_attention_heads", True),
        ("llama", "num_key_value_heads", 3),
        ("mistral", "num_key_value_heads", None),
        ("qwen3", "head_dim", None),
        ("llama", "head_dim", 7),
        ("llama", "head_dim", 2),
        ("llama", "rms_norm_eps", 0.5),
        ("llama", "rms_norm_eps", -1e-6),
        ("llama", "tie_word_embeddings", None),
        ("llama", "max_position_embeddings", "32"),
        ("llama", "eos_token_id", 264),
        ("llama", "eos_token_id", [1, "2"]),
        ("mistral", "sliding_window", 31),
        ("qwen2", "layer_types", ["chunked_attention"]),
    ],
)
def test_a_setting_that_is_not_supported_is_refused_by_name(
    sources: Path, tmp_path: Path, kind: str, setting: str, value: Any
) -> None:
    source = Path(shutil.copytree(sources / kind, tmp_path / "source"))
    (source / "generation_config.json").unlink()
    change_json(source / "config.json", **{setting: value})
    named = {"rope_parameters": "rope_type"}
    refused(source, named.get(setting, setting))


@pytest.mark.parametrize(
    ("changes", "active"),
    [
        ({"sliding_window": 31, "use_sliding_window": True}, True),
        ({"sliding_window": 31, "layer_types": ["sliding_attention"]}, True),
        ({"sliding_window": 32, "use_sliding_window": True}, False),
        ({"sliding_window": 31, "use_sliding_window": False}, False),
        ({"sliding_window": None, "layer_types": ["sliding_attention"]}, False),
    ],
)
def test_only_a_window_narrower_than_the_longest_sequence_is_refused(
    sources: Path, tmp_path: Path, changes: dict[str, Any], active: bool
) -> None:
    source = Path(shutil.copytree(sources / "qwen2", tmp_path / "source"))
    taken = {} if "use_sliding_window" in changes else {"use_sliding_window": ...}
    change_json(source / "config.json", **changes, **taken)
    if active:
        refused(source, "sliding_window=31 .* at most 31")
        compile_decoder(source, tmp_path / "model", "tiny", "1", max_length=31)
    else:
        compile_decoder(source, tmp_path / "model", "tiny", "1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_hidden_layers": 2}, r"no tensor model\.layers\.1\."),
        ({"num_hidden_layers": 10**12}, r"no tensor model\.layers\.1\."),
        ({"vocab_size": 263}, r"embed_tokens\.weight has shape \[264, 32\]"),
        ({"vocab_size": 10**15}, r"embed_tokens\.weight has shape"),
        ({"hidden_size": 10**15, "head_dim": 12}, r"embed_tokens\.weight has shape"),
        ({"intermediate_size": 47}, r"gate_proj\.weight has shape"),
        ({"head_dim": 14}, r"q_proj\.weight has shape"),
        ({"num_key_value_heads": 4}, r"k_proj\.weight has shape"),
        ({"attention_bias": True}, r"no tensor .*q_proj\.bias"),
        ({"tie_word_embeddings": True, "vocab_size": 264}, None),
    ],
)
def test_a_config_that_lies_about_the_weights_is_refused(
    source: Path, changes: dict[str, Any], message: str | None
) -> None:
    change_json(source / "config.json", **changes)
    if message:
        refused(source, message)
    else:
        # A tied model may have its head written out; transformers does not read it either.
        compile_decoder(source, source.parent / "model", "tiny", "1")


def test_a_tensor_that_the_config_does_not_speak_of_is_refused(source: Path) -> None:
    path = source / "model.safetensors"
    whole = load_file(str(path))
    save_file({**whole, "model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(6)}, str(path))
    compile_decoder(source, source.parent / "model", "tiny", "1")
    shutil.rmtree(source.parent / "model")
    save_file({**whole, "model.layers.0.self_attn.q_proj.bias": torch.ones(48)}, str(path))
    refused(source, r"holds a tensor model\.layers\.0\.self_attn\.q_proj\.bias")


@pytest.mark.parametrize(
    ("tensor", "number", "message"),
    [
        ("model.layers.0.mlp.down_proj.weight", float("nan"), "layer.0.down holds .* not finite"),
        ("model.embed_tokens.weight", float("inf"), "embedding holds .* not finite"),
        ("lm_head.weight", 1e9, "logits holds a weight of 1.* too large"),
        ("model.norm.weight", 1e9, "model.norm holds a gain"),
        ("model.norm.weight", float("nan"), "model.norm holds a gain"),
    ],
)
def test_a_number_that_does_not_fit_is_refused(
    source: Path, tensor: str, number: float, message: str
) -> None:
    path = source / "model.safetensors"
    tensors = load_file(str(path))
    tensors[tensor].view(-1)[5] = number
    save_file(tensors, str(path))
    refused(source, message)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_named(source: Path, name: str) -> None:
    (source / name).unlink()
    refused(source, name)


@pytest.mark.parametrize("content", ["[]", "{", '"x"', "[" * 50 + "]" * 50])
@pytest.mark.parametrize("name", ["config.json", "generation_config.json"])
def test_a_file_that_holds_no_settings_is_named(source: Path, name: str, content: str) -> None:
    (source / name).write_text(content)
    refused(source, name)


@pytest.mark.parametrize("length", [0, 33, -1])
def test_a_greatest_length_that_the_model_has_not_is_refused(source: Path, length: int) -> None:
    refused(source, f"greatest length of {length} is not from 1 to 32", max_length=length)


@pytest.mark.parametrize(
    ("generation", "own", "stops"),
    [
        ({"eos_token_id": [9, 3, 9]}, 5, (3, 9)),
        ({"eos_token_id": None}, 5, (5,)),
        (None, [5, 6], (5, 6)),
        (None, None, ()),
    ],
)
def test_stops_are_those_of_the_generation_config_else_of_the_config(
    source: Path, generation: dict[str, Any] | None, own: Any, stops: tuple[int, ...]
) -> None:
    change_json(source / "config.json", eos_token_id=own)
    (source / "generation_config.json").unlink()
    if generation is not None:
        (source / "generation_config.json").write_text("{}")
        change_json(source / "generation_config.json", **generation)
    compile_decoder(source, source.parent / "model", "tiny", "1")
    model = load_model(source.parent / "model")
    assert model.manifest.language is not None
    assert model.manifest.language.stops == stops
    emitted = model.tensors[model.program.operators[-1].constants[0]]
    assert tuple(emitted.tolist()) == (stops or (-1,))
