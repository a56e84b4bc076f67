"""BERT encoders (sentence-transformers style) to exact programs.

The program follows the usual pipeline: embeddings, post-norm encoder layers, mean over positions,
unit length. One shard holds all layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from touchstone.arithmetic.norms import EPSILON_BITS
from touchstone.arithmetic.tables import GELU_LOW, exp_table, gelu_table
from touchstone.compilers.quantise import (
    FRACTION_BITS,
    Real,
    fixed_point,
    gain,
    quantise_matrix,
)
from touchstone.compilers.source import Settings, Tensors, read_json
from touchstone.errors import CompileError
from touchstone.programs.builder import ProgramBuilder
from touchstone.programs.encoding import program_root
from touchstone.programs.manifest import Manifest, Shard
from touchstone.programs.model import save_model
from touchstone.programs.program import InputKind, InputSpec
from touchstone.programs.weights import Tensor, pack, piece_nodes, root_of_pieces

LINEAR_ROW_BITS = 12
"""Bits of rows entering a product with weights: 14 gain nothing here (docs/arithmetic.md), and 12
let float32 products be exact over long runs."""

ATTENTION_ROW_BITS = 14
OUTPUT_FRACTION_BITS = 20
MATMUL_SCALE_BITS = 18


@dataclass(frozen=True, slots=True)
class BertSize:
    """The settings that give a BERT its size."""

    layers: int
    hidden: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    max_length: int
    epsilon: float


def compile_bert(
    source_folder: Path | str, out_folder: Path | str, name: str, version: str
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
    writer = _Writer(size, tensors)
    program = writer.builder.program(writer.write())
    root = program_root(program)
    data = pack(program, writer.builder.tensors)
    nodes = piece_nodes(data)
    manifest = Manifest(
        name=name,
        version=version,
        program_root=root,
        weight_root=root_of_pieces(len(data), nodes),
        weight_nodes=nodes,
        shards=(Shard(0, size.layers, root),),
        tokenizer_sha256=sha256(tokenizer.read_bytes()).digest(),
        max_length=size.max_length,
        hidden_size=size.hidden,
        output_width=size.hidden,
        output_fraction_bits=OUTPUT_FRACTION_BITS,
    )
    save_model(out_folder, manifest, program, writer.builder.tensors, tokenizer.read_bytes())
    return manifest


def read_size(source: Path) -> BertSize:
    """The model's size, once every setting that would change the arithmetic is checked."""
    config = Settings(read_json(source / "config.json"), "config.json")
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
        epsilon=config.number("layer_norm_eps", 1e-12),
    )
    if size.hidden % size.heads:
        raise CompileError("config.json: hidden_size is not a multiple of num_attention_heads")
    if size.epsilon > 2.0**-4:
        raise CompileError(f"config.json: layer_norm_eps={size.epsilon} is above 2^-4")
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
    settings = Settings(read_json(path), path.name)
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

    def __init__(self, size: BertSize, tensors: Tensors) -> None:
        self.size = size
        self.tensors = tensors
        self.builder = ProgramBuilder(InputSpec(InputKind.TOKENS, 1, size.max_length))
        self.gelu: Tensor = gelu_table()
        self.exp: Tensor = exp_table()
        # round() of a float is exact, and so is a product with a power of two.
        self.epsilon = round(size.epsilon * 2.0**EPSILON_BITS)

    def write(self) -> int:
        """Appends the whole model; returns its output value."""
        x = self.embeddings()
        for index in range(self.size.layers):
            x = self.layer(x, index)
        return self.pooled(x)

    def embeddings(self) -> int:
        size, add = self.size, self.builder.add
        words = quantise_matrix(
            self.tensors.get("embeddings.word_embeddings.weight", size.vocabulary, size.hidden),
            "word_embeddings",
            least_bits=1,
        )
        # The scale gives real numbers; values have 16 fraction bits.
        bits = words.scale_bits - FRACTION_BITS
        if bits < 1:
            raise CompileError("word_embeddings holds weights too large to scale")
        tokens = add(
            "embed_tokens", "embeddings.word", (0,), (words.digits[0], words.scale), scale_bits=bits
        )
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
        # 2^17 / sqrt(width) for all widths from 4; its square root is exact in IEEE 754.
        width = self.size.hidden // self.size.heads
        factor_bits = 17
        factor = round(2.0**factor_bits / float(np.sqrt(np.float64(width))))
        if factor > 1 << 16:
            raise CompileError(f"heads of {width} elements are too narrow; needs at least 4")
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
            factor=factor,
            factor_bits=factor_bits,
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
        matrix = quantise_matrix(linear.weight, label, least_bits=MATMUL_SCALE_BITS)
        bias = fixed_point(linear.bias, f"{label}.bias")
        return self.builder.add(
            "matmul",
            label,
            (x, peak),
            (matrix.digits[0], matrix.scale, bias),
            row_bits=LINEAR_ROW_BITS,
            scale_bits=matrix.scale_bits,
            groups=groups,
        )

    def norm(self, x: int, source: str, label: str) -> int:
        values, bits = gain(self.tensors.get(f"{source}.weight", self.size.hidden), source)
        bias = fixed_point(self.tensors.get(f"{source}.bias", self.size.hidden), f"{source}.bias")
        mean = self.builder.add("row_mean", f"{label}.mean", (x,))
        centred = self.builder.add("centre", f"{label}.centred", (x, mean))
        return self.scaled(centred, label, self.epsilon, values, bits, bias)

    def scaled(
        self, x: int, label: str, epsilon: int, values: Tensor, bits: int, bias: Tensor
    ) -> int:
        add = self.builder.add
        peak = add("peak", f"{label}.peak", (x,))
        square = add("mean_square", f"{label}.square", (x, peak))
        inverse = add("inverse_root", f"{label}.inverse", (square, peak), epsilon=epsilon)
        return add("scale_row", label, (x, peak, inverse), (values, bias), gain_bits=bits)

    def pooled(self, x: int) -> int:
        """Mean over positions, then unit length: the row over (root mean square * sqrt(width))."""
        mean = self.builder.add("column_mean", "pool.mean", (x,))
        width = self.size.hidden
        unit = 2.0 ** (OUTPUT_FRACTION_BITS - FRACTION_BITS) / np.sqrt(np.full(width, float(width)))
        values, bits = gain(unit, "unit length")
        return self.scaled(mean, "pool.unit", 0, values, bits, np.zeros(width, np.int32))
