from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_solidity_vectors_are_made_from_the_committed_file() -> None:
    script = Path(__file__).parents[2] / "scripts" / "make_solidity_vectors.py"
    answer = subprocess.run([sys.executable, str(script), "--check"], capture_output=True)
    assert answer.returncode == 0, answer.stdout.decode() + answer.stderr.decode()
