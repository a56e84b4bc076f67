"""The built contracts that travel with the package, so that no user needs a compiler.

`scripts/build-contracts` writes them to `touchstone/chain/contracts/`, a JSON file for each.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from hexbytes import HexBytes

from touchstone.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_typing import ABIElement


MARKET_PARTS = ("Deadlines", "Contests", "Demands", "Audits")
"""The contracts whose code the market runs on its own storage, in the order that it takes them."""


DISPUTE_PARTS = ("Games", "Convictions")
"""The same for the dispute engine."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One compiled contract.

    Attributes:
        name: the contract's name in Solidity.
        abi: its interface, as JSON.
        bytecode: creation code, without constructor arguments.
        deployed_size: bytes of code on chain.
    """

    name: str
    abi: Sequence[ABIElement]
    bytecode: HexBytes
    deployed_size: int


@cache
def artifact_names() -> tuple[str, ...]:
    """The names of all built contracts, sorted."""
    folder = files(__package__) / "contracts"
    if not folder.is_dir():
        return ()
    return tuple(
        sorted(f.name.removesuffix(".json") for f in folder.iterdir() if f.name.endswith(".json"))
    )


@cache
def load_artifact(name: str) -> Artifact:
    """The built contract called `name`.

    Raises:
        ArtifactError: there is none; the message lists those there are.
    """
    if name not in artifact_names():
        known = ", ".join(artifact_names()) or "none: run scripts/build-contracts"
        raise ArtifactError(f"there is no built contract {name!r} (known: {known})")
    text = (files(__package__) / "contracts" / f"{name}.json").read_text(encoding="utf-8")
    fields = json.loads(text)
    return Artifact(
        name=name,
        abi=cast("Sequence[ABIElement]", fields["abi"]),
        bytecode=HexBytes(fields["bytecode"]),
        deployed_size=fields["deployedSize"],
    )


def abi_of(name: str, parts: Sequence[str]) -> list[Any]:
    """The ABI of a contract with those of its parts, whose code it runs on its own storage; what
    several of them have stands there once."""
    found: dict[tuple[str, str], Any] = {}
    for one in (name, *parts):
        for entry in load_artifact(one).abi:
            found.setdefault((str(entry["type"]), str(entry.get("name", ""))), entry)
    return list(found.values())
