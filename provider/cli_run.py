"""`touchstone provider init` and `run`."""

from __future__ import annotations

import json as codec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import uvicorn

from provider.cli_common import DEFAULT_CONFIG, ConfigOption, JsonOption, open_context, progress
from provider.config import load_config
from provider.log import configure_log
from provider.node import Node
from touchstone.chain.keystore import address_of, create_key
from touchstone.cli.output import emit
from touchstone.errors import NodeConfigError

if TYPE_CHECKING:
    from rich.console import Console

_TEMPLATE = """\
# A Touchstone provider. Paths are relative to this file.

[node]
key = {key}
endpoint = {endpoint}  # where requesters reach this node
listen = {listen}
data = "data"  # the node's memory: keep it, and never run one key on two of them
device = "cpu"  # or "cuda"
# threads = 4

# One section for each model and price. Prices are tokens for one unit of work: 1, 2 or 5 times a
# power of ten. Each slot needs a bond of 192 times the price; it is what one job can cost at worst.
#
# [[offers]]
# model = "name@version"
# folder = "models/name"
# price = "0.01"
# slots = 8
"""
_MOST_CONNECTIONS = 256


def init(
    folder: Annotated[Path, typer.Argument(help="Where to put key and configuration.")] = Path(),
    endpoint: Annotated[
        str, typer.Option(help="Where requesters will reach the node.")
    ] = "http://127.0.0.1:9000",
    listen: Annotated[str, typer.Option(help="Host and port to listen at.")] = "127.0.0.1:9000",
    json: JsonOption = False,
) -> None:
    """Make an encrypted key and a configuration to fill in. Overwrites nothing."""
    path = folder / "provider.toml"
    if path.exists():
        raise NodeConfigError(f"{path} exists already: edit it, or choose another folder")
    key = folder / "keys" / "provider.json"
    address = address_of(key) if key.exists() else create_key(key).address
    path.write_text(
        _TEMPLATE.format(
            key=codec.dumps("keys/provider.json"),
            endpoint=codec.dumps(endpoint),
            listen=codec.dumps(listen),
        ),
        encoding="utf-8",
    )
    load_config(path)
    data = {"address": address, "key": str(key), "config": str(path)}

    def render(console: Console) -> None:
        console.print(f"[green]you are {address}[/green]")
        console.print(f"key {key}: keep a copy, nobody can recover it", soft_wrap=True)
        console.print(f"next: add [bold]\\[\\[offers]][/bold] to {path}, then", soft_wrap=True)
        console.print("  touchstone provider stake AMOUNT")
        console.print("  touchstone provider offer")
        console.print("  touchstone provider run")

    emit(data, json, render)


def run(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Run the node until Ctrl-C. Logs one JSON object a line on standard error."""
    context = open_context(config)
    account = context.unlock()
    with progress(json) as tell:
        node = Node(context.config, account, context.place, tell)
    configure_log()
    try:
        node.start()
        data = {"listen": context.config.node.listen, **node.health()}
        emit(
            data,
            json,
            lambda console: console.print(
                f"[green]node of {node.address} is up[/green] at "
                f"http://{context.config.node.listen}; Ctrl-C ends it",
                soft_wrap=True,
            ),
        )
        uvicorn.run(
            node.app,
            host=context.config.node.host,
            port=context.config.node.port,
            log_level="warning",
            access_log=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=5,
            server_header=False,
        )
    finally:
        node.stop()
