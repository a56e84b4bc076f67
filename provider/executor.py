"""What executes jobs. Exact by default; another may be named in the configuration."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from touchstone.errors import NodeConfigError, WrongModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from provider.config import NodeSection
    from provider.offers import Part, Served
    from touchstone.disputes.case import Case
    from touchstone.engines.interface import Reader
    from touchstone.engines.runner import Runner
    from touchstone.programs.program import InputSpec
    from touchstone.protocol.generation import Seen

    Int32 = NDArray[np.int32]
    Factory = Callable[[NodeSection, Sequence[Served]], "Executor"]


class Executor(Protocol):
    """Runs models. Called from one thread at a time."""

    def run(self, part: Part, batch: list[Int32], seen: Seen) -> list[Int32]:
        """One int32 output for each input in a batch of sequences.

        Args:
            part: which model's shard.
            batch: the sequences of a payload.
            seen: is told of each token as it is written, where tokens are.

        Raises:
            InputError: a sequence does not fit the model.
        """
        ...

    def reads(self, part: Part) -> InputSpec:
        """What the part reads: tokens, rows or prompts."""
        ...

    def describe(self) -> str:
        """What runs where, in a few words."""
        ...

    def reader(self, part: Part) -> Reader:
        """A new sequence, to be read piece by piece.

        Raises:
            InputError: the part reads its sequences as a whole.
        """
        ...

    def body(self, part: Part, batch: list[Int32]) -> bytes:
        """The node over the sequences of the transcript, 32 bytes, which strong outputs hold."""
        ...

    def case(
        self,
        part: Part,
        payload: bytes,
        sequences: list[Int32] | None,
        output: bytes,
        *,
        strong: bool,
    ) -> Case | None:
        """What the node can show of an execution in a dispute; None where it can show nothing.

        Args:
            part: what was executed.
            payload: the job's input.
            sequences: what the payload holds; None where it breaks a rule.
            output: what the node answered.
            strong: whether that begins with the transcript's node.
        """
        ...


class ExactExecutor:
    """Runs verified models with the fastest engine that is exact here."""

    def __init__(self, node: NodeSection, served: Sequence[Served]) -> None:
        """Loads every model and compares it with the registry before anything is served.

        Raises:
            RootMismatchError: a folder's bytes do not have their roots.
            WrongModelError: a folder holds another model than the chain knows by that name.
        """
        # Only here, so that commands without computation need not wait for the engines.
        from touchstone.engines.runner import make_runner
        from touchstone.programs import load_part

        self._runners: dict[Part, Runner] = {}
        self._folders: dict[Part, Path] = {}
        for one in served:
            if one.offer.part in self._runners:
                continue
            model = load_part(one.offer.folder, one.offer.shard)
            # A program names the root of each of its weights.
            _require(one, "program root", model.manifest.program_root, one.shard_root)
            self._runners[one.offer.part] = make_runner(model, node.device, node.threads)
            self._folders[one.offer.part] = one.offer.folder
        self._device = node.device

    def run(self, part: Part, batch: list[Int32], seen: Seen) -> list[Int32]:
        """See Executor.run."""
        return self._runners[part].run(batch, seen)

    def reads(self, part: Part) -> InputSpec:
        """See Executor.reads."""
        return self._runners[part].program.input

    def reader(self, part: Part) -> Reader:
        """See Executor.reader."""
        return self._runners[part].reader()

    def body(self, part: Part, batch: list[Int32]) -> bytes:
        """See Executor.body."""
        from touchstone.transcripts.transcript import body_of

        runner = self._runners[part]
        return body_of(runner.program, runner.replay, batch)

    def case(
        self,
        part: Part,
        payload: bytes,
        sequences: list[Int32] | None,
        output: bytes,
        *,
        strong: bool,
    ) -> Case:
        """See Executor.case. Disputes are rare: the constants are read again for one."""
        from touchstone.disputes.case import case_of
        from touchstone.programs import load_part

        return case_of(
            load_part(self._folders[part], part.shard),
            self._runners[part].replay,
            payload,
            sequences,
            output,
            strong,
        )

    def describe(self) -> str:
        """See Executor.describe."""
        return f"torch on {self._device}"


def exact_executor(node: NodeSection, served: Sequence[Served]) -> Executor:
    """The factory that the configuration names by default."""
    return ExactExecutor(node, served)


def make_executor(node: NodeSection, served: Sequence[Served]) -> Executor:
    """The executor that the configuration names, with all models loaded.

    Raises:
        NodeConfigError: there is no such factory.
    """
    module, _, name = node.executor.partition(":")
    try:
        factory = cast("Factory", getattr(import_module(module), name))
    except (ImportError, AttributeError, ValueError) as error:
        raise NodeConfigError(
            f"node.executor: {node.executor!r} cannot be imported ({error}); write "
            "package.module:factory, or leave it out for exact execution"
        ) from error
    return factory(node, served)


def _require(served: Served, what: str, found: bytes, expected: bytes) -> None:
    if found != expected:
        raise WrongModelError(
            f"{served.offer.folder} is not {served.offer.label}: its {what} is 0x{found.hex()}, "
            f"the registry has 0x{expected.hex()}; fetch or compile that version again"
        )
