"""What a manifest says of a model that writes text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from touchstone.programs.json_text import read_int


@dataclass(frozen=True, slots=True)
class Chat:
    """How messages become the text of a prompt: a Jinja template, and the special tokens that it
    may name (bos_token, eos_token, ...)."""

    template: str
    tokens: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Language:
    """The number of its tokens, those that end a text, and how one talks with it."""

    vocabulary: int
    stops: tuple[int, ...]
    chat: Chat | None = None

    def to_raw(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        found: dict[str, Any] = {"vocabulary": self.vocabulary, "stops": list(self.stops)}
        if self.chat is not None:
            found["chat"] = {"template": self.chat.template, "tokens": dict(self.chat.tokens)}
        return found

    @classmethod
    def from_raw(cls, raw: Mapping[str, Any]) -> Language:
        """The inverse of `to_raw`. Raises KeyError, TypeError or ValueError for anything else."""
        chat = None
        if "chat" in raw:
            tokens = {str(name): str(token) for name, token in raw["chat"]["tokens"].items()}
            chat = Chat(str(raw["chat"]["template"]), tokens)
        return cls(read_int(raw["vocabulary"]), tuple(map(read_int, raw["stops"])), chat)
