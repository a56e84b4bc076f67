"""Texts to token numbers, with the tokenizer that belongs to the model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from touchstone.errors import RootMismatchError
from touchstone.programs.manifest import Manifest
from touchstone.programs.model import MANIFEST, TOKENIZER, Model


def tokenize(model: Model | Path | str, texts: Sequence[str]) -> list[NDArray[np.int32]]:
    """Token numbers of each text, int32 [tokens], special tokens included, cut at max_length.

    `model` is a loaded model or its folder. Raises RootMismatchError if tokenizer.json is not the
    one the manifest names.
    """
    data, manifest = _read(model.folder if isinstance(model, Model) else Path(model))
    tokenizer = _tokenizer(data, manifest.max_length)
    return [
        np.array(encoding.ids, dtype=np.int32) for encoding in tokenizer.encode_batch(list(texts))
    ]


def _read(folder: Path) -> tuple[bytes, Manifest]:
    manifest = Manifest.from_json((folder / MANIFEST).read_bytes())
    data = (folder / TOKENIZER).read_bytes()
    if sha256(data).digest() != manifest.tokenizer_sha256:
        raise RootMismatchError(f"{TOKENIZER} is not the one that {MANIFEST} names: fetch it again")
    return data, manifest


class Decoder:
    """Tokens back to text, with the tokenizer that belongs to the model."""

    def __init__(self, folder: Path | str) -> None:
        """Reads the folder's tokenizer. Raises RootMismatchError as `tokenize` does."""
        data, manifest = _read(Path(folder))
        self._tokenizer = _tokenizer(data, manifest.max_length)

    def text(self, tokens: Sequence[int]) -> str:
        """The text of all these tokens, without those that only steer the model."""
        return self._tokenizer.decode(list(tokens), skip_special_tokens=True)

    def finished(self, tokens: Sequence[int]) -> str:
        """The same, less a character at its end of which only some bytes are there yet."""
        return self.text(tokens).rstrip("\ufffd")


@lru_cache(maxsize=4)
def _tokenizer(data: bytes, max_length: int) -> Tokenizer:
    tokenizer = Tokenizer.from_str(data.decode("utf-8"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length)
    return tokenizer
