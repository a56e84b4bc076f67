"""The demo language model, compiled once for all tests, whole and in two shards."""

from functools import cache
from pathlib import Path

from touchstone.localnet import compiled
from touchstone.programs import load_part
from touchstone.programs.model import Model

ROOT = Path(__file__).resolve().parents[2]
CUT = 2
"""The layer before which it is cut."""


@cache
def demo_model(part: int = 0) -> Model:
    """The whole of it, or one of its shards, 1 and 2."""
    kept = ROOT / ".touchstone" / "models"
    return load_part(compiled(ROOT / "models" / "topics", "topics", "1", kept, cuts=(CUT,)), part)
