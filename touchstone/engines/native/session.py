"""One sequence that is being read: its histories, and where it stands."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from touchstone.engines.native.histories import History, Key, page_bytes
from touchstone.engines.native.machine.attention import PAGE
from touchstone.engines.native.machine.tile import CHANNELS
from touchstone.engines.native.memory import pairs_of
from touchstone.errors import InputError

Int16 = NDArray[np.int16]

_MAGIC = b"touchstone session 1"
_HEADER = struct.Struct(f"<{len(_MAGIC)}s32sI")


class Session:
    """The histories of one sequence, in pages; they grow as it is read.

    `length` is the number of positions that were read.
    """

    def __init__(self, histories: Mapping[Key, History]) -> None:
        self._histories = tuple(histories.values())
        self._page_bytes = page_bytes(dict(histories))
        self.pages: list[Int16] = []
        self.length = 0

    def reserve(self, positions: int) -> None:
        """Room for so many positions in all."""
        while len(self.pages) * PAGE < positions:
            self.pages.append(np.zeros(max(self._page_bytes // 2, 1), np.int16))

    def save(self, program_root: bytes) -> bytes:
        """Everything that reading on needs, bound to the program.

        A header (magic, root, positions u32), then for each history and head the shifts, uint8
        [positions], and the narrowed rows, int16 [positions, width], all little-endian.
        """
        parts = [_HEADER.pack(_MAGIC, program_root, self.length)]
        for shifts, rows in self._heads():
            parts.append(shifts[: self.length].astype(np.uint8).tobytes())
            parts.append(rows[: self.length].astype("<i2").tobytes())
        return b"".join(parts)

    def restore(self, saved: bytes, program_root: bytes, longest: int) -> None:
        """Becomes the session that was saved.

        Raises InputError where the bytes are not a session of this program, or not all of it.
        """
        length = self._check(saved, program_root, longest)
        self.pages.clear()
        self.length = length
        self.reserve(length)
        start = _HEADER.size
        for history in self._histories:
            for head in range(history.heads):
                rows = np.frombuffer(saved, "<i2", length * history.width, start + length)
                shifts = np.frombuffer(saved, np.uint8, length, start)
                if length and (
                    shifts.max() > 31 - history.bits
                    or np.abs(rows.astype(np.int32)).max() > 1 << history.bits
                ):
                    raise InputError("the saved session holds numbers that no program writes")
                self._write(history, head, shifts, rows.reshape(length, history.width))
                start += length * (1 + 2 * history.width)

    def _check(self, saved: bytes, program_root: bytes, longest: int) -> int:
        if len(saved) < _HEADER.size:
            raise InputError(f"a saved session has at least {_HEADER.size} bytes, not {len(saved)}")
        magic, root, length = _HEADER.unpack_from(saved)
        if magic != _MAGIC:
            raise InputError("these bytes are not a saved session")
        if root != program_root:
            raise InputError(
                f"the session was saved by the program {root.hex()}, this is {program_root.hex()}"
            )
        if length > longest:
            raise InputError(f"the session has {length} positions, the model takes {longest}")
        wanted = _HEADER.size + length * sum(h.heads * (1 + 2 * h.width) for h in self._histories)
        if len(saved) != wanted:
            raise InputError(
                f"a session of {length} positions has {wanted} bytes, not {len(saved)}"
            )
        return int(length)

    def _heads(self) -> Iterator[tuple[Int16, Int16]]:
        """Shifts [positions] and rows [positions, width] of each head, up to the pages' end."""
        for history in self._histories:
            for head in range(history.heads):
                views = [_views(page, history, head) for page in self.pages]
                shifts = [np.zeros(0, np.int16), *(view[0] for view in views)]
                rows = [np.zeros((0, history.width), np.int16)]
                rows += [_by_position(view[1], history) for view in views]
                yield np.concatenate(shifts), np.concatenate(rows)

    def _write(self, history: History, head: int, shifts: Any, rows: Any) -> None:
        for number, page in enumerate(self.pages):
            own = slice(number * PAGE, (number + 1) * PAGE)
            shift_view, row_view = _views(page, history, head)
            count = len(shifts[own])
            shift_view[:count] = shifts[own]
            full = _by_position(row_view, history).copy()
            full[:count] = rows[own]
            row_view[...] = _by_layout(full, history)


def _views(page: Int16, history: History, head: int) -> tuple[Int16, Int16]:
    """Shifts [PAGE] and panels of one head in a page."""
    start = history.offset // 2 + head * (history.head_bytes // 2)
    own = page[start : start + history.head_bytes // 2]
    return own[:PAGE], own[PAGE:]


def _by_position(panels: Int16, history: History) -> Int16:
    """Panels as rows [PAGE, width]."""
    if history.keys:
        split = panels.reshape(PAGE // CHANNELS, pairs_of(history.width), CHANNELS, 2)
        rows = split.transpose(0, 2, 1, 3).reshape(PAGE, -1)
    else:
        split = panels.reshape(-1, PAGE // 2, CHANNELS, 2)
        rows = split.transpose(1, 3, 0, 2).reshape(PAGE, -1)
    return rows[:, : history.width]


def _by_layout(rows: Int16, history: History) -> Int16:
    """The inverse of `_by_position`, with zeros where there is no element."""
    if history.keys:
        padded = np.pad(rows, ((0, 0), (0, history.width % 2)))
        split = padded.reshape(PAGE // CHANNELS, CHANNELS, -1, 2).transpose(0, 2, 1, 3)
    else:
        padded = np.pad(rows, ((0, 0), (0, -history.width % CHANNELS)))
        split = padded.reshape(PAGE // 2, 2, -1, CHANNELS).transpose(2, 0, 3, 1)
    return split.reshape(-1)
