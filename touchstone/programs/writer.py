"""Writing a model folder while its program is made, so that its weights need not fit in memory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from touchstone.programs.builder import ProgramBuilder
from touchstone.programs.encoding import program_root, to_json
from touchstone.programs.language import Language
from touchstone.programs.manifest import Manifest, Shard
from touchstone.programs.model import (
    MANIFEST,
    PROGRAM,
    SHARDS,
    TOKENIZER,
    WEIGHTS,
    check_program,
    shard_folder,
)
from touchstone.programs.program import InputSpec, Program
from touchstone.programs.shards import Cut, part
from touchstone.programs.validate import validate
from touchstone.programs.weights import WeightsWriter, layout, root_of_pieces, weight_bytes

NO_TOKENIZER = b"{}"
"""tokenizer.json of a model that reads no text."""

_HIDDEN_FRACTION_BITS = 16


@dataclass(frozen=True, slots=True)
class Facts:
    """What a manifest says that does not follow from the program."""

    name: str
    version: str
    layers: int
    hidden_size: int
    output_fraction_bits: int
    tokenizer: bytes = NO_TOKENIZER
    language: Language | None = None


class ModelWriter:
    """Writes a model folder; used with `with`, which leaves no trace of a model that failed.

    Tensors of what is added to `builder` go to a draft of weights.bin at once. The draft lies
    beside the folder until `finish`.
    """

    def __init__(self, folder: Path | str, spec: InputSpec) -> None:
        self._folder = Path(folder).absolute()
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{self._folder.name}-"
        self._draft = Path(tempfile.mkdtemp(prefix=prefix, dir=self._folder.parent))
        self._weights = WeightsWriter(self._draft / WEIGHTS)
        self.builder = ProgramBuilder(spec, self._weights.put)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Takes away the draft, or what is left of it."""
        self._weights.close()
        shutil.rmtree(self._draft)

    def finish(self, output: int, facts: Facts, cuts: Sequence[Cut] = ()) -> Manifest:
        """Writes the model with `output` as its output value, and its shards where it is cut.

        What is in the folder of another model is replaced, the manifest last. Raises ProgramError
        if the program is malformed or cannot be cut so.
        """
        program = self.builder.program(output)
        nodes = self._weights.finish()
        ends = [*cuts, None]
        shards = [
            self._write_shard(program, facts, start, end)
            for start, end in zip([None, *cuts], ends, strict=True)
            if cuts
        ]
        whole = Shard(0, facts.layers, program_root(program))
        manifest = _describe(self._draft, program, nodes, facts, tuple(shards) or (whole,))
        self._folder.mkdir(exist_ok=True)
        if (self._folder / SHARDS).exists():
            shutil.rmtree(self._folder / SHARDS)
        if shards:
            (self._draft / SHARDS).rename(self._folder / SHARDS)
        for file in (TOKENIZER, WEIGHTS, PROGRAM, MANIFEST):
            (self._draft / file).replace(self._folder / file)
        return manifest

    def _write_shard(
        self, program: Program, facts: Facts, start: Cut | None, end: Cut | None
    ) -> Shard:
        shard = part(program, start, end)
        layers = (start.layer if start else 0, end.layer if end else facts.layers)
        found = Shard(*layers, program_root(shard))
        folder = shard_folder(self._draft, found)
        folder.mkdir(parents=True)
        places = {place.constant: place for place in layout(program)}
        writer = WeightsWriter(folder / WEIGHTS)
        with (self._draft / WEIGHTS).open("rb") as whole:
            for constant in shard.constants():
                whole.seek(places[constant].start)
                writer.put(constant, whole.read(constant.nbytes))
        if end is not None:
            facts = replace(facts, output_fraction_bits=_HIDDEN_FRACTION_BITS)
        manifest = _describe(folder, shard, writer.finish(), facts, (found,))
        return replace(found, weight_root=manifest.weight_root)


def _describe(
    folder: Path,
    program: Program,
    nodes: tuple[bytes, ...],
    facts: Facts,
    shards: tuple[Shard, ...],
) -> Manifest:
    """Writes what stands beside weights.bin; returns the manifest."""
    manifest = Manifest(
        name=facts.name,
        version=facts.version,
        program_root=program_root(program),
        weight_root=root_of_pieces(weight_bytes(program), nodes),
        weight_nodes=nodes,
        shards=shards,
        tokenizer_sha256=sha256(facts.tokenizer).digest(),
        max_length=program.input.max_length,
        hidden_size=facts.hidden_size,
        output_width=validate(program)[program.output].width,
        output_fraction_bits=facts.output_fraction_bits,
        language=facts.language,
    )
    check_program(manifest, program)
    (folder / TOKENIZER).write_bytes(facts.tokenizer)
    (folder / PROGRAM).write_bytes(to_json(program))
    (folder / MANIFEST).write_bytes(manifest.to_json())
    return manifest
