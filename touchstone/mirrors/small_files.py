"""program.json, manifest.json and tokenizer.json: taken from the folder, or the first mirror that
has them right."""

from __future__ import annotations

import asyncio
import os
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from touchstone.errors import FetchError, MirrorError, ProgramError, RootMismatchError
from touchstone.mirrors.shelf import path_of
from touchstone.programs.encoding import from_json, program_root
from touchstone.programs.manifest import Manifest
from touchstone.programs.model import MANIFEST, PROGRAM, TEXT_LIMIT, TOKENIZER, check_program
from touchstone.programs.weights import PIECE, weight_bytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from touchstone.mirrors.mirror import Mirror
    from touchstone.programs.program import Program

T = TypeVar("T")

PROGRAM_LIMIT = 1 << 24
"""Bytes of a program.json that is fetched: 16 MiB, ten times what a hundred layers need."""

_BESIDES_NODES = 1 << 20
"""Bytes of a manifest besides its weight nodes, at most."""
_NODE = 67
"""Bytes of a weight node in a manifest: 64 digits, quotes and a comma."""
_ROUNDS = 4


class SmallFiles:
    """Brings the small files of one model to one folder."""

    def __init__(self, folder: Path, root: bytes, mirrors: Sequence[Mirror]) -> None:
        """Binds the folder, the program root and the mirrors."""
        self._folder, self._root, self._mirrors = folder, root, mirrors

    async def program(self) -> Program:
        """The program with the root. It is in the folder then."""

        def read(data: bytes) -> Program:
            program = from_json(data)
            if program_root(program) != self._root:
                raise RootMismatchError(f"has another {PROGRAM} under this root")
            return program

        return await self._text(PROGRAM, PROGRAM_LIMIT, read, keep=True)

    async def manifest(self, program: Program, weight_root: bytes, label: str) -> Manifest:
        """A manifest of the program and the weight root, and of `label` unless that is empty.

        It is not in the folder yet: that is for the end.
        """

        def read(data: bytes) -> Manifest:
            manifest = Manifest.from_json(data)
            check_program(manifest, program)
            if manifest.program_root != self._root or manifest.weight_root != weight_root:
                raise RootMismatchError(f"has the {MANIFEST} of another model under this root")
            if label not in {"", f"{manifest.name}@{manifest.version}"}:
                raise RootMismatchError(
                    f"calls this model {manifest.name}@{manifest.version} instead of {label}"
                )
            return manifest

        limit = _BESIDES_NODES + _NODE * -(-weight_bytes(program) // PIECE)
        return await self._text(MANIFEST, limit, read, keep=False)

    async def tokenizer(self, manifest: Manifest) -> None:
        """Brings the tokenizer that the manifest names; it is never in memory as a whole."""
        path = self._folder / TOKENIZER
        if path.exists() and _digest_of(path) == manifest.tokenizer_sha256:
            return

        async def ask(mirror: Mirror) -> None:
            part = path.with_name(TOKENIZER + ".part")
            digest = sha256()

            def take(chunk: bytes) -> None:
                digest.update(chunk)
                file.write(chunk)

            with part.open("wb") as file:
                await mirror.file(path_of(self._root, TOKENIZER), TEXT_LIMIT, take)
                file.flush()
                os.fsync(file.fileno())
            if digest.digest() != manifest.tokenizer_sha256:
                raise MirrorError(f"has another {TOKENIZER} than {MANIFEST} names", lasting=True)
            part.replace(path)

        await self._from_any(TOKENIZER, ask)

    def write_manifest(self, manifest: Manifest) -> None:
        """Writes the manifest to the folder, which is whole then."""
        _write(self._folder / MANIFEST, manifest.to_json())

    async def _text(self, name: str, limit: int, read: Callable[[bytes], T], *, keep: bool) -> T:
        """A file that `read` takes: the folder's own, or a mirror's, which is kept if wanted."""
        path = self._folder / name
        if path.exists() and path.stat().st_size <= limit:
            try:
                return read(path.read_bytes())
            except ProgramError:
                pass  # Damaged: it is fetched again.

        async def ask(mirror: Mirror) -> T:
            data = bytearray()
            await mirror.file(path_of(self._root, name), limit, data.extend)
            try:
                found = await asyncio.to_thread(read, bytes(data))
            except ProgramError as error:
                raise MirrorError(str(error), lasting=True) from error
            if keep:
                _write(path, data)
            return found

        return await self._from_any(name, ask)

    async def _from_any(self, name: str, ask: Callable[[Mirror], Awaitable[T]]) -> T:
        """What the first mirror gives of which it can be used, asked in their order.

        Raises:
            FetchError: none has it, with what each did instead.
        """
        loop, why = asyncio.get_running_loop(), dict.fromkeys(self._mirrors, "")
        hopeful = [mirror for mirror in self._mirrors if not mirror.left]
        for turn in range(_ROUNDS):
            if turn and hopeful:
                await asyncio.sleep(min(mirror.pause_s() for mirror in hopeful))
            for mirror in list(hopeful):
                asked_at = loop.time()
                try:
                    found = await ask(mirror)
                except MirrorError as error:
                    mirror.failed(error, asked_at)
                    why[mirror] = str(error)
                    if error.lasting:
                        hopeful.remove(mirror)
                else:
                    mirror.succeeded()
                    return found
        told = "; ".join(f"{m.url} {why[m] or m.last_fault}" for m in self._mirrors)
        raise FetchError(f"no mirror has {name} of program 0x{self._root.hex()}: {told}")


def _write(path: Path, data: bytes | bytearray) -> None:
    """Replaces a file at once, by one that is on the disk."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _digest_of(path: Path) -> bytes:
    with path.open("rb") as file:
        digest = sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.digest()
