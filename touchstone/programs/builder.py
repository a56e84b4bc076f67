"""Writing a program operator by operator; used by compilers and by tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from touchstone.programs.program import Constant, InputSpec, Operator, Program, Shape
from touchstone.programs.validate import shape_after
from touchstone.programs.weights import Tensor, constant_of, tensor_bytes


class ProgramBuilder:
    """Collects operators, the shapes of their values and the tensors of their constants.

    Value 0 is the input. Where `put` is given it is told each tensor, as often as it is used, and
    `tensors` stays empty: so a model may be larger than the memory.
    """

    def __init__(
        self, spec: InputSpec, put: Callable[[Constant, memoryview], None] | None = None
    ) -> None:
        self.spec = spec
        self.shapes: list[Shape] = [spec.shape]
        self.tensors: dict[Constant, Tensor] = {}
        self._put = put
        self._operators: list[Operator] = []

    def add(
        self,
        op: str,
        label: str,
        inputs: Sequence[int],
        tensors: Sequence[Tensor] = (),
        **attributes: int,
    ) -> int:
        """Appends an operator; returns the number of the value it writes.

        Raises ProgramError, and appends nothing, if it is malformed.
        """
        constants = tuple(constant_of(tensor) for tensor in tensors)
        operator = Operator(op, label, tuple(inputs), constants, attributes)
        self.shapes.append(shape_after(self.spec, operator, self.shapes))
        self._operators.append(operator)
        for constant, tensor in zip(constants, tensors, strict=True):
            if self._put is None:
                self.tensors[constant] = tensor
            else:
                self._put(constant, tensor_bytes(tensor))
        return len(self._operators)

    def program(self, output: int) -> Program:
        """The program so far, with `output` as its output value."""
        return Program(self.spec, tuple(self._operators), output)
