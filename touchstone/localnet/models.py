"""The model that a local market serves."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from touchstone.compilers import compile_bert, find_minilm
from touchstone.errors import ProgramError
from touchstone.programs import load_model

if TYPE_CHECKING:
    from pathlib import Path

MINILM = "all-MiniLM-L6-v2"
MINILM_VERSION = "1"


def compiled_minilm(cache: Path) -> Path:
    """The folder of the compiled all-MiniLM-L6-v2, compiled on first use and kept in `cache`.

    A kept folder is verified against its roots, and made anew if it does not pass.
    """
    folder = cache / f"{MINILM}@{MINILM_VERSION}"
    if folder.exists():
        try:
            load_model(folder)
        except ProgramError:
            shutil.rmtree(folder)
        else:
            return folder
    cache.mkdir(parents=True, exist_ok=True)
    compile_bert(find_minilm(), folder, MINILM, MINILM_VERSION)
    return folder
