"""Reading an ordinary Hugging Face folder, and refusing what is not supported, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from touchstone.compilers.tensor_file import FLOATS, StoredTensor, read_header
from touchstone.errors import CompileError
from touchstone.programs.json_text import parse_json

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
CONFIG_LIMIT = 1 << 24


def read_json(path: Path) -> Any:
    """The JSON in a file. Raises CompileError if it is missing, too large or not JSON."""
    try:
        if path.stat().st_size > CONFIG_LIMIT:
            raise CompileError(f"{path.name} is larger than {CONFIG_LIMIT} bytes")
        return parse_json(path.read_bytes())
    except FileNotFoundError:
        raise CompileError(f"{path.name} is missing from the source folder {path.parent}") from None
    except ValueError as error:
        raise CompileError(f"{path.name} is not JSON: {error}") from None


def read_settings(path: Path) -> Settings:
    """The settings in a file. Raises CompileError as `read_json` does, or if it has none."""
    values = read_json(path)
    if not isinstance(values, dict):
        raise CompileError(f"{path.name} is not a JSON object")
    return Settings(values, path.name)


@dataclass(frozen=True, slots=True)
class Settings:
    """A model's settings, read with checks that name the setting."""

    values: Mapping[str, Any]
    file: str

    def integer(self, name: str, default: int | None = None) -> int:
        """A positive integer, `default` where it is absent or null.

        Raises CompileError for anything else.
        """
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        if type(value) is not int or value < 1:
            raise CompileError(f"{self.file}: {name} must be a positive integer, is {value!r}")
        return value

    def number(self, name: str, default: float) -> float:
        """A number that is not negative. Raises CompileError for anything else."""
        value = self.values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
            raise CompileError(f"{self.file}: {name} must be a number from 0, is {value!r}")
        return float(value)

    def boolean(self, name: str, default: bool) -> bool:
        """true or false. Raises CompileError for anything else."""
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            raise CompileError(f"{self.file}: {name} must be true or false, is {value!r}")
        return value

    def require(self, name: str, allowed: tuple[object, ...], default: object) -> None:
        """Raises CompileError, naming the setting, unless its value is among `allowed`."""
        value = self.values.get(name, default)
        if value not in allowed:
            wanted = " or ".join(repr(choice) for choice in allowed)
            raise CompileError(f"{self.file}: {name}={value!r} is not supported; needs {wanted}")


class Tensors:
    """The tensors of a folder, checked for dtype and shape, under an optional prefix.

    They lie in model.safetensors, or in the files that model.safetensors.index.json names.
    """

    def __init__(self, folder: Path, prefixes: tuple[str, ...], probe: str) -> None:
        self._stored = _stored(folder)
        for prefix in prefixes:
            if prefix + probe in self._stored:
                self._prefix = prefix
                break
        else:
            raise CompileError(f"{WEIGHTS} holds no tensor {probe}")

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of tensor `name`. Raises CompileError if it is missing."""
        return self._find(name).shape

    def stored(self, name: str, *shape: int) -> StoredTensor:
        """Tensor `name`, unread. Raises CompileError for a missing one, another dtype or shape."""
        tensor = self._find(name)
        if tensor.dtype not in FLOATS:
            raise CompileError(f"{name} is {tensor.dtype}, not one of {', '.join(FLOATS)}")
        if tensor.shape != shape:
            raise CompileError(f"{name} has shape {list(tensor.shape)}, {CONFIG} says {shape}")
        return tensor

    def get(self, name: str, *shape: int) -> NDArray[np.float64]:
        """Tensor `name` as float64. Raises CompileError as `stored` does."""
        return self.stored(name, *shape)[:]

    def _find(self, name: str) -> StoredTensor:
        tensor = self._stored.get(self._prefix + name)
        if tensor is None:
            raise CompileError(f"{WEIGHTS} holds no tensor {name}")
        return tensor

    def names(self) -> frozenset[str]:
        """Names of all tensors, without the prefix where they have it."""
        return frozenset(name.removeprefix(self._prefix) for name in self._stored)


def _stored(folder: Path) -> dict[str, StoredTensor]:
    """All tensors of a folder, from the headers of its files."""
    single, index = folder / WEIGHTS, folder / INDEX
    if single.is_file():
        return read_header(single)
    if not index.is_file():
        raise CompileError(f"{WEIGHTS} (or {INDEX}) is missing from the source folder {folder}")
    places = read_json(index)
    places = places.get("weight_map") if isinstance(places, dict) else None
    if not isinstance(places, dict) or not places:
        raise CompileError(f"{INDEX} has no weight_map that names files")
    files: dict[str, dict[str, StoredTensor]] = {}
    for file in sorted({str(file) for file in places.values()}):
        # An index that a stranger wrote must not lead out of the folder.
        if Path(file).name != file or not file.endswith(".safetensors"):
            raise CompileError(f"{INDEX} names {file!r}, which is no safetensors file beside it")
        if not (folder / file).is_file():
            raise CompileError(f"{file}, which {INDEX} names, is missing")
        files[file] = read_header(folder / file)
    for name, file in places.items():
        if name not in files[str(file)]:
            raise CompileError(f"{file} holds no tensor {name}, which {INDEX} places there")
    return {name: files[str(file)][name] for name, file in places.items()}
