"""Which compiler a source folder is for."""

from __future__ import annotations

from pathlib import Path

from touchstone.compilers.bert import compile_bert
from touchstone.compilers.decoder import compile_decoder
from touchstone.compilers.source import CONFIG, Settings, read_json
from touchstone.programs.manifest import Manifest


def compile_model(
    source_folder: Path | str, out_folder: Path | str, name: str, version: str
) -> Manifest:
    """Compiles a Hugging Face folder of any supported architecture; returns its manifest.

    Raises CompileError naming whatever is not supported.
    """
    config = Settings(read_json(Path(source_folder) / CONFIG), CONFIG)
    if config.values.get("model_type") == "bert":
        return compile_bert(source_folder, out_folder, name, version)
    return compile_decoder(source_folder, out_folder, name, version)
