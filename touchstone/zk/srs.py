"""Structured reference strings: whose secret nobody may know.

One made here is for development: whoever made it could prove anything, and its manifest says so.
One of a public ceremony is taken by path, and used only if it has the digest that was asked for.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from touchstone.errors import SrsError
from touchstone.zk.engine import call

FILE = "kzg.srs"
LOCAL = "insecure-local"
CEREMONY = "ceremony"
LOGROWS_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A ceremony's file and the SHA-256 that it has to have, in hexadecimal."""

    path: Path
    sha256: str

    def check(self) -> int:
        """Reads the whole file, and returns its logrows.

        Raises:
            SrsError: it cannot be read, has another digest, or not the size that its rows need.
        """
        try:
            found = sha256_file(self.path)
            rows = logrows_of(self.path)
        except OSError as error:
            raise SrsError(f"{self.path} cannot be read: {error.strerror}") from error
        if found != self.sha256.lower().removeprefix("0x"):
            raise SrsError(f"{self.path} has the SHA-256 {found}, not {self.sha256}: not used")
        return rows


def place(ceremony: Ceremony | None, logrows: int, folder: Path) -> str:
    """Puts a string of 2^logrows rows into a folder, and returns the kind it is of.

    Raises:
        SrsError: the ceremony's has another number of rows, or is not the one asked for.
    """
    if ceremony is None:
        call("make_srs", folder, srs=FILE, logrows=logrows)
        return LOCAL
    rows = ceremony.check()
    if rows != logrows:
        raise SrsError(f"{ceremony.path} has 2^{rows} rows, the circuit 2^{logrows}")
    shutil.copyfile(ceremony.path, folder / FILE)
    # What was copied is what is used: the file may have changed since it was checked.
    Ceremony(folder / FILE, ceremony.sha256).check()
    return CEREMONY


def logrows_of(path: Path) -> int:
    """Logarithm of a string's rows: its first four bytes, little-endian, matched by its size.

    Two points of G1 (64 bytes) stand for each row, and two of G2 (128 bytes) at the end.
    """
    with path.open("rb") as file:
        rows = int.from_bytes(file.read(4), "little")
    size = path.stat().st_size
    if rows > LOGROWS_LIMIT or size != 4 + 128 * (1 << rows) + 256:
        raise SrsError(
            f"{path} is no reference string of up to 2^{LOGROWS_LIMIT} rows: it begins with {rows} "
            f"and has {size:,} bytes"
        )
    return rows


def sha256_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
