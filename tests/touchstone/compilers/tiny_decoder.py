"""Tiny random language models written as ordinary Hugging Face folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoConfig,
    LlamaForCausalLM,
    MistralForCausalLM,
    PreTrainedModel,
    Qwen2ForCausalLM,
    Qwen3ForCausalLM,
)

from touchstone.engines.causal_reference import trace_causal
from touchstone.programs import Model
from touchstone.protocol.generation import Prompt, Sampling

ARCHITECTURES: dict[str, type[PreTrainedModel]] = {
    "llama": LlamaForCausalLM,
    "mistral": MistralForCausalLM,
    "qwen2": Qwen2ForCausalLM,
    "qwen3": Qwen3ForCausalLM,
}
VOCABULARY = 264
"""Every byte, and eight special tokens."""

STOP = 257


def write_tiny(
    folder: Path,
    kind: str = "llama",
    *,
    dtype: torch.dtype = torch.float32,
    max_shard_size: str = "1GB",
    **settings: Any,
) -> PreTrainedModel:
    """Writes a seeded random model of an architecture; returns it.

    Weights are large enough for every part to matter: heads differ, gates open, biases and gains
    are not what a new model has.
    """
    torch.manual_seed(5)
    values: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 12,
        "intermediate_size": 48,
        "max_position_embeddings": 32,
        "sliding_window": None,
        "eos_token_id": STOP,
        **settings,
    }
    model = ARCHITECTURES[kind](AutoConfig.for_model(kind, **values)).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("norm.weight"):
                weight.uniform_(0.5, 1.5)
            else:
                weight.normal_(0, 0.15)
    model.to(dtype).save_pretrained(folder, max_shard_size=max_shard_size)
    byte_tokenizer().save(str(folder / "tokenizer.json"))
    return model


def change_json(path: Path, **changes: Any) -> None:
    """Sets fields of a JSON file; `...` takes a field away."""
    values = json.loads(path.read_bytes()) | changes
    path.write_text(json.dumps({name: v for name, v in values.items() if v is not ...}))


def byte_tokenizer() -> Tokenizer:
    """A byte-level tokenizer without merges: a token for each byte, then the special ones."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([f"<special{i}>" for i in range(VOCABULARY - 256)])
    return tokenizer


def logits_of(model: Model, tokens: list[int]) -> Any:
    """The logits of a compiled model at each position, float64 [positions, vocabulary]."""
    rows = Prompt(np.array(tokens, np.int32), Sampling.of(1)).rows()
    number = [operator.label for operator in model.program.operators].index("logits") + 1
    for value, found in trace_causal(model.program, model.tensors, rows):
        if value == number:
            return found[:, 0] / 2**16
    raise AssertionError


def real_logits(model: PreTrainedModel, tokens: list[int]) -> Any:
    """The same of the model itself in float32."""
    with torch.inference_mode():
        return model(input_ids=torch.tensor([tokens])).logits[0].double().numpy()
