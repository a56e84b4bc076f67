"""Engines that run exact programs: the plain reference and the fast one, with the same bytes."""

from touchstone.engines.interface import Engine
from touchstone.engines.reference import ReferenceEngine
from touchstone.engines.torch_engine import TorchEngine

__all__ = ["Engine", "ReferenceEngine", "TorchEngine"]
