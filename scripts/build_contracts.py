"""Builds the contracts and keeps what users need of them, as small JSON files in the package.

Kept is every contract that can be deployed; fails if one is larger than the size limit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BUILT = ROOT / "artifacts" / "contracts"
KEPT = ROOT / "touchstone" / "chain" / "contracts"
SIZE_LIMIT = 20 * 1024


def main() -> bool:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if the files are stale"
    )
    check = parser.parse_args().check

    build()
    artifacts = deployable()
    too_large = [a for a in artifacts if deployed_size(a) > SIZE_LIMIT]
    for artifact in too_large:
        size = deployed_size(artifact)
        print(
            f"{artifact['contractName']} has {size} bytes on chain, over {SIZE_LIMIT}: split it",
            file=sys.stderr,
        )
    wanted = {f"{artifact['contractName']}.json": render(artifact) for artifact in artifacts}
    present = {path.name: path.read_text() for path in KEPT.glob("*.json")}
    stale = sorted(
        name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name)
    )
    if check:
        if stale:
            print(
                f"stale: {', '.join(stale)}\nrun scripts/build-contracts and commit",
                file=sys.stderr,
            )
        return bool(stale or too_large)

    KEPT.mkdir(exist_ok=True)
    for name in stale:
        if name in wanted:
            (KEPT / name).write_text(wanted[name])
        else:
            (KEPT / name).unlink()
    for name, text in sorted(wanted.items()):
        mark = "written" if name in stale else "same"
        print(f"{name.removesuffix('.json'):24} {json.loads(text)['deployedSize']:6} bytes  {mark}")
    return bool(too_large)


def build() -> None:
    """Runs Hardhat with the Node of the virtual environment."""
    path = os.pathsep.join([str(ROOT / ".venv" / "bin"), os.environ["PATH"]])
    command = [str(ROOT / "node_modules" / ".bin" / "hardhat"), "build", "--no-tests", "--quiet"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=True)


def deployable() -> list[dict[str, Any]]:
    """The artifacts of our own contracts, less abstract ones, interfaces and bare libraries."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(BUILT.rglob("*.json")):
        artifact = json.loads(path.read_text())
        name = artifact["contractName"]
        callable_from_outside = any(
            entry["type"] not in {"error", "event"} for entry in artifact["abi"]
        )
        if artifact["bytecode"] == "0x" or not callable_from_outside:
            continue
        if name in found:
            sys.exit(
                f"two contracts are called {name}: names must differ, since files are named by them"
            )
        if artifact["linkReferences"]:
            sys.exit(f"{name} needs linking: make its library's functions internal")
        found[name] = artifact
    return list(found.values())


def render(artifact: dict[str, Any]) -> str:
    """The file that is kept: the same text for the same sources, on every machine."""
    kept = {
        "contractName": artifact["contractName"],
        "sourceName": artifact["sourceName"],
        "generatedBy": "scripts/build-contracts",
        "deployedSize": deployed_size(artifact),
        "abi": artifact["abi"],
        "bytecode": artifact["bytecode"],
    }
    return json.dumps(kept, indent=1) + "\n"


def deployed_size(artifact: dict[str, Any]) -> int:
    return len(artifact["deployedBytecode"]) // 2 - 1


if __name__ == "__main__":
    sys.exit(main())
