"""Engines that run exact programs: the plain reference and the fast ones, with the same bytes."""

from typing import TYPE_CHECKING, Any

from touchstone.engines.causal import causal_engine
from touchstone.engines.causal_reference import CausalReference
from touchstone.engines.encoder import EncoderEngine, encoder_engine
from touchstone.engines.interface import CausalEngine, Engine
from touchstone.engines.reference import ReferenceEngine

if TYPE_CHECKING:
    from touchstone.engines.torch_engine import TorchEngine

__all__ = [
    "CausalEngine",
    "CausalReference",
    "EncoderEngine",
    "Engine",
    "ReferenceEngine",
    "TorchEngine",
    "causal_engine",
    "encoder_engine",
]


def __getattr__(name: str) -> Any:
    # Loading torch takes two seconds, which only those who need it should wait for.
    if name == "TorchEngine":
        from touchstone.engines.torch_engine import TorchEngine

        return TorchEngine
    raise AttributeError(name)
