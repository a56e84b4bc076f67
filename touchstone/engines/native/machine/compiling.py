"""Machine code from Python functions, by Numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Callable[..., Any]) -> Any:
    """A function that other compiled functions call.

    Division by zero gives no exception: kernels never divide by it, and none may raise, since the
    other threads would wait for ever. Python never calls it, so it needs no wrappers, which would
    take a quarter of the time of compiling.
    """
    options: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return njit(error_model="numpy", **options)(function)
