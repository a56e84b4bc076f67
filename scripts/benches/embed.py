"""Embedding speed and closeness: the exact engine beside transformers in float32.

Both run the same MiniLM on the same token numbers in the same process, in turns, on as many threads
as there are processors. `speedup_*` is time in float32 over time in the exact engine (above 1:
the exact engine is faster). `cosine_*` compares mean-pooled unit embeddings with float32.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from transformers import AutoModel

from touchstone.compilers import compile_bert, find_minilm
from touchstone.engines import EncoderEngine, encoder_engine
from touchstone.programs import load_model

LENGTHS = (16, 64, 256)
BATCHES = (1, 8, 32)
SECONDS_PER_CELL = 2.0


def run() -> dict[str, float]:
    """Figures by name: times in seconds, speedups and cosines as ratios, sizes in MB (10^6)."""
    source = find_minilm()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        compile_bert(source, folder, "all-MiniLM-L6-v2", "1.0.0")
        figures = {"compile_seconds": time.perf_counter() - start}
        start = time.perf_counter()
        model = load_model(folder)
        figures["load_seconds"] = time.perf_counter() - start
        size = sum(file.stat().st_size for file in model.folder.iterdir())
        figures["model_folder_mb"] = size / 1e6
    engine, float32 = encoder_engine(model), AutoModel.from_pretrained(source).eval()
    random, cosines = np.random.default_rng(1), []
    for length in LENGTHS:
        for batch in BATCHES:
            tokens = random.integers(1000, 30000, (batch, length)).astype(np.int32)
            cell = f"{length}x{batch}"
            exact, real = measure(engine, float32, tokens)
            figures[f"exact_seconds_{cell}"], figures[f"float32_seconds_{cell}"] = exact, real
            figures[f"speedup_{cell}"] = real / exact
            cosines.append(cosine(engine, float32, tokens))
    every = np.concatenate(cosines)
    figures["cosine_mean"], figures["cosine_min"] = float(every.mean()), float(every.min())
    figures["speedup_min"] = min(figures[f"speedup_{n}x{b}"] for n in LENGTHS for b in BATCHES)
    figures["speedup_batch8_min"] = min(figures[f"speedup_{n}x8"] for n in LENGTHS)
    return figures


def measure(engine: EncoderEngine, float32: Any, tokens: Any) -> tuple[float, float]:
    """Best seconds of each side, taking turns until the time of the cell is spent."""
    batch = [row.copy() for row in tokens]
    both: tuple[Callable[[], Any], ...] = (
        lambda: engine.run(batch),
        lambda: embed_float32(float32, tokens),
    )
    for side in both:
        side()
    best = [float("inf"), float("inf")]
    end, rounds = time.perf_counter() + SECONDS_PER_CELL, 0
    while rounds < 2 or time.perf_counter() < end:
        for index, side in enumerate(both):
            start = time.perf_counter()
            side()
            best[index] = min(best[index], time.perf_counter() - start)
        rounds += 1
    return best[0], best[1]


def embed_float32(float32: Any, tokens: Any) -> Any:
    """Unit embeddings of a rectangular batch in float32."""
    with torch.inference_mode():
        hidden = float32(input_ids=torch.from_numpy(tokens.astype(np.int64))).last_hidden_state
        return torch.nn.functional.normalize(hidden.mean(dim=1), dim=1).numpy()


def cosine(engine: EncoderEngine, float32: Any, tokens: Any) -> Any:
    """Cosine of each row's two embeddings."""
    found = np.stack(engine.run(list(tokens))).astype(np.float64)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return (found * embed_float32(float32, tokens)).sum(axis=1)
