"""BERT encoders (sentence-transformers style) to exact programs.

The program follows the usual pipeline: embeddings, post-norm encoder layers, mean over positions,
unit length. One shard holds all layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from touchstone.arithmetic.tables import GELU_LOW, exp_table, gelu_table
from touchstone.compilers.layers import (
    EMBEDDING_SCALE_BITS,
    FACTOR_BITS,
    LayerWriter,
    epsilon_in_program,
    score_factor,
)
from touchstone.compilers.quantise import FRACTION_BITS, Real, fixed_point, gain
from touchstone.compilers.report import Note, unnoted
from touchstone.compilers.source import CONFIG, Settings, Tensors, read_json, read_settings
from touchstone.errors import CompileError
from touchstone.programs.manifest import Manifest
from touchstone.programs.program import InputKind, InputSpec
from touchstone.programs.weights import Tensor
from touchstone.programs.writer import Facts, ModelWriter

ATTENTION_ROW_BITS = 14
OUTPUT_FRACTION_BITS = 20


@dataclass(frozen=True, slots=True)
class BertSize:
    """The settings that give a BERT its size; `epsilon` as the operator has it."""

    layers: int
    hidden: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    max_length: int
    epsilon: int


def compile_bert(
    source_folder: Path | str,
    out_folder: Path | str,
    name: str,
    version: str,
    note: Note = unnoted,
) -> Manifest:
    """Compiles a Hugging Face BERT folder to a model folder; returns its manifest.

    Reads config.json, model.safetensors, tokenizer.json and, where present, modules.json,
    1_Pooling/config.json and sentence_bert_config.json. The same source gives the same roots on
    every machine. Raises CompileError naming whatever is not supported.
    """
    source = Path(source_folder)
    size = read_size(source)
    tokenizer = source / "tokenizer.json"
    if not tokenizer.is_file():
        raise CompileError(f"tokenizer.json is missing from the source folder {source}")
    tensors = Tensors(source, ("", "bert."), "embeddings.word_embeddings.weight")
    facts = Facts(
        name, version, size.layers, size.hidden, OUTPUT_FRACTION_BITS, tokenizer.read_bytes()
    )
    with ModelWriter(out_folder, InputSpec(InputKind.TOKENS, 1, size.max_length)) as model:
        output = _Writer(size, tensors, LayerWriter(model.builder, note=note)).write()
        return model.finish(output, facts)


def read_size(source: Path) -> BertSize:
    """The model's size, once every setting that would change the arithmetic is checked."""
    config = read_settings(source / CONFIG)
    config.require("model_type", ("bert",), None)
    config.require("hidden_act", ("gelu",), "gelu")
    config.require("position_embedding_type", ("absolute", None), "absolute")
    config.require("is_decoder", (False,), False)
    config.require("add_cross_attention", (False,), False)
    config.require("quantization_config", (None,), None)
    _check_pipeline(source)
    positions = config.integer("max_position_embeddings")
    size = BertSize(
        layers=config.integer("num_hidden_layers"),
        hidden=config.integer("hidden_size"),
        heads=config.integer("num_attention_heads"),
        inner=config.integer("intermediate_size"),
        vocabulary=config.integer("vocab_size"),
        positions=positions,
        types=config.integer("type_vocab_size"),
        max_length=_max_length(source, positions),
        epsilon=epsilon_in_program(config.number("layer_norm_eps", 1e-12), "layer_norm_eps"),
    )
    if size.hidden % size.heads:
        raise CompileError("config.json: hidden_size is not a multiple of num_attention_heads")
    return size


def _check_pipeline(source: Path) -> None:
    """Mean pooling, then unit length, is the one pipeline; files that are absent mean it too."""
    pooling = source / "1_Pooling" / "config.json"
    if pooling.is_file():
        settings = Settings(read_json(pooling), "1_Pooling/config.json")
        settings.require("pooling_mode_mean_tokens", (True,), False)
        for mode in ("cls_token", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens"):
            settings.require(f"pooling_mode_{mode}", (False,), False)
        settings.require("pooling_mode_lasttoken", (False,), False)
    modules = source / "modules.json"
    if modules.is_file():
        names = [str(module.get("type", "")).rsplit(".", 1)[-1] for module in read_json(modules)]
        if names != ["Transformer", "Pooling", "Normalize"]:
            raise CompileError(
                f"modules.json: {names} is not supported; needs Transformer, Pooling, Normalize"
            )


def _max_length(source: Path, positions: int) -> int:
    """Tokens of a text after which it is cut: sentence_bert_config.json's, or all positions."""
    path = source / "sentence_bert_config.json"
    if not path.is_file():
        return positions
    settings = read_settings(path)
    if settings.values.get("max_seq_length") is None:
        return positions
    return min(settings.integer("max_seq_length"), positions)


@dataclass(frozen=True, slots=True)
class Linear:
    """A real matrix [N, K] and bias [N], float64."""

    weight: Real
    bias: Real


class _Writer:
    """Writes the operators of one BERT."""

    def __init__(self, size: BertSize, tensors: Tensors, layers: LayerWriter) -> None:
        self.size = size
        self.tensors = tensors
        self.layers = layers
        self.builder = layers.builder
        self.gelu: Tensor = gelu_table()
        self.exp: Tensor = exp_table()

    def write(self) -> int:
        """Appends the whole model; returns its output value."""
        x = self.embeddings()
        for index in range(self.size.layers):
            x = self.layer(x, index)
        return self.pooled(x)

    def embeddings(self) -> int:
        size, add = self.size, self.builder.add
        weight = self.tensors.stored(
            "embeddings.word_embeddings.weight", size.vocabulary, size.hidden
        )
        words = self.layers.quantised(weight, "word_embeddings", EMBEDDING_SCALE_BITS)
        tokens = self.layers.embedding(words, "embeddings.word")
        table = self.tensors.get(
            "embeddings.position_embeddings.weight", size.positions, size.hidden
        )
        # Token types are all 0, so their one row joins the positions.
        types = self.tensors.get("embeddings.token_type_embeddings.weight", size.types, size.hidden)
        table = (table + types[0])[: size.max_length]
        positions = add(
            "embed_positions", "embeddings.position", (), (fixed_point(table, "positions"),)
        )
        total = add("add", "embeddings.sum", (tokens, positions))
        return self.norm(total, "embeddings.LayerNorm", "embeddings.norm")

    def layer(self, x: int, index: int) -> int:
        size, add = self.size, self.builder.add
        source, label = f"encoder.layer.{index}", f"layer.{index}"
        peak = add("peak", f"{label}.peak", (x,))
        q, k, v = (
            self.linear(
                x,
                peak,
                f"{source}.attention.self.{part}",
                f"{label}.{part}",
                (size.hidden, size.hidden),
                size.heads,
            )
            for part in ("query", "key", "value")
        )
        mixed = self.attention(q, k, v, label)
        attended = self.linear(
            mixed,
            add("peak", f"{label}.mixed_peak", (mixed,)),
            f"{source}.attention.output.dense",
            f"{label}.attention_output",
            (size.hidden, size.hidden),
        )
        x = self.norm(
            add("add", f"{label}.attention_sum", (x, attended)),
            f"{source}.attention.output.LayerNorm",
            f"{label}.attention_norm",
        )
        outer = self.feed_forward(x, source, label)
        total = add("add", f"{label}.output_sum", (x, outer))
        return self.norm(total, f"{source}.output.LayerNorm", f"{label}.output_norm")

    def feed_forward(self, x: int, source: str, label: str) -> int:
        """The two inner products, the inner rows in parts no wider than the outer ones.

        Each part has weight scales of its own: the second matrix, whose long rows would share
        one scale each, costs the most quality otherwise (docs/arithmetic.md, "Weights").
        """
        size, add = self.size, self.builder.add
        first = self.matrix(f"{source}.intermediate.dense", (size.inner, size.hidden))
        second = self.matrix(f"{source}.output.dense", (size.hidden, size.inner))
        peak = add("peak", f"{label}.inner_peak", (x,))
        total = None
        for part, start in enumerate(range(0, size.inner, size.hidden)):
            span, name = slice(start, start + size.hidden), f"{label}.{part}"
            rows = Linear(first.weight[span], first.bias[span])
            inner = self.product(x, peak, rows, f"{name}.inner")
            active = add(
                "lookup", f"{name}.gelu", (inner,), (self.gelu,), low=GELU_LOW, identity_above=1
            )
            # The bias belongs to the sum: the first part brings it.
            bias = second.bias if part == 0 else np.zeros_like(second.bias)
            columns = Linear(np.ascontiguousarray(second.weight[:, span]), bias)
            active_peak = add("peak", f"{name}.active_peak", (active,))
            outer = self.product(active, active_peak, columns, f"{name}.output")
            total = outer if total is None else add("add", f"{name}.sum", (total, outer))
        assert total is not None
        return total

    def attention(self, q: int, k: int, v: int, label: str) -> int:
        add = self.builder.add
        scores = add(
            "scores",
            f"{label}.scores",
            (
                q,
                add("peak", f"{label}.query_peak", (q,)),
                k,
                add("peak", f"{label}.key_peak", (k,)),
            ),
            row_bits=ATTENTION_ROW_BITS,
            factor=score_factor(self.size.hidden // self.size.heads),
            factor_bits=FACTOR_BITS,
        )
        highest = add("row_max", f"{label}.highest", (scores,))
        weights = add("exp", f"{label}.exp", (scores, highest), (self.exp,))
        total = add("row_sum", f"{label}.total", (weights,))
        shares = add("probabilities", f"{label}.probabilities", (weights, total))
        value_peak = add("peak", f"{label}.value_peak", (v,))
        head_peak = add("column_max", f"{label}.head_peak", (value_peak,))
        mixed = add("mix", f"{label}.mix", (shares, v, head_peak), row_bits=ATTENTION_ROW_BITS)
        return add("join", f"{label}.mixed", (mixed,))

    def linear(
        self,
        x: int,
        peak: int,
        source: str,
        label: str,
        shape: tuple[int, int],
        groups: int = 1,
    ) -> int:
        return self.product(x, peak, self.matrix(source, shape), label, groups)

    def matrix(self, source: str, shape: tuple[int, int]) -> Linear:
        weight = self.tensors.get(f"{source}.weight", *shape)
        return Linear(weight, self.tensors.get(f"{source}.bias", shape[0]))

    def product(self, x: int, peak: int, linear: Linear, label: str, groups: int = 1) -> int:
        return self.layers.linear(x, peak, linear.weight, linear.bias, label, groups)

    def norm(self, x: int, source: str, label: str) -> int:
        values, bits = gain(self.tensors.get(f"{source}.weight", self.size.hidden), source)
        bias = fixed_point(self.tensors.get(f"{source}.bias", self.size.hidden), f"{source}.bias")
        mean = self.builder.add("row_mean", f"{label}.mean", (x,))
        centred = self.builder.add("centre", f"{label}.centred", (x, mean))
        return self.layers.over_root(centred, label, self.size.epsilon, values, bits, bias)

    def pooled(self, x: int) -> int:
        """Mean over positions, then unit length: the row over (root mean square * sqrt(width))."""
        mean = self.builder.add("column_mean", "pool.mean", (x,))
        width = self.size.hidden
        unit = 2.0 ** (OUTPUT_FRACTION_BITS - FRACTION_BITS) / np.sqrt(np.full(width, float(width)))
        values, bits = gain(unit, "unit length")
        none = np.zeros(width, np.int32)
        return self.layers.over_root(mean, "pool.unit", 0, values, bits, none)
