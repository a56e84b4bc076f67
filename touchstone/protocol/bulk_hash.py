"""SHA-256 of many short messages of one length, with the bytes that hashlib gives.

A call for each message costs more than its hash. A process that hashes much therefore has the
processor's own code made for eight messages at a time (`lanes`), once, which takes half a second.
Where that cannot be had, hashlib goes on.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from touchstone.protocol.lanes import Lanes

_WORTH_IT = 32 << 20
"""Bytes that a process hashes with hashlib before it has code made."""


class BulkHasher:
    """Hashes many messages; `made` is the code for that, where it has been made."""

    def __init__(self, patience: int = _WORTH_IT) -> None:
        """Has code made after `patience` bytes."""
        self.made: Lanes | None = None
        self._left = patience

    def hash_all(self, prefix: int, data: bytes | memoryview, size: int) -> bytes:
        """Hashes of a prefix byte and each `size` bytes of `data`, 32 bytes each, in order.

        The last message may be shorter. `size` is a multiple of 64.
        """
        view = memoryview(data).cast("B")
        if self.made is None and self._left >= 0:
            self._left -= view.nbytes
            if self._left < 0:
                self.made = _make()
        if self.made is None:
            return _one_by_one(prefix, view, size)
        found, done = self.made.hash_groups(prefix, view, size)
        return found + _one_by_one(prefix, view[done:], size)


def _one_by_one(prefix: int, view: memoryview, size: int) -> bytes:
    first, hashed = bytes([prefix]), sha256
    return b"".join(
        [hashed(first + view[i : i + size]).digest() for i in range(0, view.nbytes, size)]
    )


def _make() -> Lanes | None:
    """The code, once it has shown that it gives hashlib's bytes; None where there is none."""
    try:
        from touchstone.protocol.lanes import Lanes

        made = Lanes()
    except (ImportError, OSError, RuntimeError):
        return None
    data = bytes(range(256)) * 8
    for size in (64, 256):
        found, done = made.hash_groups(1, memoryview(data), size)
        if not done or found != _one_by_one(1, memoryview(data)[:done], size):
            return None
    return made


hash_all = BulkHasher().hash_all
"""See `BulkHasher.hash_all`: the process's own."""
