"""`touchstone model compile`: an ordinary model folder to an exact program."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchstone.cli.output import emit
from touchstone.errors import UsageError
from touchstone.programs.manifest import Manifest
from touchstone.protocol.ids import model_id

if TYPE_CHECKING:
    from rich.console import Console

    from touchstone.compilers import MatrixError

INSTALLED = "all-MiniLM-L6-v2"
"""The model that comes with the package registries."""


def compile_model(
    source: Annotated[
        Path,
        typer.Argument(
            help="A Hugging Face folder (BERT, Llama, Mistral, Qwen2, Qwen3) or one of linear "
            "layers, or all-MiniLM-L6-v2 for the one that scripts/setup has installed."
        ),
    ],
    out: Annotated[Path, typer.Argument(help="Where to write the compiled model.")],
    name: Annotated[
        str | None, typer.Option(help="What to call it; by default as the source.")
    ] = None,
    version: Annotated[str, typer.Option(help="Its version.")] = "1",
    weight_bits: Annotated[
        int, typer.Option(help="8, or 16 for a model that loses too much by 8.")
    ] = 8,
    max_length: Annotated[
        int | None, typer.Option(help="Positions of an input at most; by default the source's.")
    ] = None,
    cuts: Annotated[
        str, typer.Option(help="Layers to cut a language model into shards at, like 4,8.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compile a model to an exact program. The same source gives the same roots everywhere."""
    # Only here, so that other commands need not wait for the compiler.
    from touchstone.compilers import Options, find_minilm
    from touchstone.compilers import compile_model as compile_folder

    name = name or source.absolute().name
    if str(source) == INSTALLED and not source.exists():
        source = find_minilm()
    if weight_bits not in (8, 16):
        raise UsageError(f"--weight-bits is 8 or 16, not {weight_bits}")
    options = Options(8 if weight_bits == 8 else 16, max_length, _layers(cuts))
    errors: list[MatrixError] = []
    manifest = compile_folder(source, out, name, version, options, errors.append)
    data = manifest_data(manifest) | {
        "folder": str(out),
        "shards": [[shard.start, shard.end] for shard in manifest.shards],
        "errors": [asdict(error) for error in errors],
    }

    def render(console: Console) -> None:
        console.print(
            f"[green]{data['model']}[/green] compiled to {out}; program root "
            f"{data['program_root']}",
            soft_wrap=True,
        )
        console.print(_error_text(errors), soft_wrap=True)

    emit(data, json, render)


def manifest_data(manifest: Manifest) -> dict[str, object]:
    """What commands print of a model."""
    return {
        "model": f"{manifest.name}@{manifest.version}",
        "id": "0x" + model_id(manifest.name, manifest.version).hex(),
        "program_root": "0x" + manifest.program_root.hex(),
        "weight_root": "0x" + manifest.weight_root.hex(),
        "max_rows": manifest.max_length,
    }


def _layers(cuts: str) -> list[int]:
    try:
        return [int(cut) for cut in cuts.split(",")] if cuts else []
    except ValueError:
        raise UsageError(f"--cuts is a list of layers like 4,8, not {cuts!r}") from None


def _error_text(errors: list[MatrixError]) -> str:
    from touchstone.compilers.report import worst

    mean = sum(error.mean for error in errors) / len(errors)
    most = worst(errors)
    return (
        f"rounding changed the weights of a channel by {mean:.2%} on average, by at most "
        f"{most.greatest:.2%} ({most.label})"
    )
