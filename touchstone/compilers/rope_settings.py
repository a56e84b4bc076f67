"""How rotary positions are written in a config: old fields (rope_theta, rope_scaling) and new
(rope_parameters)."""

from __future__ import annotations

from fractions import Fraction

from touchstone.compilers.rope import LinearRope, Llama3Rope, Rope, YarnRope
from touchstone.compilers.source import Settings
from touchstone.errors import CompileError

_COMMON = {"rope_type", "type", "rope_theta", "partial_rotary_factor"}
_KEYS = {
    "default": set(),
    "linear": {"factor"},
    "llama3": {
        "factor",
        "low_freq_factor",
        "high_freq_factor",
        "original_max_position_embeddings",
    },
    "yarn": {
        "factor",
        "original_max_position_embeddings",
        "beta_fast",
        "beta_slow",
        "attention_factor",
        "mscale",
        "mscale_all_dim",
        "truncate",
    },
}
"""Settings of each type beside those that all have."""


def read_rope(config: Settings) -> Rope:
    """The rotary positions of a config. Raises CompileError, by name, for what is not supported."""
    config.require("partial_rotary_factor", (None, 1), None)
    rope = _parameters(config)
    kind = rope.values.get("rope_type", rope.values.get("type", "default"))
    if kind not in _KEYS:
        raise CompileError(
            f"{rope.file}: rope_type={kind!r} is not supported; needs {' or '.join(_KEYS)}"
        )
    rope.require("partial_rotary_factor", (None, 1), None)
    for name in rope.values:
        if name not in _COMMON | _KEYS[kind]:
            raise CompileError(f"{rope.file}: {name} is no setting of rope_type={kind!r}")
    theta = _theta(config, rope)
    if kind == "default":
        return Rope(theta)
    factor = _number(rope, "factor", None, least=1)
    if kind == "linear":
        return LinearRope(theta, factor)
    length = (
        config.integer("max_position_embeddings")
        if rope.values.get("original_max_position_embeddings") is None
        else rope.integer("original_max_position_embeddings")
    )
    if kind == "llama3":
        slow, fast = (_number(rope, f"{name}_freq_factor", None) for name in ("low", "high"))
        if fast <= slow:
            raise CompileError(f"{rope.file}: high_freq_factor must be above low_freq_factor")
        return Llama3Rope(theta, factor, slow, fast, length)
    return YarnRope(
        theta,
        factor,
        length,
        fast=_number(rope, "beta_fast", 32),
        slow=_number(rope, "beta_slow", 1),
        truncate=rope.boolean("truncate", True),
        attention=_optional(rope, "attention_factor"),
        scales=_scales(rope),
    )


def _parameters(config: Settings) -> Settings:
    """The object that holds them, whichever field it stands in."""
    found = [
        name for name in ("rope_parameters", "rope_scaling") if config.values.get(name) is not None
    ]
    if len(found) == 2 and config.values[found[0]] != config.values[found[1]]:
        raise CompileError(f"{config.file}: rope_parameters and rope_scaling contradict each other")
    if not found:
        return Settings({}, config.file)
    values = config.values[found[0]]
    if not isinstance(values, dict):
        raise CompileError(f"{config.file}: {found[0]} must be an object, is {values!r}")
    return Settings(values, f"{config.file}: {found[0]}")


def _theta(config: Settings, rope: Settings) -> Fraction:
    both = {
        _number(settings, "rope_theta", None)
        for settings in (config, rope)
        if settings.values.get("rope_theta") is not None
    }
    if len(both) == 2:
        raise CompileError(f"{rope.file}: rope_theta is not that of {config.file}")
    theta = both.pop() if both else Fraction(10000)
    if theta <= 1:
        raise CompileError(f"{config.file}: rope_theta must be above 1, is {float(theta)}")
    return theta


def _number(settings: Settings, name: str, default: float | None, least: float = 0) -> Fraction:
    """A positive number, from `least` on; `default` where it is absent or null."""
    value = settings.values.get(name)
    if value is None:
        value = default
    wanted = f"a number from {least}" if least else "a positive number"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise CompileError(f"{settings.file}: {name} must be {wanted}, is {value!r}")
    if not max(least, 2.0**-32) <= value <= 2.0**32:
        raise CompileError(f"{settings.file}: {name} must be {wanted}, is {value!r}")
    return Fraction(value)


def _optional(settings: Settings, name: str) -> Fraction | None:
    return None if settings.values.get(name) is None else _number(settings, name, None)


def _scales(rope: Settings) -> tuple[Fraction, Fraction] | None:
    """mscale and mscale_all_dim, which count where both are there and not 0."""
    if not rope.values.get("mscale") or not rope.values.get("mscale_all_dim"):
        return None
    return _number(rope, "mscale", None), _number(rope, "mscale_all_dim", None)
