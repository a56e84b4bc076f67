"""Which piece is asked of whom: decisions alone, no input or output."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable


class Board:
    """The pieces that are missing. Whoever asks says who it is, by any hashable name."""

    def __init__(self, missing: Iterable[int]) -> None:
        """Nobody has been asked yet."""
        self._waiting = deque(missing)
        self._asked: set[int] = set()
        self._refused: dict[int, set[Hashable]] = {}

    @property
    def missing(self) -> list[int]:
        """The pieces that have not come, in order."""
        return sorted([*self._waiting, *self._asked])

    @property
    def done(self) -> bool:
        """Whether all have come."""
        return not self._waiting and not self._asked

    def take(self, mirror: Hashable) -> int | None:
        """A piece to ask of a mirror now; None where there is none at the moment."""
        for _ in range(len(self._waiting)):
            piece = self._waiting.popleft()
            if self._may_give(mirror, piece):
                self._asked.add(piece)
                return piece
            self._waiting.append(piece)
        return None

    def hopeless(self, mirror: Hashable) -> bool:
        """Whether a mirror cannot be of use any more, whatever others answer."""
        return not any(self._may_give(mirror, piece) for piece in (*self._waiting, *self._asked))

    def came(self, piece: int) -> None:
        """A piece that was asked for has come, and is right."""
        self._asked.remove(piece)

    def failed(self, piece: int, refused: Hashable = None) -> None:
        """A piece that was asked for has not come.

        Args:
            piece: which.
            refused: the mirror, where this piece is never to be asked of it again.
        """
        self._asked.remove(piece)
        self._waiting.appendleft(piece)
        if refused is not None:
            self._refused.setdefault(piece, set()).add(refused)

    def _may_give(self, mirror: Hashable, piece: int) -> bool:
        return mirror not in self._refused.get(piece, ())


def spoken(pieces: list[int], most: int = 6) -> str:
    """Ascending numbers in words: `2, 5 to 9 and 14`, the first `most` runs of them."""
    runs: list[list[int]] = []
    for piece in pieces:
        if runs and runs[-1][1] == piece - 1:
            runs[-1][1] = piece
        else:
            runs.append([piece, piece])
    parts = [str(a) if a == b else f"{a} to {b}" for a, b in runs[:most]]
    if len(runs) > most:
        parts.append(f"{sum(b - a + 1 for a, b in runs[most:])} more")
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
