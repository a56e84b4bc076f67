"""A model folder: manifest.json, program.json, weights.bin, tokenizer.json; shards, if it is cut.

Everything is checked against its root before anything is used, and sizes are checked against what
the program says before memory is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from touchstone.errors import ProgramError, RootMismatchError
from touchstone.programs import weights
from touchstone.programs.encoding import from_json, program_root
from touchstone.programs.manifest import Manifest, Shard
from touchstone.programs.program import Constant, Program
from touchstone.programs.validate import validate
from touchstone.programs.weights import Tensor

MANIFEST = "manifest.json"
PROGRAM = "program.json"
WEIGHTS = "weights.bin"
TOKENIZER = "tokenizer.json"
SHARDS = "shards"
"""Folder of the shards of a model that is cut: each a model folder of its own, START-END."""

TEXT_LIMIT = 1 << 26
"""Bytes of a manifest, a program or a tokenizer file: 64 MiB."""


@dataclass(frozen=True, slots=True)
class Roots:
    """The 32-byte roots that identify a model version."""

    program: bytes
    weights: bytes
    shards: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A verified model: its manifest, its program, its tensors (read-only) and its folder."""

    manifest: Manifest
    program: Program
    tensors: Mapping[Constant, Tensor]
    folder: Path

    def roots(self) -> Roots:
        """Program, weight and shard roots."""
        shards = tuple(shard.root for shard in self.manifest.shards)
        return Roots(self.manifest.program_root, self.manifest.weight_root, shards)


def load_model(folder: Path | str) -> Model:
    """The model in `folder`, verified.

    Raises RootMismatchError where bytes do not have their root, naming the chunks and the fix,
    and ProgramError where a file is missing, too large or malformed.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    program = from_json(_read_text(folder / PROGRAM))
    check_program(manifest, program)
    tokenizer = sha256(_read_text(folder / TOKENIZER)).digest()
    if tokenizer != manifest.tokenizer_sha256:
        raise RootMismatchError(f"{TOKENIZER} is not the one that {MANIFEST} names: fetch it again")
    data = _read_weights(folder / WEIGHTS, manifest, program)
    return Model(manifest, program, weights.unpack(program, data), folder)


def load_shard(folder: Path | str, index: int) -> Model:
    """A shard of the model in `folder`, verified; the model's own weights are not read.

    Raises as `load_model` does, and ProgramError where there is no such shard.
    """
    shards = read_manifest(Path(folder)).shards
    if not 0 <= index < len(shards):
        raise ProgramError(f"the model in {folder} has no shard {index}, but {len(shards)} shards")
    if len(shards) == 1:
        return load_model(folder)
    found = load_model(shard_folder(Path(folder), shards[index]))
    if found.manifest.program_root != shards[index].root:
        raise RootMismatchError(
            f"{found.folder} is not the shard that {MANIFEST} names: fetch it again"
        )
    return found


def shard_folder(folder: Path, shard: Shard) -> Path:
    """Where a shard of the model in `folder` lies."""
    return folder / SHARDS / f"{shard.start}-{shard.end}"


def read_manifest(folder: Path) -> Manifest:
    """What a model folder says it holds. Raises ProgramError if that cannot be read."""
    return Manifest.from_json(_read_text(folder / MANIFEST))


def check_program(manifest: Manifest, program: Program) -> None:
    """Raises RootMismatchError or ProgramError unless the manifest describes the program."""
    if program_root(program) != manifest.program_root:
        raise RootMismatchError(
            f"{PROGRAM} is not the program that {MANIFEST} names: fetch both of one version"
        )
    output = validate(program)[program.output]
    if (manifest.output_width, manifest.max_length) != (output.width, program.input.max_length):
        raise ProgramError(f"{MANIFEST} and {PROGRAM} differ in output width or greatest length")
    found = weights.root_of_pieces(weights.weight_bytes(program), manifest.weight_nodes)
    if found != manifest.weight_root:
        raise RootMismatchError(
            f"the weight nodes in {MANIFEST} do not fold to its weight root: fetch it again"
        )
    _check_shards(manifest)


def _check_shards(manifest: Manifest) -> None:
    """Raises ProgramError unless there is one shard, the program, or several that follow on each
    other."""
    shards = manifest.shards
    if len(shards) == 1 and shards[0].root == manifest.program_root:
        return
    starts = [0, *(shard.end for shard in shards)][:-1]
    if len(shards) < 2 or [shard.start for shard in shards] != starts:
        raise ProgramError(
            f"{MANIFEST} must name one shard, the program, or several that follow on each other"
        )


def _read_text(path: Path) -> bytes:
    size = _size(path)
    if size > TEXT_LIMIT:
        raise ProgramError(f"{path.name} has {size} bytes, more than {TEXT_LIMIT}")
    return path.read_bytes()


def _read_weights(path: Path, manifest: Manifest, program: Program) -> memoryview:
    """weights.bin in memory, checked piece by piece."""
    expected, size = weights.weight_bytes(program), _size(path)
    if size != expected:
        raise RootMismatchError(
            f"{path.name} has {size} bytes, the program needs {expected}: fetch it again"
        )
    with path.open("rb") as file:
        data = memoryview(file.read(expected))
    if data.nbytes != expected:
        raise RootMismatchError(f"{path.name} changed while it was read: fetch it again")
    weights.check_pieces(data, manifest.weight_nodes, weights.layout(program))
    return data


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        raise ProgramError(f"{path.name} is missing from the model folder {path.parent}") from None
