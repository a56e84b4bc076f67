"""Model folders of a few pieces, made in a moment."""

from hashlib import sha256
from pathlib import Path

import numpy as np

from touchstone.mirrors.fetching import Wanted
from touchstone.programs import (
    InputKind,
    InputSpec,
    Manifest,
    Shard,
    program_root,
    save_model,
    weights,
)
from touchstone.programs.builder import ProgramBuilder

PIECES = 6
_WIDTH = 64


def save_wide(folder: Path, seed: int = 1, name: str = "wide") -> Wanted:
    """Writes a model whose weights are five pieces and a short one; returns its roots."""
    random = np.random.default_rng(seed)
    rows = (PIECES - 1) * weights.PIECE // _WIDTH + 100
    builder = ProgramBuilder(InputSpec(InputKind.TOKENS, 1, 16))
    table = random.integers(-127, 128, (rows, _WIDTH)).astype(np.int8)
    scale = np.full(rows, 1 << 17, np.int32)
    words = builder.add("embed_tokens", "word", (0,), (table, scale), scale_bits=10)
    program = builder.program(builder.add("column_mean", "pool", (words,)))
    data = weights.pack(program, builder.tensors)
    nodes = weights.piece_nodes(data)
    assert len(nodes) == PIECES
    root, tokenizer = program_root(program), b'{"words": []}'
    manifest = Manifest(
        name=name,
        version="1",
        program_root=root,
        weight_root=weights.root_of_pieces(len(data), nodes),
        weight_nodes=nodes,
        shards=(Shard(0, 1, root),),
        tokenizer_sha256=sha256(tokenizer).digest(),
        max_length=16,
        hidden_size=_WIDTH,
        output_width=_WIDTH,
        output_fraction_bits=16,
    )
    save_model(folder, manifest, program, builder.tensors, tokenizer)
    return Wanted(root, manifest.weight_root, f"{name}@1")
