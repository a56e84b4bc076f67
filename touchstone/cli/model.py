"""`touchstone model`: compile a model, publish it, list what is published, fetch it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchstone.chain.deployment import Deployment
from touchstone.chain.keystore import load_key
from touchstone.chain.registry import Registry
from touchstone.chain.rpc import connect
from touchstone.chain.sender import Sender
from touchstone.cli.compiling import compile_model, manifest_data
from touchstone.cli.fetch import fetch, mirror
from touchstone.cli.output import emit
from touchstone.errors import ProgramError, PublishError, TouchstoneError, TransactionReverted
from touchstone.programs.manifest import Manifest
from touchstone.programs.model import MANIFEST, load_model
from touchstone.protocol.ids import model_id
from touchstone.protocol.orders import Mode
from touchstone.settings import load_settings

if TYPE_CHECKING:
    from rich.console import Console
    from web3 import Web3

app = typer.Typer(no_args_is_help=True, help="Compile, publish, list and fetch models.")
app.command("compile")(compile_model)
app.command("fetch")(fetch)
app.command("mirror")(mirror)

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
ALL_MODES = 1 << Mode.REDUNDANT | 1 << Mode.OPTIMISTIC
"""The bits of the verification modes on offer: replicas that must agree, or one that can be
challenged."""


@app.command("publish")
def publish(
    folder: Annotated[Path, typer.Argument(help="The compiled model.")],
    unit_rows: Annotated[
        int, typer.Option(help="Tokens of input that one unit of work covers.", min=1)
    ] = 256,
    uri: Annotated[str, typer.Option(help="Where others can fetch the model's files.")] = "",
    key: Annotated[
        Path | None, typer.Option(help="Key file; by default keys/publisher.json in the home.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Publish a compiled model, after every byte of it was checked. A version never changes."""
    manifest = load_model(folder).manifest
    w3, deployment = _chain()
    settings = load_settings()
    sender = Sender(w3, load_key(key or settings.keys / "publisher.json"))
    call = Registry(w3, deployment).publish(
        manifest.name,
        manifest.version,
        manifest.program_root,
        manifest.weight_root,
        [shard.root for shard in manifest.shards],
        modes=ALL_MODES,
        unit_rows=unit_rows,
        max_rows=manifest.max_length,
        uri=uri,
    )
    try:
        receipt = sender.send(call)
    except TransactionReverted as error:
        raise _explained(error, manifest) from error
    data = manifest_data(manifest) | {
        "unit_rows": unit_rows,
        "publisher": sender.address,
        "transaction": receipt["transactionHash"].to_0x_hex(),
        "gas": receipt["gasUsed"],
    }
    emit(
        data,
        json,
        lambda console: console.print(
            f"[green]{data['model']} is published[/green] by {sender.address}, "
            f"{receipt['gasUsed']:,} gas",
            soft_wrap=True,
        ),
    )


@app.command("list")
def list_models(
    folder: Annotated[
        Path | None, typer.Option(help="Say only whether this compiled model is published.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the published models."""
    w3, deployment = _chain()
    wanted = None
    if folder is not None:
        manifest = _read_manifest(folder)
        wanted = model_id(manifest.name, manifest.version)
    data = [
        {
            "model": f"{model.name}@{model.version}",
            "id": "0x" + model.id.hex(),
            "publisher": model.publisher,
            "shards": model.shards,
            "unit_rows": model.unit_rows,
            "max_rows": model.max_rows,
            "program_root": "0x" + model.program_root.hex(),
            "weight_root": "0x" + model.weight_root.hex(),
        }
        for model in Registry(w3, deployment).models(wanted)
    ]

    def render(console: Console) -> None:
        for model in data:
            console.print(
                f"[bold]{model['model']}[/bold] inputs up to {model['max_rows']} tokens, "
                f"a unit of work covers {model['unit_rows']}"
            )
            console.print(f"  program {model['program_root']}", soft_wrap=True)
            console.print(f"  by {model['publisher']}")
        if not data:
            console.print("nothing is published: `touchstone model publish FOLDER`")

    emit(data, json, render)


def _chain() -> tuple[Web3, Deployment]:
    settings = load_settings()
    deployment = Deployment.load(settings.deployment_path)
    return connect(settings.rpc_url, deployment.chain_id), deployment


def _explained(error: TransactionReverted, manifest: Manifest) -> TouchstoneError:
    label = f"{manifest.name}@{manifest.version}"
    if error.error == "VersionExists":
        return PublishError(
            f"{label} is published already, and a version never changes: compile with another "
            "--version"
        )
    if error.error == "NameTaken":
        return PublishError(
            f"the name {manifest.name} belongs to {error.arguments.get('owner')}: publish with "
            "that key, or compile with another --name"
        )
    return error


def _read_manifest(folder: Path) -> Manifest:
    try:
        return Manifest.from_json((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise ProgramError(f"{folder} is not a compiled model: {error.strerror}") from error
