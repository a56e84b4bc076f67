"""Trains a small Llama, and its tokenizer, on CPython's own help texts: `pydoc_data.topics`.

The folder is an ordinary Hugging Face one; its `training.json` holds the recipe and the loss curve.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import math
import platform
import re
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

Tokens = NDArray[np.int64]
FOLDER = Path(__file__).resolve().parents[1] / "models" / "topics"
WIDTH = 70  # the column at which the topics are wrapped
HELD_OUT = 20  # one passage in so many is not trained on
END = "<|end|>"
VOCABULARY = 1536
CONTEXT = 512
SHAPE: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "max_position_embeddings": CONTEXT,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": True,
}
WINDOWS = (128, 128, 128, 512)  # the lengths of a step's windows, in turn
STEP_TOKENS = 2048
STEPS = 800
WARM_UP = 20
DECAY = 0.6  # the last share of the steps, in which the rates fall to nothing, evenly
RATE_MATRICES = 0.02
RATE_OTHERS = 3e-3
MOMENTUM = 0.95
SEED = 1
PROMPTS = {'The "for" statement is used to': 0.0, "An instance method is": 0.0, "A class": 0.7}
"""What the model is tried on, and at which temperature."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--steps", type=int, default=STEPS)
    given = parser.parse_args()
    torch.manual_seed(SEED)
    found = passages()
    held_out = found[HELD_OUT - 1 :: HELD_OUT]
    kept = [passage for number, passage in enumerate(found, 1) if number % HELD_OUT]
    tokenizer = make_tokenizer(kept)
    tokens, unseen = encode(tokenizer, kept), encode(tokenizer, held_out)
    end = tokenizer.token_to_id(END)
    model: Any = LlamaForCausalLM(LlamaConfig(**SHAPE, bos_token_id=end, eos_token_id=end))
    began, worked = time.monotonic(), time.process_time()
    curve = train(model, tokens, unseen, given.steps)
    seconds, worked = time.monotonic() - began, time.process_time() - worked

    model.bfloat16().save_pretrained(given.folder)
    save_tokenizer(tokenizer, given.folder)
    # What follows is measured on what the folder holds.
    model = LlamaForCausalLM.from_pretrained(given.folder, dtype=torch.float32)
    loss = loss_of(model, unseen)
    recipe = {
        "text": "pydoc_data.topics",
        "text_sha256": hashlib.sha256("\0".join(kept + held_out).encode()).hexdigest(),
        "passages": len(kept),
        "tokens": len(tokens),
        "loss": round(loss_of(model, tokens), 3),
        "passages_held_out": len(held_out),
        "tokens_held_out": len(unseen),
        "loss_held_out": round(loss, 3),
        "perplexity_held_out": round(math.exp(loss), 1),
        "parameters": model.num_parameters(),
        "matrices": f"Muon, rate {RATE_MATRICES}, momentum {MOMENTUM}",
        "others": f"Adam, rate {RATE_OTHERS}",
        "rates": f"{WARM_UP} steps up, then flat, down to 0 in the last {DECAY:.0%} of the steps",
        "windows": WINDOWS,
        "tokens_a_step": STEP_TOKENS,
        "steps": given.steps,
        "seconds": round(seconds),
        "processor_seconds": round(worked),
        "seed": SEED,
        "versions": {"python": platform.python_version(), "torch": version("torch")},
        "samples": [speak(model, tokenizer, *prompt) for prompt in PROMPTS.items()],
        "curve": curve,
    }
    text = json.dumps(recipe, indent=1, ensure_ascii=False)
    (given.folder / "training.json").write_text(text + "\n")


def passages() -> list[str]:
    """The topics cut into passages: a paragraph with its heading, and the code or list below it.

    Topics repeat each other; each passage is kept once. Tables are left out.
    """
    found: dict[str, None] = {}
    for topic in sorted(topics.values(), key=lambda text: (len(text), text)):
        passage, complete = "", True
        paragraphs = re.split(r"\n\s*\n(?=.)", topic.strip())
        for paragraph in (text for text in paragraphs if "+--" not in text):
            text, headings = re.subn(r"\n([*=~^-])\1+$", "", paragraph)
            if complete and not text.startswith((" ", "* ")):
                found[passage] = None
                passage = ""
            passage += "\n\n" * bool(passage) + unwrap(text)
            complete = not headings and not text.endswith(":")
        found[passage] = None
    return [passage for passage in found if passage]


def unwrap(paragraph: str) -> str:
    """Joins the lines that were wrapped: those whose next word would not have fitted."""
    text = before = ""
    for line in paragraph.split("\n"):
        word = re.split(r"(?<=\S) ", line, maxsplit=1)[0]
        hanging = re.sub(r"^( *)(\*|\d+\.) ", lambda mark: " " * len(mark[0]), before)
        level = len(word) - len(word.lstrip()) == len(hanging) - len(hanging.lstrip())
        if level and len(before) + 1 + len(word.lstrip()) > WIDTH and "::=" not in line + before:
            text += ("" if re.search(r"\w-$", before) else " ") + line.lstrip()
        else:
            text += "\n" * bool(text) + line
        before = line
    return re.sub(r"(?<=[.:])  (?=\S)", " ", text)


def make_tokenizer(texts: list[str]) -> Tokenizer:
    """Byte-level BPE: every text has tokens, and every list of tokens a text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[END], show_progress=False, initial_alphabet=alphabet
    )
    tokenizer.train_from_iterator(texts, trainer)
    assert tokenizer.get_vocab_size() == VOCABULARY
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": CONTEXT}
    config |= {"bos_token": END, "eos_token": END, "clean_up_tokenization_spaces": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


def encode(tokenizer: Tokenizer, texts: list[str]) -> Tokens:
    """All texts in a row, with an end before and after each."""
    end = tokenizer.token_to_id(END)
    ids = (token for text in tokenizer.encode_batch(texts) for token in (*text.ids, end))
    return np.array([end, *ids], np.int64)


def train(model: Any, tokens: Tokens, unseen: Tokens, steps: int) -> list[dict[str, float]]:
    """Muon for the matrices, Adam for the embedding and the norms. Returns the loss curve."""
    embedding = model.get_input_embeddings().weight
    matrices = [p for p in model.parameters() if p.dim() == 2 and p is not embedding]
    momenta = [torch.zeros_like(matrix) for matrix in matrices]
    others = [p for p in model.parameters() if p.dim() == 1 or p is embedding]
    adam = torch.optim.Adam(others, betas=(0.9, 0.95))
    curve = []
    recent: list[float] = []
    for step, batch in zip(range(1, steps + 1), batches(tokens), strict=False):
        share = min(1.0, step / WARM_UP, (steps + 1 - step) / (DECAY * steps))
        loss = model(input_ids=batch, labels=batch, use_cache=False).loss
        model.zero_grad()
        loss.backward()
        adam.param_groups[0]["lr"] = RATE_OTHERS * share
        adam.step()
        for pair in zip(matrices, momenta, strict=True):
            muon_step(*pair, RATE_MATRICES * share)
        recent.append(loss.item())
        if step % 50 == 0 or step == steps:
            losses = {"train": float(np.mean(recent)), "held_out": loss_of(model, unseen)}
            curve.append({"step": step} | {name: round(n, 3) for name, n in losses.items()})
            print(json.dumps(curve[-1]), flush=True)
            recent.clear()
    return curve


@torch.no_grad()
def muon_step(matrix: Tensor, momentum: Tensor, rate: float) -> None:
    """Descends by the momentum made orthogonal: on so small a text far faster than Adam alone."""
    assert matrix.grad is not None
    momentum.lerp_(matrix.grad, 1 - MOMENTUM)
    step = matrix.grad.lerp(momentum, MOMENTUM)
    tall = len(step) > len(step.T)
    step = (step.T if tall else step) / (step.norm() + 1e-7)
    # Newton-Schulz, with the factors that are usual for it.
    for _ in range(5):
        square = step @ step.T
        step = 3.4445 * step + (2.0315 * square @ square - 4.775 * square) @ step
    step = step.T if tall else step
    matrix.sub_(step, alpha=rate * max(1.0, len(step) / len(step.T)) ** 0.5)


def batches(tokens: Tokens) -> Iterator[Tensor]:
    """Windows from where each passage begins, as a prompt does, and from places between."""
    random = np.random.default_rng(SEED)
    begins = np.flatnonzero(tokens == tokens[0]) + 1
    places = np.append(begins, np.arange(0, len(tokens), 192))
    starts = (start for _ in itertools.count() for start in random.permutation(places))
    for length in itertools.cycle(WINDOWS):
        found = np.clip([*itertools.islice(starts, STEP_TOKENS // length)], 0, len(tokens) - length)
        yield torch.from_numpy(np.stack([tokens[start : start + length] for start in found]))


@torch.inference_mode()
def loss_of(model: Any, tokens: Tokens) -> float:
    """Mean loss of all tokens but the first, each seen after what precedes it in its window."""
    total = 0.0
    # A window begins with the last token of the one before, which nothing followed there.
    for first in range(0, len(tokens) - 1, CONTEXT - 1):
        window = torch.from_numpy(tokens[first : first + CONTEXT])[None]
        total += model(input_ids=window, labels=window).loss.item() * (window.shape[1] - 1)
    return total / (len(tokens) - 1)


@torch.inference_mode()
def speak(model: Any, tokenizer: Tokenizer, prompt: str, temperature: float) -> dict[str, Any]:
    """What the model makes of a prompt, up to its end or to 96 tokens."""
    torch.manual_seed(SEED)
    ids = torch.tensor([tokenizer.encode(prompt).ids])
    how = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {}
    found = model.generate(ids, max_new_tokens=96, pad_token_id=0, **how)[0].tolist()
    return {"temperature": temperature, "text": tokenizer.decode(found, skip_special_tokens=False)}


if __name__ == "__main__":
    main()
