"""One lock for each key on this machine, for all threads and processes of one user."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from touchstone.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def key_lock(chain: str, address: str) -> Iterator[None]:
    """Held within the block; the system lets go of it when its process dies.

    Raises:
        ChainError: another user has put something in the place of the folder for locks.
    """
    name = sha256(f"{chain} {address}".encode()).hexdigest()[:32]
    # Opened anew each time: the system's lock then keeps out other threads as well.
    descriptor = os.open(_folder() / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"touchstone-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    mine = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    if not mine or found.st_mode & 0o022:
        raise ChainError(
            f"{folder} can be written to by others: remove it, or set TMPDIR to a private folder"
        )
    return folder
