"""Fetches a model folder from mirrors, none of which is believed.

The two roots are all that is trusted. program.json is the one with the program root; it says how
long weights.bin is. manifest.json describes that program, and its weight nodes fold to the weight
root; then every piece of weights.bin is checked alone, before it is written. The manifest comes
last, so that a folder with a manifest is whole.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from touchstone.errors import FetchError, ProgramError
from touchstone.mirrors.mirror import Mirror, Patience
from touchstone.mirrors.part import Part
from touchstone.mirrors.small_files import SmallFiles
from touchstone.mirrors.transfer import Transfer
from touchstone.programs.model import MANIFEST, read_manifest
from touchstone.programs.weights import weight_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


_THREADS = 2
"""That hash and write pieces."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fetched.

    Attributes:
        program_root: of the program, 32 bytes.
        weight_root: of weights.bin, 32 bytes.
        label: `name@version` that the manifest must bear; empty where any will do.
    """

    program_root: bytes
    weight_root: bytes
    label: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A mirror to ask; `private` where it may lead to an address that is not public."""

    url: str
    private: bool


@dataclass(frozen=True, slots=True)
class MirrorNews:
    """What became of asking one mirror: see `Mirror`."""

    url: str
    pieces: int
    faults: int
    last_fault: str
    left: bool


@dataclass(frozen=True, slots=True)
class News:
    """How far a download is.

    Attributes:
        doing: what is being done, in a few words.
        pieces: of weights.bin, in all; 0 until it is known.
        found: that were on disk when it began.
        fetched: that have come since.
        total_bytes: of weights.bin.
        seconds: since the beginning.
        mirrors: each mirror, in the order given.
    """

    doing: str
    pieces: int
    found: int
    fetched: int
    total_bytes: int
    seconds: float
    mirrors: tuple[MirrorNews, ...]


def fetch_model(
    wanted: Wanted,
    sources: Sequence[Source],
    folder: Path,
    patience: Patience | None = None,
    tell: Callable[[News], None] = lambda _: None,
) -> News:
    """Brings a model to a folder, or what of it is missing there; returns how it went.

    Of weights and tokenizer no more than a few MiB for each mirror are in memory at once; program
    and manifest are, one at a time, within limits.

    Args:
        wanted: the roots.
        sources: the mirrors. What no root binds (the tokenizer's digest, names and scales in the
            manifest) is taken from the first that has it: who is trusted more stands before.
        folder: where to; made if it is not there.
        patience: how long mirrors are put up with.
        tell: told whenever something has come.

    Raises:
        FetchError: there is no mirror left, no room, another download into the folder, or another
            model in it. What has come is kept, and is not fetched again.
    """
    if not sources:
        raise FetchError("there is no mirror to fetch from: name one with --mirror")
    patience = patience or Patience()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            _require_no_other(folder, wanted)
            return asyncio.run(_Fetch(wanted, folder, tell).run(sources, patience))
    except OSError as error:
        raise FetchError(
            f"{folder} cannot be written ({error.strerror}): mend that and run again; what has "
            "come is kept"
        ) from error


class _Fetch:
    """One run."""

    def __init__(self, wanted: Wanted, folder: Path, tell: Callable[[News], None]) -> None:
        self._wanted, self._folder, self._tell = wanted, folder, tell
        self._began = time.monotonic()
        self._mirrors: list[Mirror] = []
        self._doing = "reading what is here"
        self._pieces = self._found = self._fetched = self._total = 0

    async def run(self, sources: Sequence[Source], patience: Patience) -> News:
        async with AsyncExitStack() as stack:
            for source in sources:
                mirror = Mirror(source.url, private=source.private, patience=patience)
                self._mirrors.append(await stack.enter_async_context(mirror))
            small = SmallFiles(self._folder, self._wanted.program_root, self._mirrors)
            self._now("fetching the program")
            program = await small.program()
            self._total = weight_bytes(program)
            manifest = await small.manifest(program, self._wanted.weight_root, self._wanted.label)
            self._pieces = len(manifest.weight_nodes)
            await small.tokenizer(manifest)
            with Part(self._folder, self._total, manifest.weight_nodes) as part:
                # Closed first: no thread may write to a file that is not open any more.
                with ThreadPoolExecutor(_THREADS) as threads:
                    await self._weights(part, threads)
                part.finish()
            small.write_manifest(manifest)
        return self._now("done")

    async def _weights(self, part: Part, threads: ThreadPoolExecutor) -> None:
        loop, missing = asyncio.get_running_loop(), []
        self._doing = "checking what is here"
        for index in range(self._pieces):
            if await loop.run_in_executor(threads, part.has, index):
                self._found += 1
                self._now(self._doing)
            else:
                missing.append(index)
        if missing:
            part.prepare()
            self._now("fetching")
            transfer = Transfer(part, threads, self._wanted.program_root, missing, self._came)
            await transfer.run(self._mirrors)

    def _came(self, pieces: int) -> None:
        self._fetched += pieces
        self._now(self._doing)

    def _now(self, doing: str) -> News:
        self._doing = doing
        mirrors = tuple(
            MirrorNews(m.url, m.pieces, m.faults, m.last_fault, m.left) for m in self._mirrors
        )
        seconds = time.monotonic() - self._began
        news = News(doing, self._pieces, self._found, self._fetched, self._total, seconds, mirrors)
        self._tell(news)
        return news


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keeps other downloads out of the folder; the system lets go when this process dies."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FetchError(
                f"another download into {folder} is under way: wait for it, or choose another "
                "folder"
            ) from None
        yield
        # What was renamed in it is brought to the disk.
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require_no_other(folder: Path, wanted: Wanted) -> None:
    """Raises FetchError where the folder holds another model, which is not to be written over."""
    if not (folder / MANIFEST).exists():
        return
    try:
        found = read_manifest(folder)
    except ProgramError:
        return  # It is damaged, and will be fetched.
    if (found.program_root, found.weight_root) != (wanted.program_root, wanted.weight_root):
        raise FetchError(
            f"{folder} holds {found.name}@{found.version}, which is another model: choose another "
            "folder"
        )
