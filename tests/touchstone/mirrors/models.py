"""Model folders of a few pieces, made in a moment."""

from pathlib import Path

import numpy as np

from touchstone.mirrors.fetching import Wanted
from touchstone.programs import Facts, InputKind, InputSpec, ModelWriter, weights

PIECES = 6
_WIDTH = 64


def save_wide(folder: Path, seed: int = 1, name: str = "wide") -> Wanted:
    """Writes a model whose weights are five pieces and a short one; returns its roots."""
    random = np.random.default_rng(seed)
    rows = (PIECES - 1) * weights.PIECE // _WIDTH + 100
    table = random.integers(-127, 128, (rows, _WIDTH)).astype(np.int8)
    scale = np.full(rows, 1 << 17, np.int32)
    with ModelWriter(folder, InputSpec(InputKind.TOKENS, 1, 16)) as writer:
        add = writer.builder.add
        words = add("embed_tokens", "word", (0,), (table, scale), scale_bits=10)
        output = add("column_mean", "pool", (words,))
        manifest = writer.finish(output, Facts(name, "1", 1, _WIDTH, 16, b'{"words": []}'))
    assert len(manifest.weight_nodes) == PIECES
    return Wanted(manifest.program_root, manifest.weight_root, f"{name}@1")
