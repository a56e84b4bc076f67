"""Which engine runs a model that is not causal here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from touchstone.engines.interface import Int32
from touchstone.programs.model import Model


class EncoderEngine(Protocol):
    """Runs the program of one model that is not causal."""

    def run(self, batch: Sequence[Int32]) -> list[Int32]:
        """See Engine.run."""
        ...

    def replay(self, sequence: Int32) -> Iterator[tuple[int, Int32]]:
        """Every value of the program for one sequence, in order: its number, and its elements as
        int32 [rows, groups, width]. Raises InputError for a sequence that does not fit."""
        ...


def encoder_engine(model: Model, device: str = "cpu", threads: int | None = None) -> EncoderEngine:
    """The fastest engine that passes its test on this machine: on a processor native code, else
    torch.

    `threads`: as many as there are processors if None. The first call on a machine compiles, which
    takes a while; the code is then kept on disk.
    """
    # Each takes a second or two to load, which only those who need it should wait for.
    if device == "cpu":
        from touchstone.engines.native.encoder import NativeEncoder
        from touchstone.engines.native.encoder_selftest import is_exact

        if is_exact():
            return NativeEncoder(model, threads)
    from touchstone.engines.torch_engine import TorchEngine

    return TorchEngine(model, device, threads)
