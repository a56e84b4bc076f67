"""weights.bin while it comes: pieces at their offsets, each checked before it is written.

What is on disk is believed after it was hashed, not before: no record of what has come is kept that
a crash could make wrong.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from touchstone.errors import FetchError, RootMismatchError
from touchstone.mirrors.ranges import Span
from touchstone.programs.model import WEIGHTS
from touchstone.programs.weights import PIECE, piece_node

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

PART = f"{WEIGHTS}.part"


class Part:
    """The file, open in a `with`. `has` and `accept` may be called from threads."""

    def __init__(self, folder: Path, total: int, nodes: Sequence[bytes]) -> None:
        """Opens what there is, or begins.

        Args:
            folder: where.
            total: bytes of weights.bin.
            nodes: the node over each piece.
        """
        self._folder, self._total, self._nodes = folder, total, nodes
        self._whole, self._part = folder / WEIGHTS, folder / PART
        # A whole file is not moved before it is known to be damaged: a node may start from it.
        self._path = self._whole if self._whole.exists() else self._part
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def __enter__(self) -> Part:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        os.close(self._file)

    def span(self, index: int) -> Span:
        """Where a piece lies."""
        start = index * PIECE
        return Span(start, min(start + PIECE, self._total), self._total)

    def has(self, index: int) -> bool:
        """Whether a piece is on disk already, and right."""
        span = self.span(index)
        data = os.pread(self._file, span.end - span.start, span.start)
        complete = len(data) == span.end - span.start
        return complete and piece_node(data, self._total) == self._nodes[index]

    def prepare(self) -> None:
        """Gives the file its size, under the name of one that is not whole.

        Raises:
            FetchError: the disk has not enough room for what is missing.
        """
        if self._path != self._part:
            self._whole.replace(self._part)
            self._path = self._part
        needed = max(0, self._total - os.fstat(self._file).st_blocks * 512)
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            raise FetchError(
                f"{self._folder} needs {needed:,} more bytes of disk, {free:,} are free: make room "
                "and run again, or choose another folder"
            )
        os.ftruncate(self._file, self._total)

    def accept(self, index: int, data: bytes) -> None:
        """Writes a piece to its place. Raises RootMismatchError, before it does, if it is wrong."""
        if piece_node(data, self._total) != self._nodes[index]:
            raise RootMismatchError(f"piece {index} does not have its node")
        view, place = memoryview(data), self.span(index).start
        while view:
            written = os.pwrite(self._file, view, place)
            view, place = view[written:], place + written

    def finish(self) -> None:
        """All pieces are here: brings them to the disk, and gives the file its name."""
        if os.fstat(self._file).st_size != self._total:
            os.ftruncate(self._file, self._total)
        os.fsync(self._file)
        if self._path != self._whole:
            self._part.replace(self._whole)
