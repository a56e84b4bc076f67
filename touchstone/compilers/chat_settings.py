"""The chat template of a source folder, from a file of its own or from tokenizer_config.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from touchstone.compilers.source import CONFIG_LIMIT, read_settings
from touchstone.errors import CompileError
from touchstone.programs.language import Chat

TEMPLATE = "chat_template.jinja"
TOKENIZER_CONFIG = "tokenizer_config.json"


def read_chat(source: Path) -> Chat | None:
    """The template and the special tokens that it may name; None where there is none.

    Raises CompileError for files that are malformed.
    """
    path = source / TOKENIZER_CONFIG
    config = read_settings(path).values if path.is_file() else {}
    template = _file(source / TEMPLATE) or _field(config.get("chat_template"))
    if template is None:
        return None
    found = {name: _token(value) for name, value in config.items() if name.endswith("_token")}
    return Chat(template, {name: token for name, token in found.items() if token is not None})


def _file(path: Path) -> str | None:
    if not path.is_file():
        return None
    if path.stat().st_size > CONFIG_LIMIT:
        raise CompileError(f"{path.name} is larger than {CONFIG_LIMIT} bytes")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CompileError(f"{path.name} is not UTF-8") from None


def _field(value: Any) -> str | None:
    """A template, or the one named default in a list of them."""
    if isinstance(value, list):
        named = {entry.get("name"): entry for entry in value if isinstance(entry, dict)}
        value = named.get("default", {}).get("template")
    if value is not None and not isinstance(value, str):
        raise CompileError(f"{TOKENIZER_CONFIG}: chat_template must be a text, is {value!r}")
    return value


def _token(value: Any) -> str | None:
    """A special token, written as a text or as an object."""
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else None
