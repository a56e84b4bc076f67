"""Language models of the Llama kind to exact causal programs.

Llama, Mistral, Qwen2 and Qwen3: RMS norms before attention and feed-forward layers, rotary
positions, grouped heads, gated inner layers with SiLU. The program reads prompts and ends in the
token that it emits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from touchstone.arithmetic.rounding import Int32
from touchstone.arithmetic.tables import SILU_LOW, noise_table, silu_table, weight_table
from touchstone.compilers.chat_settings import read_chat
from touchstone.compilers.decoder_settings import EMBEDDING, DecoderSize, check_tensors, read_size
from touchstone.compilers.layers import (
    EMBEDDING_SCALE_BITS,
    FACTOR_BITS,
    MATMUL_SCALE_BITS,
    LayerWriter,
    score_factor,
)
from touchstone.compilers.quantise import QuantisedMatrix, Real, WeightBits, gain
from touchstone.compilers.report import Note, unnoted
from touchstone.compilers.rope import rotation_tables
from touchstone.compilers.source import Tensors
from touchstone.errors import CompileError
from touchstone.programs.language import Language
from touchstone.programs.manifest import Manifest
from touchstone.programs.program import ORDER_WIDTH, InputKind, InputSpec
from touchstone.programs.shards import Cut
from touchstone.programs.writer import Facts, ModelWriter

ATTENTION_ROW_BITS = 14
SCORE_SUM_BITS = 24
"""Sums of products of queries and keys stay within 2^24, so that float32 has them exactly."""

NO_STOP = -1
"""Stands in the list of stops of a model that has none; it ends a text anyhow."""


def compile_decoder(
    source_folder: Path | str,
    out_folder: Path | str,
    name: str,
    version: str,
    weight_bits: WeightBits = 8,
    max_length: int | None = None,
    cuts: Sequence[int] = (),
    note: Note = unnoted,
) -> Manifest:
    """Compiles a Hugging Face folder of a language model to a model folder; returns its manifest.

    Reads config.json, generation_config.json where present, model.safetensors (or the files that
    its index names) and tokenizer.json. The same source gives the same roots on every machine.
    With `cuts` the model is cut into shards before these layers (numbers rising from 1), which are
    written beside it (`programs.shards`). Raises CompileError naming whatever is not supported.
    """
    source = Path(source_folder)
    size = read_size(source, max_length)
    _check_cuts(cuts, size.layers)
    tokenizer = source / "tokenizer.json"
    if not tokenizer.is_file():
        raise CompileError(f"tokenizer.json is missing from the source folder {source}")
    tensors = Tensors(source, ("",), EMBEDDING)
    check_tensors(size, tensors)
    language = Language(size.vocabulary, size.stops, read_chat(source))
    facts = Facts(name, version, size.layers, size.hidden, 0, tokenizer.read_bytes(), language)
    spec = InputSpec(InputKind.PROMPT, ORDER_WIDTH, size.max_length, causal=True)
    with ModelWriter(out_folder, spec) as model:
        writer = _Writer(size, tensors, LayerWriter(model.builder, weight_bits, note))
        output = writer.write()
        return model.finish(output, facts, [Cut(layer, writer.starts[layer]) for layer in cuts])


def _check_cuts(cuts: Sequence[int], layers: int) -> None:
    ends = [0, *cuts, layers]
    if any(end <= start for start, end in pairwise(ends)):
        raise CompileError(
            f"cuts at {list(cuts)} do not rise from 1 to {layers - 1}, as those of a model of "
            f"{layers} layers must"
        )


class _Writer:
    """Writes the operators of one language model."""

    def __init__(self, size: DecoderSize, tensors: Tensors, layers: LayerWriter) -> None:
        self.size = size
        self.tensors = tensors
        self.layers = layers
        self.builder = layers.builder
        self.rotations = rotation_tables(size.rope, size.head_width, size.max_length)
        # Biases and gains make some elements of queries and keys far larger than the others.
        precise = size.query_bias or size.head_norms or layers.weight_bits == 16
        self.query_bits, self.key_bits = score_bits(size.head_width, precise)
        self.starts: list[int] = []
        """What each layer reads."""

    def write(self) -> int:
        """Appends the whole model; returns its output value."""
        x, words = self.embedding()
        for index in range(self.size.layers):
            self.starts.append(x)
            x = self.layer(x, index)
        return self.head(x, words)

    def embedding(self) -> tuple[int, QuantisedMatrix]:
        """The rows of the tokens, and the matrix that they are rows of."""
        size = self.size
        # A tied head has them too, as a product with weights.
        least = MATMUL_SCALE_BITS if size.tied else EMBEDDING_SCALE_BITS
        weight = self.tensors.stored(EMBEDDING, size.vocabulary, size.hidden)
        words = self.layers.quantised(weight, "embedding", least)
        return self.layers.embedding(words, "embedding"), words

    def layer(self, x: int, index: int) -> int:
        """One layer: attention, then the feed-forward layer, each added to what it read."""
        source, label, add = f"model.layers.{index}", f"layer.{index}", self.builder.add
        normal = self.norm(x, f"{source}.input_layernorm", f"{label}.attention_norm")
        x = add("add", f"{label}.attention_sum", (x, self.attention(normal, source, label)))
        normal = self.norm(x, f"{source}.post_attention_layernorm", f"{label}.inner_norm")
        return add("add", f"{label}.sum", (x, self.feed_forward(normal, source, label)))

    def attention(self, x: int, source: str, label: str) -> int:
        """Each head looks at the positions up to its own."""
        size, add = self.size, self.builder.add
        source = f"{source}.self_attn"
        peak = add("peak", f"{label}.peak", (x,))
        q = self.heads(x, peak, f"{source}.q", f"{label}.query", size.heads)
        k = self.heads(x, peak, f"{source}.k", f"{label}.key", size.kv_heads)
        v = self.projection(x, peak, f"{source}.v_proj", f"{label}.value", size.kv_heads)
        scores = add(
            "causal_scores",
            f"{label}.scores",
            (
                q,
                add("peak", f"{label}.query_peak", (q,)),
                k,
                add("peak", f"{label}.key_peak", (k,)),
            ),
            row_bits=self.query_bits,
            key_bits=self.key_bits,
            factor=score_factor(size.head_width),
            factor_bits=FACTOR_BITS,
        )
        highest = add("row_max", f"{label}.highest", (scores,))
        weights = add("exp", f"{label}.weights", (scores, highest), (_table(weight_table),))
        total = add("row_sum", f"{label}.total", (weights,))
        value_peak = add("peak", f"{label}.value_peak", (v,))
        mixed = add(
            "causal_mix",
            f"{label}.mix",
            (weights, total, v, value_peak),
            row_bits=ATTENTION_ROW_BITS,
        )
        mixed = add("join", f"{label}.mixed", (mixed,))
        peak = add("peak", f"{label}.mixed_peak", (mixed,))
        weight = self.tensors.stored(
            f"{source}.o_proj.weight", size.hidden, size.heads * size.head_width
        )
        bias = self.bias(f"{source}.o_proj", size.hidden) if size.output_bias else None
        return self.layers.linear(mixed, peak, weight, bias, f"{label}.attention")

    def heads(self, x: int, peak: int, source: str, label: str, count: int) -> int:
        """Queries or keys: the rows of `count` heads, normed where the model does, and turned."""
        rows = self.projection(x, peak, f"{source}_proj", label, count)
        if self.size.head_norms:
            rows = self.norm(rows, f"{source}_norm", f"{label}_norm", self.size.head_width)
        return self.builder.add("rotate", f"{label}_turned", (rows,), self.rotations)

    def projection(self, x: int, peak: int, source: str, label: str, count: int) -> int:
        width = count * self.size.head_width
        weight = self.tensors.stored(f"{source}.weight", width, self.size.hidden)
        bias = self.bias(source, width) if self.size.query_bias else None
        return self.layers.linear(x, peak, weight, bias, label, count)

    def bias(self, source: str, width: int) -> Real:
        return self.tensors.get(f"{source}.bias", width)

    def feed_forward(self, x: int, source: str, label: str) -> int:
        """Shazeer, GLU variants: down(silu(gate(x)) * up(x))."""
        size, add = self.size, self.builder.add
        peak = add("peak", f"{label}.inner_peak", (x,))
        gate, up = (
            self.layers.linear(
                x,
                peak,
                self.tensors.stored(f"{source}.mlp.{part}_proj.weight", size.inner, size.hidden),
                None,
                f"{label}.{part}",
            )
            for part in ("gate", "up")
        )
        open_gate = add(
            "lookup",
            f"{label}.silu",
            (gate,),
            (_table(silu_table),),
            low=SILU_LOW,
            identity_above=1,
        )
        inner = add("multiply", f"{label}.gated", (open_gate, up))
        inner_peak = add("peak", f"{label}.gated_peak", (inner,))
        down = self.tensors.stored(f"{source}.mlp.down_proj.weight", size.hidden, size.inner)
        return self.layers.linear(inner, inner_peak, down, None, f"{label}.down")

    def norm(self, x: int, source: str, label: str, width: int | None = None) -> int:
        """RMS norm with the gain [width] of the tensor."""
        width = width or self.size.hidden
        values, bits = gain(self.tensors.get(f"{source}.weight", width), source)
        none = np.zeros(width, np.int32)
        return self.layers.over_root(x, label, self.size.epsilon, values, bits, none)

    def head(self, x: int, words: QuantisedMatrix) -> int:
        """The logits of the next token, and from them the token."""
        size, add = self.size, self.builder.add
        normal = self.norm(x, "model.norm", "norm")
        peak = add("peak", "norm_peak", (normal,))
        if not size.tied:
            weight = self.tensors.stored("lm_head.weight", size.vocabulary, size.hidden)
            words = self.layers.quantised(weight, "logits", MATMUL_SCALE_BITS)
        logits = self.layers.product(normal, peak, words, None, "logits")
        tempered = add("temper", "tempered", (logits, 0))
        highest = add("row_max", "highest", (tempered,))
        noisy = add("perturb", "perturbed", (tempered, highest, 0), (_table(noise_table),))
        token = add("argmax", "token", (noisy,))
        return add("emit", "emitted", (token, 0), (np.array(size.stops or (NO_STOP,), np.int32),))


@cache
def _table(make: Callable[[], Int32]) -> Int32:
    return make()


def score_bits(width: int, precise: bool) -> tuple[int, int]:
    """Bits of queries and of keys of `width` elements: all, where they must be `precise`, else so
    many that sums over a row stay within 2^SCORE_SUM_BITS."""
    if precise:
        return ATTENTION_ROW_BITS, ATTENTION_ROW_BITS
    both = SCORE_SUM_BITS - (width - 1).bit_length()
    query = min(ATTENTION_ROW_BITS, (both + 1) // 2)
    return query, min(ATTENTION_ROW_BITS, both - query)
