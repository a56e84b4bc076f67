"""manifest.json: the names and roots of one model version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from touchstone.errors import ProgramError
from touchstone.programs.encoding import canonical_json
from touchstone.programs.json_text import parse_json, read_int
from touchstone.programs.language import Language

FORMAT = "touchstone-model/1"


@dataclass(frozen=True, slots=True)
class Shard:
    """A contiguous run of layers [start, end), itself a program with its own root.

    `weight_root` is that of its own weights.bin, where it has a folder of its own.
    """

    start: int
    end: int
    root: bytes
    weight_root: bytes | None = None

    def to_raw(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        own = {} if self.weight_root is None else {"weight_root": self.weight_root.hex()}
        return {"start": self.start, "end": self.end, "root": self.root.hex(), **own}

    @classmethod
    def from_raw(cls, raw: Mapping[str, Any]) -> Shard:
        """The inverse of `to_raw`. Raises KeyError, TypeError or ValueError for anything else."""
        own = _read_root(raw["weight_root"]) if "weight_root" in raw else None
        return cls(read_int(raw["start"]), read_int(raw["end"]), _read_root(raw["root"]), own)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One model version. Roots and digests are 32 bytes.

    `output_fraction_bits`: an output integer divided by 2^output_fraction_bits is the real number.
    `weight_nodes`: the Merkle nodes over pieces of 1 MiB of weights.bin, which fold to the root.
    `language`: of a model that writes text; None for one that gives rows of numbers.
    """

    name: str
    version: str
    program_root: bytes
    weight_root: bytes
    weight_nodes: tuple[bytes, ...]
    shards: tuple[Shard, ...]
    tokenizer_sha256: bytes
    max_length: int
    hidden_size: int
    output_width: int
    output_fraction_bits: int
    language: Language | None = None

    def to_json(self) -> bytes:
        """The manifest as canonical JSON, roots in hexadecimal."""
        language = {} if self.language is None else {"language": self.language.to_raw()}
        return canonical_json(
            {
                "format": FORMAT,
                "name": self.name,
                "version": self.version,
                "program_root": self.program_root.hex(),
                "weight_root": self.weight_root.hex(),
                "weight_nodes": [node.hex() for node in self.weight_nodes],
                "shards": [shard.to_raw() for shard in self.shards],
                "tokenizer_sha256": self.tokenizer_sha256.hex(),
                "max_length": self.max_length,
                "hidden_size": self.hidden_size,
                "output_width": self.output_width,
                "output_fraction_bits": self.output_fraction_bits,
                **language,
            }
        )

    @staticmethod
    def from_json(data: bytes) -> Manifest:
        """The manifest written in `data`. Raises ProgramError if it is not one."""
        try:
            return _read(parse_json(data))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProgramError(f"not a {FORMAT} manifest: {type(error).__name__} {error}") from None


def _read(raw: dict[str, Any]) -> Manifest:
    if raw["format"] != FORMAT:
        raise ProgramError(f"format {raw['format']!r} is not {FORMAT!r}")
    return Manifest(
        name=str(raw["name"]),
        version=str(raw["version"]),
        program_root=_read_root(raw["program_root"]),
        weight_root=_read_root(raw["weight_root"]),
        weight_nodes=tuple(_read_root(node) for node in raw["weight_nodes"]),
        shards=tuple(Shard.from_raw(shard) for shard in raw["shards"]),
        tokenizer_sha256=_read_root(raw["tokenizer_sha256"]),
        max_length=read_int(raw["max_length"]),
        hidden_size=read_int(raw["hidden_size"]),
        output_width=read_int(raw["output_width"]),
        output_fraction_bits=read_int(raw["output_fraction_bits"]),
        language=Language.from_raw(raw["language"]) if "language" in raw else None,
    )


def _read_root(text: str) -> bytes:
    root = bytes.fromhex(text)
    if len(root) != 32:
        raise ValueError(f"{text!r} is not 32 bytes")
    return root
