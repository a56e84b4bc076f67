"""Engines that run exact programs: the plain reference and the fast one, with the same bytes."""

from touchstone.engines.causal import causal_engine
from touchstone.engines.causal_reference import CausalReference
from touchstone.engines.interface import CausalEngine, Engine
from touchstone.engines.reference import ReferenceEngine
from touchstone.engines.torch_engine import TorchEngine

__all__ = [
    "CausalEngine",
    "CausalReference",
    "Engine",
    "ReferenceEngine",
    "TorchEngine",
    "causal_engine",
]
