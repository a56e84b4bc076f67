"""What a requester takes from a compiled model's folder: its manifest and its tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from touchstone.errors import RequestError
from touchstone.programs.encoding import from_json, program_root
from touchstone.programs.manifest import Manifest
from touchstone.programs.model import MANIFEST, PROGRAM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from touchstone.chain.registry import PublishedModel


def read_manifest(folder: Path | None, published: PublishedModel) -> Manifest | None:
    """The manifest in the folder, which must be of the published version."""
    if folder is None:
        return None
    try:
        manifest = Manifest.from_json((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise RequestError(f"{folder} is not a compiled model: {error.strerror}") from error
    if (manifest.program_root, manifest.weight_root) != (
        published.program_root,
        published.weight_root,
    ):
        raise RequestError(
            f"{folder} holds another model than the published {published.name}@{published.version}"
        )
    return manifest


def vocabulary_of(folder: Path | None, manifest: Manifest | None) -> int | None:
    """How many tokens the model knows; None where its folder is not at hand.

    Raises RequestError where the folder's program is not the manifest's, or knows no tokens.
    """
    if folder is None or manifest is None:
        return None
    program = from_json((folder / PROGRAM).read_bytes())
    if program_root(program) != manifest.program_root:
        raise RequestError(f"{folder / PROGRAM} is not the program that {MANIFEST} names")
    for operator in program.operators:
        if operator.op == "embed_tokens":
            return operator.constants[0].shape[0]
    raise RequestError(f"{manifest.name} reads no tokens: it goes on from no prompt")


def to_prompts(
    prompts: Sequence[str] | Sequence[NDArray[np.integer]], folder: Path | None
) -> list[NDArray[np.int32]]:
    """Prompts as token numbers. Raises RequestError for what are none."""
    found = []
    for index, given in enumerate(to_sequences(prompts, folder)):
        tokens = np.asarray(given)
        if tokens.ndim != 1 or tokens.dtype.kind not in "iu":
            raise RequestError(f"prompt {index} is not a one-dimensional array of integers")
        if len(tokens) and not (tokens.min() >= 0 and tokens.max() <= np.iinfo(np.int32).max):
            raise RequestError(f"prompt {index} holds a number that no token has")
        found.append(tokens.astype(np.int32))
    return found


def to_sequences(
    inputs: Sequence[str] | Sequence[NDArray[np.integer]], folder: Path | None
) -> list[NDArray[Any]]:
    """Texts as token numbers, by the folder's tokenizer; arrays of token numbers as they are."""
    if len(inputs) and isinstance(inputs[0], str):
        if folder is None:
            raise RequestError("texts need the folder of the model, for its tokenizer")
        # Here, so that token arrays need no tokenizer.
        from touchstone.programs.tokens import tokenize

        return list(tokenize(folder, [str(text) for text in inputs]))
    return [np.asarray(sequence) for sequence in inputs]
