"""What the chain knows of a model: its roots, and who may have its files."""

from __future__ import annotations

from random import sample
from typing import TYPE_CHECKING

from touchstone.chain.logs import read_events
from touchstone.chain.registry import Registry
from touchstone.chain.stake import Vault
from touchstone.coordination.endpoints import parse_endpoint
from touchstone.errors import FetchError, PeerError
from touchstone.mirrors.fetching import Source, Wanted
from touchstone.protocol.ids import ModelId, model_id

if TYPE_CHECKING:
    from web3 import Web3

    from touchstone.chain.deployment import Deployment

MOST_NODES = 16
"""Nodes that one download asks."""


def look_up(w3: Web3, deployment: Deployment, label: str) -> tuple[Wanted, list[Source]]:
    """The roots of the model `name@version`, and its mirrors: the publisher's, then nodes.

    That there is a mirror at these addresses is its owners' word; nobody has looked.

    Raises:
        FetchError: no such model is published.
    """
    name, at, version = label.rpartition("@")
    id_ = model_id(name, version)
    found = Registry(w3, deployment).models(id_) if at else []
    if not found:
        raise FetchError(
            f"{label!r} is no NAME@VERSION that is published on this chain: see "
            "`touchstone model list`"
        )
    vault = Vault(w3, deployment)
    sources = []
    for url in dict.fromkeys([found[0].uri, *_nodes(vault, id_)]):
        try:
            parse_endpoint(url)
        except PeerError:
            continue  # Anyone can publish any text.
        stranger = url != found[0].uri
        sources.append(Source(url, private=vault.development, stranger=stranger))
    return Wanted(found[0].program_root, found[0].weight_root, label), sources


def _nodes(vault: Vault, model: ModelId) -> list[str]:
    """Endpoints of providers that have joined a pool of the model, MOST_NODES of them at random."""
    first, last = vault.first_block, int(vault.w3.eth.block_number)
    providers = set()
    for created in read_events(vault.contract, ["PoolCreated"], first, last, {"model": model}):
        pool = {"pool": bytes(created["args"]["pool"])}
        for joined in read_events(vault.contract, ["Joined"], first, last, pool):
            providers.add(joined["args"]["provider"])
    endpoints = {vault.endpoint_of(provider) for provider in providers}
    found = sorted(endpoint for endpoint in endpoints if endpoint)
    return sample(found, min(MOST_NODES, len(found)))
