"""`touchstone key`: key files in the home folder, one for each role or account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from touchstone.chain.keystore import address_of, create_key
from touchstone.cli.output import emit
from touchstone.errors import KeystoreError
from touchstone.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="Key files: make them, list them.")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)


def key_path(name: str) -> Path:
    """The file of the key called `name`.

    Raises:
        KeystoreError: the name could lead out of the folder for keys.
    """
    if _NAME.fullmatch(name) is None:
        raise KeystoreError(f"{name!r} is not a key's name: use letters, digits, - and _")
    return load_settings().keys / f"{name}.json"


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="What to call the key.")],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make a new key. Its password comes from a prompt or from TOUCHSTONE_PASSWORD."""
    path = key_path(name)
    account = create_key(path)
    data = {"name": name, "address": account.address, "path": str(path)}

    def render(console: Console) -> None:
        console.print(f"{account.address} in {path}", soft_wrap=True)
        console.print("Keep a copy of the file and its password: nobody can recover them.")

    emit(data, json, render)


@app.command("list")
def list_keys(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List the keys and their addresses. Asks for no password."""
    paths = sorted(load_settings().keys.glob("*.json"))
    data = [{"name": path.stem, "address": address_of(path), "path": str(path)} for path in paths]

    def render(console: Console) -> None:
        for key in data:
            console.print(f"{key['name']:20} {key['address']}", soft_wrap=True)
        if not data:
            console.print("no keys yet: make one with `touchstone key new NAME`")

    emit(data, json, render)
