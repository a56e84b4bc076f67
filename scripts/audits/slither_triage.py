"""Runs Slither on the compiler's own output and compares what it finds with the committed triage.

A finding that the triage does not know fails the run, and so does a triaged one that is gone.
`--update` writes the places anew; each check's verdict stays a person's to write.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TRIAGE = Path(__file__).with_name("slither.json")
UNJUDGED = "not judged yet"
# Matters of taste, held by other means: names by review, the compiler's version by the lock file.
STYLE = "naming-convention,solc-version,pragma"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="write the findings into the triage")
    update = parser.parse_args().update

    found = findings(run_slither())
    triage = json.loads(TRIAGE.read_text()) if TRIAGE.exists() else {}
    if update:
        triage = {
            check: {"verdict": triage.get(check, {}).get("verdict", UNJUDGED), "places": places}
            for check, places in found.items()
        }
        TRIAGE.write_text(json.dumps(triage, indent=2) + "\n")

    problems = [f"{check}: {UNJUDGED}" for check in triage if triage[check]["verdict"] == UNJUDGED]
    for check in sorted(found.keys() | triage.keys()):
        now, known = set(found.get(check, [])), set(triage.get(check, {}).get("places", []))
        problems += [f"new finding: {check} in {place}" for place in sorted(now - known)]
        problems += [f"gone, drop it: {check} in {place}" for place in sorted(known - now)]
    total = sum(map(len, found.values()))
    print(f"slither: {total} places under {len(found)} checks, {len(problems)} not as triaged")
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


def build(folder: Path) -> Path:
    """Reads the contracts anew into `folder`, whatever artifacts/ holds.

    Returns the artifacts folder to give to Slither.
    """
    command = ["node", str(ROOT / "scripts/audits/slither_build.mjs"), str(folder)]
    subprocess.run(command, cwd=ROOT, check=True)
    return folder


def run_slither() -> dict[str, Any]:
    """Slither's report on the contracts as they are, as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            str(Path(sys.executable).with_name("slither")),
            ".",
            "--ignore-compile",
            "--compile-force-framework=hardhat",
            f"--hardhat-artifacts-directory={build(Path(folder))}",
            f"--exclude={STYLE}",
            f"--json={report}",
        ]
        # Slither exits with an error where it finds anything.
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if not report.exists():
            sys.exit(f"slither failed:\n{done.stderr[-4000:]}")
        result: dict[str, Any] = json.loads(report.read_text())
    if not result["success"]:
        sys.exit(f"slither failed: {result['error']}")
    results: dict[str, Any] = result["results"]
    return results


def findings(results: dict[str, Any]) -> dict[str, list[str]]:
    """Places in our own contracts by check: `Contract.function`, without lines, which move."""
    found: dict[str, set[str]] = {}
    for finding in results.get("detectors", []):
        ours = [e for e in finding["elements"] if is_ours(e)]
        if ours:
            found.setdefault(finding["check"], set()).add(place(ours[0]))
    return {check: sorted(places) for check, places in sorted(found.items())}


def is_ours(element: dict[str, Any]) -> bool:
    return str(element["source_mapping"]["filename_relative"]).startswith("contracts/")


def place(element: dict[str, Any]) -> str:
    """The element's name after those of its parents; statements are named by their function."""
    names = [] if element["type"] == "node" else [element["name"]]
    parent = element.get("type_specific_fields", {}).get("parent")
    while parent:
        names.append(parent["name"])
        parent = parent.get("type_specific_fields", {}).get("parent")
    return ".".join(name for name in reversed(names) if not name.endswith(".sol"))


if __name__ == "__main__":
    sys.exit(main())
