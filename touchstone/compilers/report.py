"""What compiling cost: how far the integer weights are from the real ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from touchstone.compilers.quantise import Real


@dataclass(frozen=True, slots=True)
class MatrixError:
    """The errors of one matrix: the greatest and the mean over its rows (output channels).

    That of a row is the root mean square of what rounding changed, over that of the row.
    """

    label: str
    greatest: float
    mean: float

    @classmethod
    def of(cls, label: str, errors: Real) -> MatrixError:
        """From the errors of all rows, float64 [N]."""
        return cls(label, float(errors.max()), float(errors.mean()))


Note = Callable[[MatrixError], None]
"""Is told of each matrix once it is in integers."""


def unnoted(error: MatrixError) -> None:
    """Tells nobody."""


def worst(errors: Sequence[MatrixError]) -> MatrixError:
    """The matrix with the greatest error of a row. Raises ValueError if there is none."""
    return max(errors, key=lambda error: error.greatest)
