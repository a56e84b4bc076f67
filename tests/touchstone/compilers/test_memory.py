"""Compiling needs memory for a layer, not for the model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from tests.touchstone.compilers.tiny_decoder import byte_tokenizer
from touchstone.compilers.decoder_settings import read_size

LAYERS = 16
ALLOWED = 8 << 20
"""Bytes; a layer has 1 MiB in integers and 2 MiB in the source."""

COMPILE = """
import sys, tracemalloc
from touchstone.compilers import compile_decoder
from touchstone.protocol.bulk_hash import hash_all
small, large, out = sys.argv[1:]
# What a process makes once is no part of the measurement: tables, and code that hashes.
compile_decoder(small, out, "small", "1")
hash_all(0, bytes(33 << 20), 256)
tracemalloc.start()
compile_decoder(large, out, "large", "1", cuts=[8])
print(tracemalloc.get_traced_memory()[1])
"""


def write_wide(folder: Path, layers: int) -> None:
    """A Llama with a file for each layer."""
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": 256,
        "intermediate_size": 1024,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "vocab_size": 264,
        "max_position_embeddings": 64,
    }
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    byte_tokenizer().save(str(folder / "tokenizer.json"))
    torch.manual_seed(1)
    files: dict[str, dict[str, torch.Tensor]] = {}
    for name, shape in read_size(folder).tensors():
        file = f"model-{'.'.join(name.split('.')[:3])}.safetensors"
        files.setdefault(file, {})[name] = torch.randn(shape, dtype=torch.bfloat16)
    for file, tensors in files.items():
        save_file(tensors, str(folder / file))
    places = {name: file for file, tensors in files.items() for name in tensors}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": places}))


def test_a_model_larger_than_the_memory_is_compiled_and_cut(tmp_path: Path) -> None:
    small, large, out = (tmp_path / name for name in ("small", "large", "model"))
    write_wide(small, 1)
    write_wide(large, LAYERS)
    # A process of its own, so that the peak is that of compiling alone.
    done = subprocess.run(
        [sys.executable, "-c", COMPILE, small, large, out],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    peak = int(done.stdout)
    weights = (out / "weights.bin").stat().st_size
    assert peak < ALLOWED < weights / 2
