"""What a requester takes from a compiled model's folder: its manifest and its tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from touchstone.errors import RequestError
from touchstone.programs.manifest import Manifest
from touchstone.programs.model import MANIFEST

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


def vocabulary_of(manifest: Manifest | None) -> int | None:
    """How many tokens the model knows; None where that is not at hand.

    Raises RequestError for a model that writes nothing.
    """
    if manifest is None:
        return None
    if manifest.language is None:
        raise RequestError(f"{manifest.name}@{manifest.version} writes no text: use job submit")
    return manifest.language.vocabulary


def to_prompts(
    prompts: Sequence[str] | Sequence[NDArray[np.integer]], folder: Path | None
) -> list[NDArray[np.int32]]:
    """Prompts as token numbers. Raises RequestError for what are none."""
    given: Sequence[NDArray[Any]]
    if len(prompts) and isinstance(prompts[0], str):
        if folder is None:
            raise RequestError("texts need the folder of the model, for its tokenizer")
        # Here, so that token arrays need no tokenizer.
        from touchstone.programs.tokens import Decoder

        decoder = Decoder(folder)
        given = [decoder.prompt(str(text)) for text in prompts]
    else:
        given = [np.asarray(tokens) for tokens in prompts]
    found = []
    for index, tokens in enumerate(given):
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
