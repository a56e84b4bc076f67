"""Which compiler a source folder is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from touchstone.compilers.bert import compile_bert
from touchstone.compilers.decoder import compile_decoder
from touchstone.compilers.mlp import compile_mlp
from touchstone.compilers.quantise import WeightBits
from touchstone.compilers.report import Note, unnoted
from touchstone.compilers.source import CONFIG, read_settings
from touchstone.errors import CompileError
from touchstone.programs.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Options:
    """How to compile, where there is a choice.

    Attributes:
        weight_bits: 8, or 16 for a model whose quality needs it.
        max_length: positions of an input at most; None for what the source says.
        cuts: layers at which a language model is cut into shards.
    """

    weight_bits: WeightBits = 8
    max_length: int | None = None
    cuts: Sequence[int] = ()


def compile_model(
    source_folder: Path | str,
    out_folder: Path | str,
    name: str,
    version: str,
    options: Options | None = None,
    note: Note = unnoted,
) -> Manifest:
    """Compiles a Hugging Face folder of any supported architecture; returns its manifest.

    `note` is told what rounding the weights of each matrix changed. Raises CompileError naming
    whatever is not supported.
    """
    options = options or Options()
    config = read_settings(Path(source_folder) / CONFIG)
    match config.values.get("model_type"):
        case "bert":
            _refuse(weight_bits=options.weight_bits == 16, max_length=options.max_length)
            _refuse(cuts=options.cuts)
            return compile_bert(source_folder, out_folder, name, version, note)
        case "mlp":
            _refuse(cuts=options.cuts)
            bits, length = options.weight_bits, options.max_length
            return compile_mlp(source_folder, out_folder, name, version, bits, length, note)
        case _:
            return compile_decoder(
                source_folder,
                out_folder,
                name,
                version,
                options.weight_bits,
                options.max_length,
                options.cuts,
                note,
            )


def _refuse(**options: object) -> None:
    for name, given in options.items():
        if given:
            raise CompileError(f"{name} is no option for a model of this type")
