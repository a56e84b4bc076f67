"""What a mirror has: the files of model folders, by the root of their program."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from touchstone.errors import RefusedError
from touchstone.programs.model import MANIFEST, PROGRAM, TOKENIZER, WEIGHTS, read_manifest

if TYPE_CHECKING:
    from pathlib import Path


def path_of(program_root: bytes, file: str) -> str:
    """Where a mirror has a file, below its base address."""
    return f"/models/0x{program_root.hex()}/{file}"


@dataclass(frozen=True, slots=True)
class Item:
    """A file that others may fetch, and the digest (32 bytes) that identifies its content."""

    path: Path
    digest: bytes

    @property
    def tag(self) -> str:
        """The digest as an HTTP entity tag."""
        return f'"0x{self.digest.hex()}"'


class Shelf:
    """The files of some model folders, and no other file."""

    def __init__(self) -> None:
        """An empty one."""
        self._items: dict[tuple[bytes, str], Item] = {}

    def add(self, folder: Path) -> bytes:
        """Offers the model in `folder` and returns its program root.

        The folder is taken at its word: whoever fetches checks every byte.

        Raises:
            ProgramError: its manifest is missing or malformed.
        """
        manifest = read_manifest(folder)
        digests = {
            MANIFEST: sha256(manifest.to_json()).digest(),
            PROGRAM: manifest.program_root,
            TOKENIZER: manifest.tokenizer_sha256,
            WEIGHTS: manifest.weight_root,
        }
        for file, digest in digests.items():
            self._items[manifest.program_root, file] = Item(folder / file, digest)
        return manifest.program_root

    def find(self, program_root: bytes, file: str) -> Item:
        """A file of a model. Raises RefusedError where it is not on this shelf."""
        item = self._items.get((program_root, file))
        if item is None:
            raise RefusedError(
                "unknown_file", f"there is no {file!r} of a program 0x{program_root.hex()} here"
            )
        return item
