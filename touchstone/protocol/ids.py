"""Identifiers of jobs, models and pools. Twin of `contracts/types/Ids.sol`."""

from __future__ import annotations

from typing import NewType

from eth_abi.abi import encode
from eth_utils.crypto import keccak

JobId = NewType("JobId", bytes)
"""EIP-712 digest of an order, 32 bytes."""
ModelId = NewType("ModelId", bytes)
"""keccak256(abi.encode(name, version)), 32 bytes."""
PoolId = NewType("PoolId", bytes)
"""keccak256(abi.encode(model, shard, tier)), 32 bytes."""


def model_id(name: str, version: str) -> ModelId:
    """The identity under which the registry keeps `name@version`."""
    return ModelId(keccak(encode(["string", "string"], [name, version])))


def pool_id(model: ModelId, shard: int, tier: int) -> PoolId:
    """The pool of all providers that offer this shard at this rung of the price ladder."""
    return PoolId(keccak(encode(["bytes32", "uint16", "uint8"], [model, shard, tier])))
