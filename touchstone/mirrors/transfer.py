"""Brings the missing pieces of weights.bin from all mirrors at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from touchstone.errors import FetchError, MirrorError, RootMismatchError
from touchstone.mirrors.board import Board, spoken
from touchstone.mirrors.shelf import path_of
from touchstone.programs.model import WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from touchstone.mirrors.mirror import Mirror
    from touchstone.mirrors.part import Part


class Transfer:
    """One transfer of some pieces. For one event loop."""

    def __init__(
        self,
        part: Part,
        threads: Executor,
        program_root: bytes,
        missing: Sequence[int],
        came: Callable[[int], None],
    ) -> None:
        """Binds it.

        Args:
            part: where the pieces go; it checks them.
            threads: in which it does.
            program_root: under which mirrors have the file.
            missing: the pieces.
            came: told how many more pieces have come, also where none has but a mirror failed.
        """
        self._part, self._threads = part, threads
        self._path = path_of(program_root, WEIGHTS)
        self._board = Board(missing)
        self._came = came
        self._changed = asyncio.Event()

    async def run(self, mirrors: Sequence[Mirror]) -> None:
        """Returns when all pieces are on disk.

        Raises:
            FetchError: no mirror is left that could give the rest.
            OSError: the disk takes no more.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for mirror in mirrors:
                    for _ in range(mirror.patience.at_once):
                        group.create_task(self._work(mirror))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        if not self._board.done:
            missing = self._board.missing
            told = "; ".join(f"{m.url}: {m.last_fault or 'no fault'}" for m in mirrors)
            raise FetchError(
                f"no mirror is left for {len(missing)} pieces of {WEIGHTS} (numbers "
                f"{spoken(missing)}): {told}. What has come is kept: run again to fetch the rest, "
                "perhaps with another --mirror"
            )

    async def _work(self, mirror: Mirror) -> None:
        """Asks one mirror for one piece after the other, until it can be of no more use."""
        loop = asyncio.get_running_loop()
        while not (mirror.left or self._board.hopeless(mirror)):
            pause = mirror.pause_s()
            piece = None if pause else self._board.take(mirror)
            if piece is None:
                await self._wait(pause or None)
                continue
            asked_at = loop.time()
            try:
                data = await mirror.piece(self._path, self._part.span(piece))
                await loop.run_in_executor(self._threads, self._part.accept, piece, data)
            except RootMismatchError as error:
                self._failed(mirror, piece, MirrorError(f"lies: {error}", lasting=True), asked_at)
            except MirrorError as error:
                self._failed(mirror, piece, error, asked_at)
            else:
                self._board.came(piece)
                mirror.pieces += 1
                mirror.succeeded()
                self._tell(1)

    def _failed(self, mirror: Mirror, piece: int, error: MirrorError, asked_at: float) -> None:
        self._board.failed(piece, mirror if error.lasting else None)
        mirror.failed(error, asked_at)
        self._tell(0)

    def _tell(self, pieces: int) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        self._came(pieces)

    async def _wait(self, seconds: float | None) -> None:
        """Until something has changed, or the time is over."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass
