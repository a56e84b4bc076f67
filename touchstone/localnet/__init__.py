"""A whole market on this machine, from real parts: chain, model, providers, verifier."""

from touchstone.localnet.localnet import Localnet
from touchstone.localnet.models import compiled, compiled_minilm
from touchstone.localnet.node import NodeProcess, Offer

__all__ = ["Localnet", "NodeProcess", "Offer", "compiled", "compiled_minilm"]
