"""Which compiler a source folder is for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from touchstone.compilers.bert import compile_bert
from touchstone.compilers.decoder import compile_decoder
from touchstone.compilers.source import CONFIG, Settings, read_json
from touchstone.errors import CompileError
from touchstone.programs.manifest import Manifest


def compile_model(
    source_folder: Path | str,
    out_folder: Path | str,
    name: str,
    version: str,
    cuts: Sequence[int] = (),
) -> Manifest:
    """Compiles a Hugging Face folder of any supported architecture; returns its manifest.

    With `cuts` a language model is cut into shards before these layers. Raises CompileError naming
    whatever is not supported.
    """
    config = Settings(read_json(Path(source_folder) / CONFIG), CONFIG)
    if config.values.get("model_type") == "bert":
        if cuts:
            raise CompileError("an encoder is not cut: each of its positions looks at all others")
        return compile_bert(source_folder, out_folder, name, version)
    return compile_decoder(source_folder, out_folder, name, version, cuts=cuts)
