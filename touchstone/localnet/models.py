"""The models that a local market serves."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import touchstone
from touchstone.compilers import Options, compile_model, find_minilm
from touchstone.errors import ProgramError
from touchstone.programs import load_model

MINILM = "all-MiniLM-L6-v2"
MINILM_VERSION = "1"
_MADE_BY = ("arithmetic", "compilers", "programs", "protocol/merkle.py")


def compiled_minilm(cache: Path) -> Path:
    """The folder of the compiled all-MiniLM-L6-v2. See `compiled`."""
    return compiled(find_minilm(), MINILM, MINILM_VERSION, cache)


def compiled(source: Path, name: str, version: str, cache: Path, cuts: Sequence[int] = ()) -> Path:
    """The folder of a compiled model, compiled on first use and kept in `cache`.

    A kept folder is used for the source and by the code that made it only, and verified against its
    roots. Safe to call from several processes at once.
    """
    layers = "".join(f"-{cut}" for cut in cuts)
    folder = cache / f"{name}@{version}{layers}-{_digest(source)}"
    if folder.exists():
        try:
            load_model(folder)
        except ProgramError:
            shutil.rmtree(folder)
        else:
            return folder
    cache.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="compiling-", dir=cache))
    compile_model(source, draft / "model", name, version, Options(cuts=cuts))
    try:
        (draft / "model").rename(folder)
    except OSError:
        if not folder.exists():
            raise
        # Another process was first, with the same bytes.
    finally:
        shutil.rmtree(draft)
    return folder


def _digest(source: Path) -> str:
    """A short digest of the code and of the files on which the compiled bytes depend."""
    package = Path(touchstone.__file__).parent
    digest = sha256()
    for file in sorted((*source.glob("*.json"), *source.glob("*.safetensors"))):
        digest.update(file.read_bytes())
    for name in _MADE_BY:
        place = package / name
        for file in [place] if place.is_file() else sorted(place.glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
