"""`touchstone devnet`: a local chain with the contracts on it, for development."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Annotated

import typer

from touchstone.chain.devnet import Devnet
from touchstone.cli.output import emit
from touchstone.errors import DevnetError
from touchstone.settings import load_settings

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="A local chain for development.")


@app.callback()
def group() -> None:
    """A local chain for development."""


@app.command("up")
def up(
    port: Annotated[
        int, typer.Option(help="Port of the JSON-RPC endpoint; 0 takes a free one.", min=0)
    ] = 8545,
    block_time: Annotated[
        float | None,
        typer.Option(
            help="Seconds between blocks; without it, a block for each transaction.", min=0.01
        ),
    ] = None,
    mixed: Annotated[
        bool, typer.Option(help="With a block time, also mine at once when a transaction arrives.")
    ] = False,
    bare: Annotated[
        bool, typer.Option("--bare", help="Start the chain without deploying the contracts.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object once the chain is ready.")
    ] = False,
) -> None:
    """Start a chain, deploy the contracts, write the deployment file, and stay until Ctrl-C."""
    path = load_settings().deployment_path
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with Devnet(port=port, block_time=block_time, mixed=mixed) as devnet:
            contracts: dict[str, str] = {}
            if not bare:
                # Only here, so that the chain alone needs no contracts.
                from touchstone.chain.deploy import deploy

                deployment = deploy(devnet.w3, devnet.account(0))
                deployment.save(path)
                contracts = dict(deployment.contracts)
            data = {
                "rpc_url": devnet.url,
                "chain_id": devnet.chain_id,
                "deployment": None if bare else str(path),
                "contracts": contracts,
                "accounts": [devnet.account(index).address for index in range(10)],
            }
            emit(data, json, lambda console: _render(console, data, contracts))
            while devnet.running:
                time.sleep(0.2)
            raise DevnetError("anvil has ended by itself")
    except KeyboardInterrupt:
        return


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _render(console: Console, data: dict[str, object], contracts: dict[str, str]) -> None:
    console.print(f"[green]chain {data['chain_id']} is up[/green] at {data['rpc_url']}")
    for name, address in contracts.items():
        console.print(f"  {name:20} {address}")
    if contracts:
        console.print(f"written to {data['deployment']}", soft_wrap=True)
    console.print("Ctrl-C ends it.")
