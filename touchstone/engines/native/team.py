"""Threads that run one function at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Team:
    """`size` threads, the caller's among them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._others = ThreadPoolExecutor(size - 1, "native") if size > 1 else None

    def run(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Calls the function once in each thread; returns when all have returned."""
        others = [
            self._others.submit(function, *arguments)
            for _ in range(self.size - 1)
            if self._others is not None
        ]
        function(*arguments)
        for other in others:
            other.result()
