"""Which engine runs a causal model here."""

from __future__ import annotations

from touchstone.engines.causal_reference import CausalReference
from touchstone.engines.interface import CausalEngine, Runnable


def causal_engine(model: Runnable, threads: int | None = None) -> CausalEngine:
    """The fastest engine that passes its test on this machine: native code, else the reference.

    `threads`: as many as there are processors if None. The first call on a machine compiles, which
    takes a while; the code is then kept on disk.
    """
    # What makes machine code takes a second to load, which only those who need it should wait for.
    from touchstone.engines.native.engine import NativeEngine
    from touchstone.engines.native.selftest import is_exact

    return NativeEngine(model, threads) if is_exact() else CausalReference(model)
