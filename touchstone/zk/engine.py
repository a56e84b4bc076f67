"""Calls ezkl in a process of its own, with bounded memory and time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from touchstone.errors import ProverError

GIB = 1 << 30
MEMORY = 8 * GIB
"""Address space of one call, in bytes. The circuits that are admitted need far less."""

TIMEOUT_S = 600.0
_WORKER = Path(__file__).with_name("worker.py")
_LONGEST_REASON = 400


def call(
    name: str,
    folder: Path,
    /,
    *,
    memory: int = MEMORY,
    timeout: float = TIMEOUT_S,
    **arguments: object,
) -> dict[str, Any]:
    """Runs one of the worker's calls in `folder`.

    Args:
        name: one of the names in `worker.CALLS`.
        folder: where the worker reads and writes.
        memory: address space it may take, in bytes.
        timeout: seconds it may take.
        arguments: the call's own.

    Returns:
        The call's answer, with `peak_bytes`: the most memory that the process held.

    Raises:
        ProverError: it crashed, ran out of memory or out of time; with its last words.
    """
    request = {"call": name, "arguments": arguments, "memory": memory}
    environment = {**os.environ, "RUST_BACKTRACE": "0", "RUST_LOG": "off"}
    try:
        # Isolated: neither the folder nor PYTHONPATH can slip in another ezkl.
        ended = subprocess.run(
            [sys.executable, "-I", str(_WORKER)],
            cwd=folder,
            env=environment,
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as error:
        raise ProverError(f"ezkl's {name} was stopped after {timeout:g} seconds") from error
    if ended.returncode != 0:
        raise ProverError(
            f"ezkl's {name} ended with status {ended.returncode}, allowed {memory / GIB:.1f} GiB: "
            f"{_reason(ended.stderr)}"
        )
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def _reason(printed: str) -> str:
    """What a process said last: the end of a traceback, or the message of a panic."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    panics = [after for line, after in pairwise(lines) if "panicked at" in line]
    said = (panics or lines or ["it said nothing"])[-1]
    return said[:_LONGEST_REASON]
