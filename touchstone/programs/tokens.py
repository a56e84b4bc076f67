"""Texts to token numbers and back, with the tokenizer that belongs to the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from touchstone.errors import InputError, RootMismatchError
from touchstone.programs.chat import render
from touchstone.programs.manifest import Manifest
from touchstone.programs.model import MANIFEST, TOKENIZER, Model

Int32 = NDArray[np.int32]


def tokenize(model: Model | Path | str, texts: Sequence[str]) -> list[Int32]:
    """Token numbers of each text, int32 [tokens], special tokens included, cut at max_length.

    `model` is a loaded model or its folder. Raises RootMismatchError if tokenizer.json is not the
    one the manifest names.
    """
    data, manifest = _read(model.folder if isinstance(model, Model) else Path(model))
    tokenizer = _tokenizer(data, manifest.max_length)
    return [
        np.array(encoding.ids, dtype=np.int32) for encoding in tokenizer.encode_batch(list(texts))
    ]


class Decoder:
    """Between the texts and the tokens of a model that writes; nothing is cut."""

    def __init__(self, folder: Path | str) -> None:
        """Reads the folder's tokenizer. Raises RootMismatchError as `tokenize` does."""
        data, self._manifest = _read(Path(folder))
        self._tokenizer = _tokenizer(data, None)

    def prompt(self, text: str) -> Int32:
        """Tokens of a text to go on from, int32 [tokens], special ones at its start included."""
        return self._encode(text, special=True)

    def chat(self, messages: Sequence[Mapping[str, Any]], **more: Any) -> Int32:
        """Tokens of messages to answer, int32 [tokens], by the model's chat template.

        Raises InputError if the model has none, or as `chat.render` does.
        """
        language = self._manifest.language
        if language is None or language.chat is None:
            raise InputError(
                f"{self._manifest.name}@{self._manifest.version} has no chat template: give it a "
                "text to go on from"
            )
        return self._encode(render(language.chat, messages, **more), special=False)

    def text(self, tokens: Sequence[int] | Int32) -> str:
        """The text of all these tokens, without those that only steer the model."""
        return self._tokenizer.decode([int(token) for token in tokens], skip_special_tokens=True)

    def stream(self) -> TextStream:
        """For tokens that come one by one."""
        return TextStream(self._tokenizer)

    def _encode(self, text: str, special: bool) -> Int32:
        return np.array(self._tokenizer.encode(text, add_special_tokens=special).ids, np.int32)


class TextStream:
    """Text of tokens as they come: whole characters only, which may take several tokens."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._tokens: list[int] = []
        self._shown = ""
        self._stream = DecodeStream(skip_special_tokens=True)

    def add(self, token: int) -> str:
        """What `token` adds to the text; empty while a character is not complete."""
        self._tokens.append(token)
        found = self._stream.step(self._tokenizer, token) or ""
        self._shown += found
        return found

    def end(self) -> str:
        """What is left: a character of which only some bytes have come, as its replacement."""
        whole = self._tokenizer.decode(self._tokens, skip_special_tokens=True)
        return whole[len(self._shown) :]


def _read(folder: Path) -> tuple[bytes, Manifest]:
    manifest = Manifest.from_json((folder / MANIFEST).read_bytes())
    data = (folder / TOKENIZER).read_bytes()
    if sha256(data).digest() != manifest.tokenizer_sha256:
        raise RootMismatchError(f"{TOKENIZER} is not the one that {MANIFEST} names: fetch it again")
    return data, manifest


@lru_cache(maxsize=4)
def _tokenizer(data: bytes, max_length: int | None) -> Tokenizer:
    tokenizer = Tokenizer.from_str(data.decode("utf-8"))
    tokenizer.no_padding()
    if max_length is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(max_length)
    return tokenizer
