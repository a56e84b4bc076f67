"""`touchstone doctor`: what works on this machine, and how to mend the rest."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from touchstone.cli.checks import Check, run_checks
from touchstone.cli.output import emit
from touchstone.settings import load_settings

if TYPE_CHECKING:
    from rich.console import Console

_MARK = {"ok": "[green]ok  [/green]", "warn": "[yellow]warn[/yellow]", "fail": "[red]fail[/red]"}


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check this machine: what works and how to mend the rest. Exits with 1 if a check fails."""
    checks = list(run_checks(load_settings()))
    healthy = all(check.status != "fail" for check in checks)
    data = {"healthy": healthy, "checks": [asdict(check) for check in checks]}
    emit(data, json, lambda console: _render(console, checks))
    raise typer.Exit(0 if healthy else 1)


def _render(console: Console, checks: list[Check]) -> None:
    for check in checks:
        console.print(f"{_MARK[check.status]} {check.name}: {escape(check.detail)}", soft_wrap=True)
        if check.fix:
            console.print(f"     mend: {escape(check.fix)}", soft_wrap=True)
