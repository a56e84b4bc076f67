"""`touchstone zk`: make circuits of small networks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from touchstone.cli.output import emit
from touchstone.errors import UsageError

if TYPE_CHECKING:
    from touchstone.zk import Manifest

app = typer.Typer(no_args_is_help=True, help="Small networks as zero-knowledge circuits.")


@app.callback()
def group() -> None:
    """Small networks as zero-knowledge circuits."""


@app.command("prepare")
def prepare(
    model: Annotated[Path, typer.Argument(help="An ONNX network: one row in, one row out.")],
    samples: Annotated[
        Path, typer.Option(help="Real inputs: .npy, or JSON, a list of lists of numbers.")
    ],
    out: Annotated[Path, typer.Option(help="The folder to make.")],
    error: Annotated[
        float, typer.Option(help="Largest error of an output on the samples, in its unit.", min=0)
    ] = 0.05,
    srs: Annotated[
        Path | None,
        typer.Option(
            help="A ceremony's reference string. Without it an insecure one is made, which only "
            "development chains may take."
        ),
    ] = None,
    srs_sha256: Annotated[
        str | None, typer.Option("--srs-sha256", help="The SHA-256 that the string must have.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(help="After which the search tries nothing more.", min=1)
    ] = 120.0,
    memory_gib: Annotated[
        float, typer.Option(help="Address space of each call to ezkl, in GiB.", min=1)
    ] = 8.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make circuit, keys and verifier, with the parameters that prove soonest."""
    # Only here, so that other commands need not wait for ezkl and onnx.
    from touchstone.zk import Ceremony, read_samples
    from touchstone.zk import prepare as make

    if (srs is None) != (srs_sha256 is None):
        raise UsageError("--srs and --srs-sha256 belong together: a string is used by its digest")
    progress = Console(stderr=True, highlight=False, soft_wrap=True)
    made = make(
        model,
        read_samples(samples),
        out,
        error_bound=error,
        ceremony=Ceremony(srs, srs_sha256) if srs and srs_sha256 else None,
        seconds=seconds,
        memory=int(memory_gib * (1 << 30)),
        say=lambda line: progress.print(f"[dim]{line}[/dim]"),
    )
    emit(_data(made, out), json, lambda console: _render(console, made, out))


def _data(made: Manifest, out: Path) -> dict[str, Any]:
    chosen = _chosen(made)
    default = made.search["default"]
    return {
        "folder": str(out),
        "digest": made.digest,
        "parameters": chosen,
        "error": made.error,
        "agreement": made.agreement,
        "default": default,
        "speedup_vs_default": default["seconds"] / chosen["seconds"],
        "srs": made.srs,
        "verifier_code_hash": made.verifier_code_hash,
        "verifier_size": made.verifier_size,
        "sizes": made.sizes,
    }


def _chosen(made: Manifest) -> dict[str, Any]:
    """What was measured of the parameters that were taken."""
    wanted = asdict(made.parameters).items()
    return next(entry for entry in made.search["tried"] if wanted <= entry.items())


def _render(console: Console, made: Manifest, out: Path) -> None:
    chosen, default = _chosen(made), made.search["default"]
    lines = (
        f"[green]{out} is ready[/green]: circuit {made.digest}",
        f"  proves in {chosen['seconds']:.2f} s, ezkl's calibrated default in "
        f"{default['seconds']:.2f} s ({default['seconds'] / chosen['seconds']:.1f} times as long)",
        f"  error {made.error:.3g} at most, the same decision on {made.agreement:.1%} of the "
        "samples",
        f"  verifier {made.verifier_size:,} bytes, keys {made.sizes['pk.key'] / 1e6:.1f} MB and "
        f"{made.sizes['vk.key'] / 1e3:.1f} kB",
    )
    for line in lines:
        console.print(line, soft_wrap=True)
    if not made.secure:
        console.print(
            "  [yellow]the reference string was made here: for development chains only[/yellow]"
        )
