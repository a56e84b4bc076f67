"""Shows the whole market on this machine, from real parts: a chain, provider processes, a verifier.

1. An honest job: three of five providers, drawn at random, agree byte for byte and are paid.
2. One of three lies: the requester is refunded at once, the liar convicted by the referee.
3. The same lie with strong claims: one transaction convicts.
4. One of three is silent: it is slashed, a reserve takes its seat, the job settles.
5. A language model writes: three providers, the same tokens; read while they are written.
6. One of three writes another text: convicted by the element where it began to lie.
7. Two shards of the model, in pools of their own, prove the text of 5.

With --no-verifier nobody watches: the requester coordinates its jobs itself.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "demos"))

from rich.console import Console  # noqa: E402
from writing import Writing  # noqa: E402

from touchstone.errors import TouchstoneError  # noqa: E402

if TYPE_CHECKING:
    from rich.status import Status

FOLDER = ROOT / ".demo"
MODELS = ROOT / ".touchstone" / "models"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--no-verifier", action="store_true", help="run without any verifier")
    arguments = parser.parse_args()

    # Progress belongs to people: with --json it goes to standard error.
    console = Console(stderr=arguments.json, highlight=False)
    started = time.monotonic()
    shutil.rmtree(FOLDER, ignore_errors=True)
    try:
        report = run(console, verifier=not arguments.no_verifier)
    except TouchstoneError as error:
        console.print(f"[red]{error}[/red]\nThe processes' logs are in {FOLDER}.")
        return 1
    report["seconds"] = round(time.monotonic() - started, 1)
    if arguments.json:
        print(json.dumps(report))
    else:
        console.print(f"\nDone in {report['seconds']} s. Receipts: {FOLDER / 'receipts'}")
    return 0


def run(console: Console, *, verifier: bool) -> dict[str, Any]:
    """Starts the market, tells the stories, stops everything."""
    with console.status("compiling the model") as status, Writing(FOLDER, MODELS, console) as story:
        prepare(story, status, verifier=verifier)
        status.stop()
        before = story.stakes()
        jobs = [
            story.honest(),
            story.liar(),
            story.strong(),
            story.silent(),
            story.writes(),
            story.scribbles(),
            story.writes_in_shards(),
        ]
        return {
            "jobs": jobs,
            "stakes_before": before,
            "stakes_after": story.stakes(),
            "verifier": verifier,
        }


def prepare(story: Writing, status: Status, *, verifier: bool) -> None:
    """Everything up to the first job."""
    status.update("starting a chain and deploying the contracts")
    story.start_chain()
    status.update("staking eight providers and starting their nodes; each verifies its models")
    story.start_nodes(verifier=verifier)


if __name__ == "__main__":
    sys.exit(main())
