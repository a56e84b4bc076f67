"""What later positions look back at, and where it lies in a session's pages."""

from __future__ import annotations

from dataclasses import dataclass

from touchstone.engines.native.machine.attention import PAGE
from touchstone.engines.native.machine.tile import CHANNELS
from touchstone.engines.native.memory import pairs_of
from touchstone.programs.program import Operator, Program, Shape


@dataclass(frozen=True, slots=True)
class History:
    """Rows of a value narrowed to `bits` bits by the peaks of another one.

    `keys` says which of the two layouts of `attention` they have. `offset` and `head_bytes`: where
    the first head begins in a page, and the bytes of each.
    """

    value: int
    peak: int
    bits: int
    keys: bool
    heads: int
    width: int
    offset: int

    @property
    def head_bytes(self) -> int:
        """Bytes of one head in a page."""
        if self.keys:
            return 2 * PAGE * (1 + 2 * pairs_of(self.width))
        return 2 * PAGE * (1 + -(-self.width // CHANNELS) * CHANNELS)


Key = tuple[int, int, int, bool]


def key_of(operator: Operator) -> Key | None:
    """Value, peak, bits and layout of the history that an operator looks back at, if any."""
    if operator.op == "causal_scores":
        return (*operator.inputs[2:4], operator.attributes["key_bits"], True)  # type: ignore[return-value]
    if operator.op == "causal_mix":
        return (*operator.inputs[2:4], operator.attributes["row_bits"], False)  # type: ignore[return-value]
    return None


def histories_of(program: Program, shapes: tuple[Shape, ...]) -> dict[Key, History]:
    """All histories of a program, in the order of first use."""
    found: dict[Key, History] = {}
    offset = 0
    for operator in program.operators:
        key = key_of(operator)
        if key is not None and key not in found:
            shape = shapes[key[0]]
            found[key] = History(*key, shape.groups, shape.width, offset)
            offset += found[key].heads * found[key].head_bytes
    return found


def page_bytes(histories: dict[Key, History]) -> int:
    """Bytes of a page that holds PAGE positions of all histories."""
    return sum(history.heads * history.head_bytes for history in histories.values())
