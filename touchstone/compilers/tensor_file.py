"""Reading safetensors files: the header with checks, then any rows of a tensor, and no others.

A file is 8 bytes that give the header's length, the header (JSON: for each tensor its dtype, its
shape and where its bytes lie), then the tensors' bytes. Only the header is read when a file is
opened, and all of it is checked against the file's size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from touchstone.errors import CompileError
from touchstone.programs.json_text import parse_json

HEADER_LIMIT = 100_000_000
"""Bytes of a header, as the format's own library has it."""

FLOATS: Mapping[str, str] = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
"""Dtypes of weights, and how their elements are read."""

Real = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor in a file; nothing of it is in memory. `matrix[a:b]` reads rows as float64."""

    name: str
    path: Path
    dtype: str
    shape: tuple[int, ...]
    start: int

    def __getitem__(self, rows: slice) -> Real:
        """Rows [start:stop] of the first axis. Raises CompileError where they cannot be read."""
        first, last, _ = rows.indices(self.shape[0])
        raw = np.dtype(FLOATS[self.dtype])
        row = prod(self.shape[1:])
        with self.path.open("rb") as file:
            file.seek(self.start + first * row * raw.itemsize)
            data = file.read((last - first) * row * raw.itemsize)
        if len(data) != (last - first) * row * raw.itemsize:
            raise CompileError(f"{self.path.name} changed while it was read")
        values = np.frombuffer(data, raw).reshape(last - first, *self.shape[1:])
        if self.dtype == "BF16":
            # The upper half of a float32.
            values = (values.astype(np.uint32) << 16).view(np.float32)
        return values.astype(np.float64)


def read_header(path: Path) -> dict[str, StoredTensor]:
    """The tensors of a file, by name.

    Raises CompileError for a file that is truncated, or whose header does not fit it.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > min(HEADER_LIMIT, size - 8):
                raise CompileError(
                    f"{path.name} is truncated or no safetensors file: it has {size} bytes and "
                    f"claims a header of {length}"
                )
            header = parse_json(file.read(length))
        return _tensors(path, header, 8 + length, size)
    except OSError as error:
        raise CompileError(f"{path.name} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CompileError(
            f"{path.name} has a malformed header: {type(error).__name__} {error}"
        ) from None


def _tensors(path: Path, header: Any, base: int, size: int) -> dict[str, StoredTensor]:
    found = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        shape = tuple(entry["shape"])
        start, end = entry["data_offsets"]
        if not all(type(n) is int and n >= 0 for n in (*shape, start, end)):
            raise ValueError(f"{name} has a shape or an offset that is no number from 0")
        if base + end > size:
            raise CompileError(
                f"{path.name} is truncated: it has {size} bytes, {name} ends at {base + end}"
            )
        dtype = str(entry["dtype"])
        if dtype in FLOATS and end - start != prod(shape) * np.dtype(FLOATS[dtype]).itemsize:
            raise ValueError(f"{name} of shape {list(shape)} in {dtype} has {end - start} bytes")
        found[name] = StoredTensor(name, path, dtype, shape, base + start)
    return found
