"""Runs one bench of scripts/benches and prints its figures with the machine they were taken on.

A bench is a module with `run() -> dict`, figure to number. Its progress goes to standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

BENCHES = Path(__file__).resolve().parent / "benches"


def main() -> None:
    known = sorted(path.stem for path in BENCHES.glob("*.py") if not path.stem.startswith("_"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=known, help="what to measure")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()

    # Whatever a bench prints is progress: standard output belongs to the result.
    with contextlib.redirect_stdout(sys.stderr):
        figures = load(arguments.name).run()
    report = {"bench": arguments.name, "machine": machine(), "figures": figures}
    if arguments.json:
        print(json.dumps(report))
    else:
        Console().print(table(report))


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"bench_{name}", BENCHES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules[spec.name] = module
    # A bench may import helpers that stand beside it.
    sys.path.insert(0, str(BENCHES))
    spec.loader.exec_module(module)
    return module


def machine() -> dict[str, Any]:
    """What a reader needs to compare figures."""
    described: dict[str, Any] = {
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "python": platform.python_version(),
    }
    with contextlib.suppress(PackageNotFoundError):
        described["torch"] = version("torch")
    return described


def cpu_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def table(report: dict[str, Any]) -> Table:
    facts = ", ".join(f"{name} {value}" for name, value in report["machine"].items())
    shown = Table(title=f"{report['bench']} ({facts})")
    shown.add_column("figure")
    shown.add_column("value", justify="right")
    for figure, value in report["figures"].items():
        shown.add_row(str(figure), f"{value:,.4g}" if isinstance(value, float) else str(value))
    return shown


if __name__ == "__main__":
    main()
