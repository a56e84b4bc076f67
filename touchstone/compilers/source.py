"""Reading an ordinary Hugging Face folder, and refusing what is not supported, by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from touchstone.errors import CompileError

WEIGHTS = "model.safetensors"
CONFIG_LIMIT = 1 << 24
_FLOATS = {"F32": np.float32, "F64": np.float64, "F16": np.float16}


def read_json(path: Path) -> Any:
    """The JSON in a file. Raises CompileError if it is missing, too large or not JSON."""
    try:
        if path.stat().st_size > CONFIG_LIMIT:
            raise CompileError(f"{path.name} is larger than {CONFIG_LIMIT} bytes")
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        raise CompileError(f"{path.name} is missing from the source folder {path.parent}") from None
    except ValueError as error:
        raise CompileError(f"{path.name} is not JSON: {error}") from None


@dataclass(frozen=True, slots=True)
class Settings:
    """A model's settings, read with checks that name the setting."""

    values: Mapping[str, Any]
    file: str

    def integer(self, name: str) -> int:
        """A positive integer. Raises CompileError if it is absent or something else."""
        value = self.values.get(name)
        if type(value) is not int or value < 1:
            raise CompileError(f"{self.file}: {name} must be a positive integer, is {value!r}")
        return value

    def number(self, name: str, default: float) -> float:
        """A number that is not negative. Raises CompileError for anything else."""
        value = self.values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
            raise CompileError(f"{self.file}: {name} must be a number from 0, is {value!r}")
        return float(value)

    def require(self, name: str, allowed: tuple[object, ...], default: object) -> None:
        """Raises CompileError, naming the setting, unless its value is among `allowed`."""
        value = self.values.get(name, default)
        if value not in allowed:
            wanted = " or ".join(repr(choice) for choice in allowed)
            raise CompileError(f"{self.file}: {name}={value!r} is not supported; needs {wanted}")


class Tensors:
    """The tensors of model.safetensors as float64, checked for shape, under an optional prefix."""

    def __init__(self, folder: Path, prefixes: tuple[str, ...], probe: str) -> None:
        path = folder / WEIGHTS
        if not path.is_file():
            raise CompileError(f"{WEIGHTS} is missing from the source folder")
        try:
            opened: Any = safe_open(str(path), framework="np")
            self._file = opened
            names = set(self._file.keys())
        except (SafetensorError, OSError) as error:
            raise CompileError(f"{WEIGHTS} cannot be read: {error}") from None
        for prefix in prefixes:
            if prefix + probe in names:
                self._prefix = prefix
                break
        else:
            raise CompileError(f"{WEIGHTS} holds no tensor {probe}")
        self._names = names

    def get(self, name: str, *shape: int) -> NDArray[np.float64]:
        """Tensor `name` as float64. Raises CompileError for a missing one or another shape."""
        full = self._prefix + name
        if full not in self._names:
            raise CompileError(f"{WEIGHTS} holds no tensor {name}")
        part = self._file.get_slice(full)
        if part.get_dtype() not in _FLOATS:
            raise CompileError(f"{name} is {part.get_dtype()}, not one of {', '.join(_FLOATS)}")
        if tuple(part.get_shape()) != shape:
            raise CompileError(f"{name} has shape {part.get_shape()}, config.json says {shape}")
        tensor: NDArray[Any] = self._file.get_tensor(full)
        return tensor.astype(np.float64)
