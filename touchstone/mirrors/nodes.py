"""Every node that offers a model has its files: the nodes of a model, from the chain."""

from __future__ import annotations

from random import sample
from typing import TYPE_CHECKING

from touchstone.chain.logs import read_events

if TYPE_CHECKING:
    from touchstone.chain.stake import Vault
    from touchstone.protocol.ids import ModelId

MOST_NODES = 16
"""Nodes that one download asks."""


def nodes_of(vault: Vault, model: ModelId) -> list[str]:
    """Endpoints of providers that have joined a pool of the model, MOST_NODES of them at random.

    They are strangers' words: whether there is a node, nobody has looked.
    """
    first, last = vault.first_block, int(vault.w3.eth.block_number)
    providers = set()
    for created in read_events(vault.contract, ["PoolCreated"], first, last, {"model": model}):
        pool = {"pool": bytes(created["args"]["pool"])}
        for joined in read_events(vault.contract, ["Joined"], first, last, pool):
            providers.add(joined["args"]["provider"])
    endpoints = {vault.endpoint_of(provider) for provider in providers}
    found = sorted(endpoint for endpoint in endpoints if endpoint)
    return sample(found, min(MOST_NODES, len(found)))
