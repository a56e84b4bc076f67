"""Machine code from Python functions, by Numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Callable[..., Any]) -> Any:
    """A function that other compiled functions call.

    Division by zero gives no exception: kernels never divide by it, and none may raise, since the
    other threads would wait for ever.
    """
    return njit(function, error_model="numpy", nogil=True)
