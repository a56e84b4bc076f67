"""The tables of one step: which rows the machine works on together, and where everything stands."""

from __future__ import annotations

from touchstone.engines.interface import Int32
from touchstone.engines.native.plan import Int64, Plan
from touchstone.programs.program import SEQUENCE, Shape


class Tables:
    """What the machine is given beside constants and weights.

    `infos`: rows of BODY, then of HEAD, `counts` of them. `stride`: positions of the longest
    sequence, where values are as wide as the sequence. `pages`: addresses of the pages of each
    session. `elements`: int32 that the arena needs.
    """

    def __init__(
        self, plan: Plan, infos: Int64, counts: tuple[int, int], longest: int, pages: Int64
    ) -> None:
        self.plan, self.infos, self.counts, self.pages = plan, infos, counts, pages
        self.stride = longest if plan.ragged else 0
        self.codes = plan.addresses(counts, self.stride)
        self.elements = sum(plan.need(counts, self.stride)) + 2

    def put_input(self, arena: Int32, rows: Int32) -> None:
        """Puts the input's rows of all positions into the arena."""
        place = self._address(self.plan.lowered.input)
        arena[place : place + rows.size] = rows.reshape(-1)

    def output(self, arena: Int32, side: int, width: int) -> Int32:
        """The output, which has its rows on a side: int32 [rows, width]."""
        place = self._address(self.plan.lowered.output)
        return arena[place : place + self.counts[side] * width].reshape(-1, width).copy()

    def value(self, arena: Int32, number: int, shape: Shape, side: int = 0) -> Int32:
        """A value of all rows of a side, int32 [rows, groups, width]."""
        place = self._address(self.plan.lowered.found[number])
        width = self.stride if shape.width == SEQUENCE else shape.width
        size = self.counts[side] * shape.groups * width
        return arena[place : place + size].reshape(-1, shape.groups, width).copy()

    def _address(self, place: int) -> int:
        return self.plan.address(place, self.counts, self.stride)
