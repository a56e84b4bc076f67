"""A tiny random BERT written as an ordinary Hugging Face folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "small", "model", "is", "exact", "."]


def write_tiny_bert(folder: Path, prefix: str = "", **settings: Any) -> BertModel:
    """Writes config.json, model.safetensors and tokenizer.json; returns the float model."""
    torch.manual_seed(11)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=3,
        intermediate_size=40,
        max_position_embeddings=20,
        type_vocab_size=2,
    )
    model = BertModel(config).eval()
    folder.mkdir(parents=True, exist_ok=True)
    raw = {**config.to_dict(), "model_type": "bert", **settings}
    (folder / "config.json").write_text(json.dumps(raw, default=str))
    tensors = {prefix + name: tensor.clone() for name, tensor in model.state_dict().items()}
    save_file(tensors, str(folder / "model.safetensors"))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
    return model


def tokenizer() -> dict[str, Any]:
    """A word-level tokenizer that puts [CLS] and [SEP] around a text."""
    special = [{"id": name, "ids": [WORDS.index(name)], "tokens": [name]} for name in
               ("[CLS]", "[SEP]")]  # fmt: skip
    cls, text, sep = (
        {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
        {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
    )
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [cls, text, sep],
            "pair": [cls, text, sep, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {entry["id"]: entry for entry in special},
        },
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {word: i for i, word in enumerate(WORDS)},
            "unk_token": "[UNK]",
        },
    }
