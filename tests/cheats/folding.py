"""Partial results of a liar: they must give its wrong element, so one of them is wrong."""

from __future__ import annotations

import numpy as np

from touchstone.arithmetic.attention import PROBABILITY_BITS
from touchstone.arithmetic.rounding import bit_length
from touchstone.disputes.case import Case
from touchstone.disputes.game import Game


class FoldingCase(Case):
    """A cheat's case that puts all of its lie into the middle one of its partial results."""

    def parts(self, game: Game, start: int, stop: int, most: int) -> tuple[int, ...]:
        found = list(super().parts(game, start, stop, most))
        wanted = (
            (game.part_a if game.part_a != sum(found) else game.part_b)
            if game.stop
            else self._total(game)
        )
        middle = len(found) // 2
        if self._program.operators[game.value - 1].op == "column_max":
            found = [min(part, wanted) for part in found]
            found[middle] = wanted
        else:
            found[middle] += wanted - sum(found)
        return tuple(found)

    def _total(self, game: Game) -> int:
        """A reduction that gives the element that the liar claims."""
        operator = self._program.operators[game.value - 1]
        own = self._chunks(game)
        claimed = int(np.frombuffer(own.data, "<i4")[game.index])
        if operator.op == "column_mean":
            return claimed * self.layout.lengths[game.sequence]
        if operator.op == "causal_mix":
            step = self._step(game)
            totals = np.frombuffer(self._own.chunks(game.sequence, step.operand(1)).data, "<i4")
            return claimed * int(totals[step.row])
        if operator.op == "mix":
            _, groups, width = self.layout.extents(game.sequence, game.value)
            peaks = np.frombuffer(self._own.chunks(game.sequence, operator.inputs[2]).data, "<i4")
            peak = peaks[game.index // width % groups]
            down = max(int(bit_length(peak[None] if peak.ndim else np.array([peak]))[0]), 0)
            shift = PROBABILITY_BITS - max(down - operator.attributes["row_bits"], 0)
            return claimed << shift if shift >= 0 else claimed >> -shift
        return claimed
