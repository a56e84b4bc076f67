"""Quality of compiled language models beside float32.

`perplexity_ratio` is that of the demo model (models/topics) on passages that it was not trained on:
the exact program's perplexity over that of transformers in float32, on the same windows. The other
figures are worst cases over seeded random models of every architecture, whole and cut at every
layer: cosine of the logits of a position to those in float32, and the share of positions at which
the largest logit is the same; those that end in `_16` are of whole models with weights of 16 bits.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    LlamaForCausalLM,
    MistralForCausalLM,
    Qwen2ForCausalLM,
    Qwen3ForCausalLM,
)
from transformers.utils import logging

from touchstone.compilers import MatrixError, compile_decoder
from touchstone.compilers.report import worst
from touchstone.engines import causal_engine
from touchstone.programs import Model, load_model, load_shard
from touchstone.programs.model import read_manifest
from touchstone.protocol.generation import Prompt, Sampling

SOURCE = Path(__file__).resolve().parents[2] / "models" / "topics"
WINDOW = 512
ARCHITECTURES = {
    "llama": LlamaForCausalLM,
    "mistral": MistralForCausalLM,
    "qwen2": Qwen2ForCausalLM,
    "qwen3": Qwen3ForCausalLM,
}
LAYERS, LENGTH, VOCABULARY = 4, 48, 512
FRACTION = 2.0**16


def run() -> dict[str, float]:
    """Figures by name; all are ratios or shares."""
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        figures = of_random_models(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        return figures | of_demo_model(Path(folder))


def of_demo_model(folder: Path) -> dict[str, float]:
    """Perplexity on held-out windows, and what rounding changed in the weights."""
    errors: list[MatrixError] = []
    compile_decoder(SOURCE, folder, "topics", "1", note=errors.append)
    model = load_model(folder)
    real = AutoModelForCausalLM.from_pretrained(SOURCE, dtype=torch.float32).eval()
    losses = []
    windows = held_out_windows()
    for window in windows:
        found = exact_logits(model, rows_of(window)), real_logits(real, window)
        losses.append([total_loss(logits, window) for logits in found])
        print(f"window {len(losses)} of {len(windows)}", file=sys.stderr)
    count = sum(len(window) - 1 for window in windows)
    exact, plain = np.exp(np.sum(losses, axis=0) / count).tolist()
    return {
        "perplexity_ratio": exact / plain,
        "perplexity_exact": exact,
        "perplexity_float32": plain,
        "weight_error_mean": float(np.mean([error.mean for error in errors])),
        "weight_error_max": worst(errors).greatest,
    }


def held_out_windows() -> list[Any]:
    """The passages held out, in windows of at most WINDOW tokens, int64 each.

    A window begins with the last token of the one before, which nothing followed there.
    """
    # It stands beside run_bench.py.
    from train_demo_model import HELD_OUT, encode, passages

    tokenizer = Tokenizer.from_file(str(SOURCE / "tokenizer.json"))
    tokens = encode(tokenizer, passages()[HELD_OUT - 1 :: HELD_OUT])
    return [tokens[start : start + WINDOW] for start in range(0, len(tokens) - 1, WINDOW - 1)]


def of_random_models(folder: Path) -> dict[str, float]:
    """The worst of all architectures and cuts."""
    tokens = np.random.default_rng(7).integers(0, VOCABULARY, LENGTH)
    close, closer = [], []
    for kind in ARCHITECTURES:
        print(kind, file=sys.stderr)
        source, out = folder / kind, folder / f"{kind}-exact"
        wanted = real_logits(write_random(source, kind), tokens)
        for cut in range(LAYERS):
            compile_decoder(source, out, kind, "1", cuts=[cut] if cut else [])
            close.append(closeness(logits_of_shards(out, tokens), wanted))
        compile_decoder(source, out, kind, "1", weight_bits=16)
        closer.append(closeness(logits_of_shards(out, tokens), wanted))
    agreement, cosine = np.min(close, axis=0).tolist()
    agreement_16, cosine_16 = np.min(closer, axis=0).tolist()
    return {
        "top1_agreement_min": agreement,
        "cosine_min": cosine,
        "top1_agreement_min_16": agreement_16,
        "cosine_min_16": cosine_16,
    }


def logits_of_shards(folder: Path, tokens: Any) -> Any:
    """Logits of a compiled model, whose shards run one after the other where it has several."""
    rows, last = rows_of(tokens), len(read_manifest(folder).shards) - 1
    for index in range(last):
        rows = causal_engine(load_shard(folder, index)).run([rows])[0]
    return exact_logits(load_shard(folder, last), rows)


def closeness(found: Any, wanted: Any) -> tuple[float, float]:
    """Share of positions with the same largest logit, and the least cosine of a position."""
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(wanted, axis=1)
    same = found.argmax(axis=1) == wanted.argmax(axis=1)
    return float(same.mean()), float(((found * wanted).sum(axis=1) / lengths).min())


def write_random(folder: Path, kind: str) -> Any:
    """A random model whose layers all matter, and its tokenizer, which is not used."""
    torch.manual_seed(3)
    config = AutoConfig.for_model(
        kind,
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=320,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=LENGTH,
        sliding_window=None,
    )
    model = ARCHITECTURES[kind](config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("norm.weight"):
                weight.uniform_(0.5, 1.5)
            elif weight.ndim == 1:
                weight.normal_(0, 1)
            elif "embed" in name:
                weight.normal_()
            else:
                weight.normal_(0, weight.shape[1] ** -0.5)
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_text("{}")
    return model


def rows_of(tokens: Any) -> Any:
    """What a program reads of the tokens of a prompt."""
    return Prompt(np.array(tokens, np.int32), Sampling.of(1)).rows()


def exact_logits(model: Model, rows: Any) -> Any:
    """Logits at each position, float64 [positions, vocabulary]."""
    number = [operator.label for operator in model.program.operators].index("logits") + 1
    for value, found in causal_engine(model).replay(rows):
        if value == number:
            return found[:, 0] / FRACTION
    raise AssertionError("no logits")


def real_logits(model: Any, tokens: Any) -> Any:
    """The same in float32."""
    with torch.inference_mode():
        return model(input_ids=torch.tensor(np.array(tokens))[None]).logits[0].double().numpy()


def total_loss(logits: Any, tokens: Any) -> float:
    """Sum of the losses of all tokens but the first."""
    given = logits[:-1] - logits[:-1].max(axis=1, keepdims=True)
    chosen = given[np.arange(len(tokens) - 1), tokens[1:]]
    return float((np.log(np.exp(given).sum(axis=1)) - chosen).sum())
