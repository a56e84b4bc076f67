"""The model registry, typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from touchstone.chain.logs import read_events
from touchstone.protocol.ids import ModelId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_typing import ChecksumAddress
    from web3 import Web3
    from web3.contract.contract import ContractFunction

    from touchstone.chain.deployment import Deployment


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A model version as the chain has it.

    Attributes:
        id: its identity.
        name: its name.
        version: its version.
        publisher: who published it.
        modes: bit m is set where verification mode m is offered.
        shards: how many shards it has.
        unit_rows: rows of input that one unit of work covers.
        max_rows: the longest single input, in rows.
        program_root: 32 bytes.
        weight_root: 32 bytes.
        uri: where its publisher says that its files are; empty where it says nothing.
    """

    id: ModelId
    name: str
    version: str
    publisher: ChecksumAddress
    modes: int
    shards: int
    unit_rows: int
    max_rows: int
    program_root: bytes
    weight_root: bytes
    uri: str

    def units_for(self, rows: int) -> int:
        """Units of work that an input of `rows` rows needs."""
        return max(1, -(-rows // self.unit_rows))


class Registry:
    """Reads the registry and makes calls for a `Sender` to send."""

    def __init__(self, w3: Web3, deployment: Deployment) -> None:
        """Binds the deployment's registry."""
        self.w3 = w3
        self.contract = deployment.contract(w3, "ModelRegistry")
        self.first_block = deployment.block

    def publish(
        self,
        name: str,
        version: str,
        program_root: bytes,
        weight_root: bytes,
        shard_roots: Sequence[bytes],
        *,
        modes: int,
        unit_rows: int,
        max_rows: int,
        uri: str = "",
    ) -> ContractFunction:
        """Publishes a version."""
        return self.contract.functions.publish(
            name,
            version,
            program_root,
            weight_root,
            list(shard_roots),
            modes,
            unit_rows,
            max_rows,
            uri,
        )

    def models(self, model: ModelId | None = None) -> list[PublishedModel]:
        """All versions ever published, oldest first, or the one of that identity."""
        filters = None if model is None else {"model": model}
        last = self.w3.eth.block_number
        found = []
        for event in read_events(self.contract, ["Published"], self.first_block, last, filters):
            args = event["args"]
            found.append(
                PublishedModel(
                    id=ModelId(bytes(args["model"])),
                    name=args["name"],
                    version=args["version"],
                    publisher=args["publisher"],
                    modes=args["modes"],
                    shards=len(args["shardRoots"]),
                    unit_rows=args["unitRows"],
                    max_rows=args["maxRows"],
                    program_root=bytes(args["programRoot"]),
                    weight_root=bytes(args["weightRoot"]),
                    uri=args["uri"],
                )
            )
        return found

    def shard_root(self, model: ModelId, shard: int) -> bytes:
        """The root of one shard's program, 32 bytes."""
        return bytes(self.contract.functions.shardRoot(model, shard).call())
