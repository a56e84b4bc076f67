"""A mapping that forgets what nobody has used for long."""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Up to so many values, of which those go first that were not used for longest."""

    def __init__(self, most: int) -> None:
        """Keeps up to `most` values."""
        self._most = most
        self._found: dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._found)

    def keep(self, key: K, value: V) -> V:
        """Keeps a value, and returns it."""
        self._found.pop(key, None)
        self._found[key] = value
        while len(self._found) > self._most:
            del self._found[next(iter(self._found))]
        return value

    def get(self, key: K) -> V | None:
        """The value, if it is still there; it is the last to go now."""
        value = self._found.get(key)
        return None if value is None else self.keep(key, value)

    def items(self) -> list[tuple[K, V]]:
        """All that is still there."""
        return list(self._found.items())
