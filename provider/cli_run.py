"""`touchstone provider init` and `run`."""

from __future__ import annotations

import json as codec
import signal
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
from touchstone.serving import Limits, server_config

if TYPE_CHECKING:
    from socket import socket

    from rich.console import Console

    from provider.config import NodeSection

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
    # Uvicorn repeats the signal that ended it: in good order means through here.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        node.start()
        _Server(context.config.node, node, json).run()
    except KeyboardInterrupt:
        return
    finally:
        node.stop()


class _Server(uvicorn.Server):
    """Says that the node is up once it really listens."""

    def __init__(self, section: NodeSection, node: Node, json: bool) -> None:
        limits = Limits(per_peer=section.peer_connections)
        super().__init__(server_config(node.app, section.host, section.port, limits))
        self._listen, self._node, self._json = section.listen, node, json

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Binds the port, then tells."""
        await super().startup(sockets)
        if self.started:
            emit({"listen": self._listen, **self._node.health()}, self._json, self._render)

    def _render(self, console: Console) -> None:
        console.print(
            f"[green]node of {self._node.address} is up[/green] at http://{self._listen}; "
            "Ctrl-C ends it",
            soft_wrap=True,
        )


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
