"""`touchstone devnet`: a local chain with the contracts on it, for development."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Annotated

import typer
from eth_utils.address import is_address, to_checksum_address

from touchstone.amounts import format_tokens, parse_positive_tokens
from touchstone.chain.deployment import Deployment
from touchstone.chain.devnet import Devnet
from touchstone.chain.faucet import give_ether, give_tokens
from touchstone.chain.keystore import address_of
from touchstone.chain.rpc import connect
from touchstone.chain.token import Token
from touchstone.cli.key import key_path
from touchstone.cli.output import emit
from touchstone.errors import DevnetError, KeystoreError
from touchstone.settings import load_settings

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress
    from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="A local chain for development.")


@app.callback()
def group() -> None:
    """A local chain for development."""


@app.command("up")
def up(
    port: Annotated[
        int,
        typer.Option(help="Port of the JSON-RPC endpoint; 0 takes a free one.", min=0, max=65535),
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


@app.command("fund")
def fund(
    accounts: Annotated[list[str], typer.Argument(help="Addresses, or names of your keys.")],
    tokens: Annotated[str, typer.Option(help="Tokens to make for each.")] = "1000",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Give accounts tokens, and ether for gas. Works on a development chain only."""
    units = parse_positive_tokens(tokens)
    addresses = [_address(account) for account in accounts]
    settings = load_settings()
    deployment = Deployment.load(settings.deployment_path)
    w3 = connect(settings.rpc_url, deployment.chain_id)
    for address in addresses:
        give_ether(w3, address)
        give_tokens(w3, deployment, address, units)
    token = Token(w3, deployment)
    data = [
        {
            "address": address,
            "tokens": format_tokens(token.balance_of(address)),
            "ether": format_tokens(w3.eth.get_balance(address)),
        }
        for address in addresses
    ]

    def render(console: Console) -> None:
        for one in data:
            console.print(f"{one['address']} has {one['tokens']} tokens and {one['ether']} ether")

    emit({"accounts": data}, json, render)


def _address(account: str) -> ChecksumAddress:
    if is_address(account):
        return to_checksum_address(account)
    if account.startswith("0x"):
        raise DevnetError(f"{account!r} is not an address: 0x and 40 hex digits")
    path = key_path(account)
    if not path.exists():
        raise KeystoreError(
            f"{account!r} is neither an address nor one of your keys: `touchstone key list`"
        )
    return address_of(path)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _render(console: Console, data: dict[str, object], contracts: dict[str, str]) -> None:
    console.print(f"[green]chain {data['chain_id']} is up[/green] at {data['rpc_url']}")
    for name, address in contracts.items():
        console.print(f"  {name:20} {address}")
    if contracts:
        console.print(f"written to {data['deployment']}", soft_wrap=True)
    console.print("Ctrl-C ends it.")
