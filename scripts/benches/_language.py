"""Language models to measure, as transformers runs them and compiled: a seeded random one of the
Llama kind, and the demo's where it is there."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from touchstone.compilers import compile_decoder
from touchstone.engines.native.engine import NativeEngine
from touchstone.programs import Model, load_model

DEMO = Path(__file__).parents[2] / "models" / "topics"
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
VOCABULARY = 8192


@contextmanager
def subjects() -> Iterator[dict[str, Path]]:
    """Hugging Face folders, by what their figures begin with."""
    with tempfile.TemporaryDirectory() as folder:
        _random_llama(Path(folder))
        demo = {"demo_": DEMO} if (DEMO / "config.json").is_file() else {}
        yield {"": Path(folder), **demo}


def _random_llama(folder: Path) -> None:
    """12 layers, hidden 1,024, inner 2,816, 16 heads of which 4 of keys."""
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=1024,
        intermediate_size=2816,
        num_hidden_layers=12,
        num_attention_heads=16,
        num_key_value_heads=4,
        max_position_embeddings=1024,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    )
    LlamaForCausalLM(config).eval().save_pretrained(folder)
    words = {f"w{number}": number for number in range(VOCABULARY)}
    Tokenizer(WordLevel(words, unk_token=next(iter(words)))).save(str(folder / "tokenizer.json"))


def compiled(source: Path) -> Model:
    """The exact model, in memory."""
    with tempfile.TemporaryDirectory() as folder:
        compile_decoder(source, folder, "bench", "1.0.0")
        return load_model(folder)


def exact(source: Path) -> NativeEngine:
    """The engine of the compiled model, on as many threads as torch has."""
    return NativeEngine(compiled(source), torch.get_num_threads())


def floating(source: Path, name: str) -> Any:
    """The model as transformers runs it."""
    return AutoModelForCausalLM.from_pretrained(source, dtype=DTYPES[name]).eval()


def best_in_turns(sides: Sequence[Callable[[], Any]], rounds: int) -> list[float]:
    """Best seconds of each side, which take turns; the first round is not counted."""
    best = [float("inf")] * len(sides)
    for turn in range(rounds + 1):
        for index, side in enumerate(sides):
            start = time.perf_counter()
            side()
            taken = time.perf_counter() - start
            if turn:
                best[index] = min(best[index], taken)
    return best
