"""Proves tests/proofs with Halmos and prints a table: each proof, whether it holds, seconds.

Halmos expects Foundry's build; `forge_layout.mjs` writes the same files with our own compiler, and
an empty `forge` on the path stands for the build that is then already done.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Seconds that the solver may spend on one question.
SOLVER_TIMEOUT = 120


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        forge = Path(folder) / "bin" / "forge"
        forge.parent.mkdir()
        forge.write_text("#!/bin/sh\n")
        forge.chmod(0o755)
        layout = [str(ROOT / "scripts/audits/forge_layout.mjs"), folder]
        subprocess.run(["node", *layout], cwd=ROOT, check=True)
        report = Path(folder) / "report.json"
        command = [
            str(Path(sys.executable).with_name("halmos")),
            f"--root={folder}",
            f"--json-output={report}",
            f"--solver-timeout-assertion={SOLVER_TIMEOUT}s",
            "--statistics",
            "--no-status",
            *sys.argv[1:],
        ]
        tools = os.pathsep.join([str(forge.parent), str(Path(sys.executable).parent)])
        environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if not report.exists():
            print(done.stdout[-4000:], done.stderr[-4000:], file=sys.stderr)
            return 1
        results = json.loads(report.read_text())["test_results"]
    proofs = [(path, proof) for path, proofs in sorted(results.items()) for proof in proofs]
    for path, proof in proofs:
        print(row(path, proof))
    failed = [proof for _, proof in proofs if not holds(proof)]
    print(f"{len(proofs) - len(failed)} of {len(proofs)} proofs hold")
    if failed:
        print(done.stdout[-8000:], done.stderr[-4000:], file=sys.stderr)
    return 1 if failed or not proofs else 0


def holds(proof: dict[str, Any]) -> bool:
    """Whether every path was followed to its end and none breaks the claim."""
    return proof["exitcode"] == 0 and not proof["num_bounded_loops"]


def row(path: str, proof: dict[str, Any]) -> str:
    name = proof["name"].split("(")[0].removeprefix("check_").replace("_", " ")
    seconds = proof["time"][0] if proof.get("time") else 0.0
    state = "proved" if holds(proof) else "FAILED"
    return f"{state}  {seconds:7.1f} s  {Path(path.split(':')[0]).stem:14} {name}"


if __name__ == "__main__":
    sys.exit(main())
