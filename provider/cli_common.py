"""What the provider's commands share."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from provider.account import ProviderAccount
from provider.config import load_config
from provider.node import Place
from touchstone.chain.deployment import Deployment
from touchstone.chain.keystore import address_of, load_key
from touchstone.chain.rpc import connect
from touchstone.chain.sender import Sender
from touchstone.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eth_account.signers.local import LocalAccount

    from provider.config import ProviderConfig

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The provider's configuration file.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DEFAULT_CONFIG = Path("provider.toml")


@dataclass(frozen=True, slots=True)
class Context:
    """Configuration, chain and what the provider has there."""

    config: ProviderConfig
    place: Place
    account: ProviderAccount

    def unlock(self) -> LocalAccount:
        """The provider's key, with the password from the environment or a prompt."""
        return load_key(self.config.node.key)

    def sender(self) -> Sender:
        """Sends as the provider."""
        return Sender(self.place.w3, self.unlock())


def open_context(path: Path) -> Context:
    """Reads the configuration and reaches the chain. Asks for no password."""
    config = load_config(path)
    settings = load_settings()
    deployment = Deployment.load(settings.deployment_path)
    place = Place(connect(settings.rpc_url, deployment.chain_id), deployment)
    address = address_of(config.node.key)
    return Context(config, place, ProviderAccount(place.w3, deployment, address))


@contextmanager
def progress(json: bool) -> Iterator[Callable[[str], None]]:
    """A live line on standard error for what takes longer than a moment; nothing with --json."""
    console = Console(stderr=True, highlight=False)
    if json or not console.is_terminal:
        yield lambda _: None
        return
    with console.status("...") as line:
        yield line.update
