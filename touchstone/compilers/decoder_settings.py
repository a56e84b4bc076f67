"""The settings of a language model, once everything that would change the arithmetic is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from touchstone.compilers.layers import epsilon_in_program
from touchstone.compilers.rope import Rope
from touchstone.compilers.rope_settings import read_rope
from touchstone.compilers.source import CONFIG, Settings, Tensors, read_settings
from touchstone.errors import CompileError
from touchstone.programs.validate import LENGTH_LIMIT

EMBEDDING = "model.embed_tokens.weight"
GENERATION = "generation_config.json"
_NEUTRAL = (
    "quantization_config",
    "compression_config",
    "auto_map",
    "num_local_experts",
    "num_experts",
    "n_routed_experts",
    "attn_logit_softcapping",
    "final_logit_softcapping",
    "query_pre_attn_scalar",
    "embedding_multiplier",
    "residual_multiplier",
    "attention_multiplier",
    "logits_scaling",
    "no_rope_layers",
)
"""Settings of other architectures, each of which would change the result: absent or null."""


@dataclass(frozen=True, slots=True)
class Family:
    """What sets one architecture apart: its name in model_type, its biases, its norms of heads."""

    model_type: str
    query_bias: bool = False
    bias_setting: bool = False
    head_norms: bool = False
    slides: bool = False


FAMILIES: Mapping[str, Family] = {
    "LlamaForCausalLM": Family("llama", bias_setting=True),
    "MistralForCausalLM": Family("mistral", slides=True),
    "Qwen2ForCausalLM": Family("qwen2", query_bias=True),
    "Qwen3ForCausalLM": Family("qwen3", bias_setting=True, head_norms=True),
}


@dataclass(frozen=True, slots=True)
class DecoderSize:
    """The settings of one language model; `epsilon` as the operator has it."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_width: int
    inner: int
    vocabulary: int
    max_length: int
    epsilon: int
    query_bias: bool
    output_bias: bool
    head_norms: bool
    tied: bool
    rope: Rope
    stops: tuple[int, ...]

    def tensors(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Names and shapes of all tensors that such a model has."""
        hidden, inner = self.hidden, self.inner
        queries, keys = self.heads * self.head_width, self.kv_heads * self.head_width
        yield EMBEDDING, (self.vocabulary, hidden)
        for index in range(self.layers):
            layer = f"model.layers.{index}"
            yield f"{layer}.input_layernorm.weight", (hidden,)
            for part, width in (("q", queries), ("k", keys), ("v", keys)):
                yield f"{layer}.self_attn.{part}_proj.weight", (width, hidden)
                if self.query_bias:
                    yield f"{layer}.self_attn.{part}_proj.bias", (width,)
            for part in ("q", "k") if self.head_norms else ():
                yield f"{layer}.self_attn.{part}_norm.weight", (self.head_width,)
            yield f"{layer}.self_attn.o_proj.weight", (hidden, queries)
            if self.output_bias:
                yield f"{layer}.self_attn.o_proj.bias", (hidden,)
            yield f"{layer}.post_attention_layernorm.weight", (hidden,)
            yield f"{layer}.mlp.gate_proj.weight", (inner, hidden)
            yield f"{layer}.mlp.up_proj.weight", (inner, hidden)
            yield f"{layer}.mlp.down_proj.weight", (hidden, inner)
        yield "model.norm.weight", (hidden,)
        if not self.tied:
            yield "lm_head.weight", (self.vocabulary, hidden)


def read_size(source: Path, max_length: int | None = None) -> DecoderSize:
    """The model's settings. `max_length` limits the positions, which are the model's otherwise.

    Raises CompileError, naming the setting, for whatever is not supported.
    """
    config = read_settings(source / CONFIG)
    family = _family(config)
    config.require("hidden_act", ("silu",), "silu")
    config.require("mlp_bias", (False, None), False)
    for name in _NEUTRAL:
        config.require(name, (None,), None)
    bias = family.bias_setting and config.boolean("attention_bias", False)
    if not family.bias_setting:
        config.require("attention_bias", (family.query_bias, None), None)
    heads, hidden = config.integer("num_attention_heads"), config.integer("hidden_size")
    kv_heads = config.integer("num_key_value_heads", heads if family is _LLAMA else None)
    if heads % kv_heads:
        raise CompileError(
            f"{CONFIG}: num_attention_heads={heads} is no multiple of "
            f"num_key_value_heads={kv_heads}"
        )
    vocabulary = config.integer("vocab_size")
    positions = _positions(config, max_length)
    _check_windows(config, family, positions)
    return DecoderSize(
        layers=config.integer("num_hidden_layers"),
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_width=_head_width(config, family, hidden, heads),
        inner=config.integer("intermediate_size"),
        vocabulary=vocabulary,
        max_length=positions,
        epsilon=epsilon_in_program(config.number("rms_norm_eps", 1e-6), "rms_norm_eps"),
        query_bias=family.query_bias or bias,
        output_bias=bias,
        head_norms=family.head_norms,
        tied=config.boolean("tie_word_embeddings", False),
        rope=read_rope(config),
        stops=_stops(source, config, vocabulary),
    )


def check_tensors(size: DecoderSize, tensors: Tensors) -> None:
    """Raises CompileError unless the folder has the tensors of such a model, and no others."""
    expected = set()
    for name, shape in size.tensors():
        tensors.stored(name, *shape)
        expected.add(name)
    # A tied head may be written out beside the embeddings; frequencies follow from the settings.
    known = {"lm_head.weight"} if size.tied else set()
    for name in sorted(tensors.names() - expected - known):
        if not name.endswith(".rotary_emb.inv_freq"):
            raise CompileError(
                f"the source folder holds a tensor {name}, which no model as {CONFIG} describes "
                "it has"
            )


_LLAMA = FAMILIES["LlamaForCausalLM"]


def _family(config: Settings) -> Family:
    names = config.values.get("architectures")
    found = [FAMILIES[name] for name in FAMILIES if names == [name]]
    if not found:
        raise CompileError(
            f"{CONFIG}: architectures={names!r} is not supported; needs one of "
            f"{', '.join(FAMILIES)}"
        )
    config.require("model_type", (found[0].model_type,), None)
    return found[0]


def _positions(config: Settings, wanted: int | None) -> int:
    most = config.integer("max_position_embeddings")
    if wanted is None:
        return min(most, LENGTH_LIMIT)
    if not 1 <= wanted <= min(most, LENGTH_LIMIT):
        raise CompileError(
            f"a greatest length of {wanted} is not from 1 to {min(most, LENGTH_LIMIT)} "
            f"(max_position_embeddings={most}, and no program takes more than {LENGTH_LIMIT})"
        )
    return wanted


def _head_width(config: Settings, family: Family, hidden: int, heads: int) -> int:
    if config.values.get("head_dim") is None:
        if family.head_norms or hidden % heads:
            raise CompileError(f"{CONFIG}: head_dim is missing")
        width = hidden // heads
    else:
        width = config.integer("head_dim")
    if width % 2 or width < 4:
        raise CompileError(f"{CONFIG}: heads of {width} elements (head_dim) are not supported; "
                           "needs an even number from 4")  # fmt: skip
    return width


def _check_windows(config: Settings, family: Family, positions: int) -> None:
    """A sliding window is inactive where it is no narrower than the greatest length."""
    kinds = config.values.get("layer_types") or []
    for kind in kinds:
        if kind not in ("full_attention", "sliding_attention"):
            raise CompileError(f"{CONFIG}: layer_types holds {kind!r}, which is not supported")
    if not config.boolean("use_sliding_window", family.slides or "sliding_attention" in kinds):
        return
    if config.values.get("sliding_window") is None:
        return
    window = config.integer("sliding_window")
    if window < positions:
        raise CompileError(
            f"{CONFIG}: sliding_window={window} is not supported for sequences of {positions}; "
            f"compile with a greatest length of at most {window}"
        )


def _stops(source: Path, config: Settings, vocabulary: int) -> tuple[int, ...]:
    """The tokens that end a text: those of generation_config.json, else those of config.json."""
    path, settings = source / GENERATION, config
    if path.is_file():
        generation = read_settings(path)
        if generation.values.get("eos_token_id") is not None:
            settings = generation
    found = settings.values.get("eos_token_id")
    tokens = found if isinstance(found, list) else [] if found is None else [found]
    for token in tokens:
        if type(token) is not int or not 0 <= token < vocabulary:
            raise CompileError(
                f"{settings.file}: eos_token_id={found!r} is no token, nor a list of tokens, of "
                f"the {vocabulary} there are"
            )
    return tuple(sorted(set(tokens)))
