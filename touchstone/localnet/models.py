"""The model that a local market serves."""

from __future__ import annotations

import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

import touchstone
from touchstone.compilers import compile_bert, find_minilm
from touchstone.errors import ProgramError
from touchstone.programs import load_model

MINILM = "all-MiniLM-L6-v2"
MINILM_VERSION = "1"
_MADE_BY = ("arithmetic", "compilers", "programs", "protocol/merkle.py")


def compiled_minilm(cache: Path) -> Path:
    """The folder of the compiled all-MiniLM-L6-v2, compiled on first use and kept in `cache`.

    A kept folder is used by the code that made it only, and verified against its roots. Safe to
    call from several processes at once.
    """
    folder = cache / f"{MINILM}@{MINILM_VERSION}-{_compiler_digest()}"
    if folder.exists():
        try:
            load_model(folder)
        except ProgramError:
            shutil.rmtree(folder)
        else:
            return folder
    cache.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="compiling-", dir=cache))
    compile_bert(find_minilm(), draft / "model", MINILM, MINILM_VERSION)
    try:
        (draft / "model").rename(folder)
    except OSError:
        if not folder.exists():
            raise
        # Another process was first, with the same bytes.
    finally:
        shutil.rmtree(draft)
    return folder


def _compiler_digest() -> str:
    """A short digest of the code on which the compiled bytes depend."""
    package = Path(touchstone.__file__).parent
    digest = sha256()
    for name in _MADE_BY:
        place = package / name
        for file in [place] if place.is_file() else sorted(place.glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
