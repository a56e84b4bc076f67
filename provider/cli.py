"""`touchstone provider`: sell computation. One command to begin, one to run."""

from __future__ import annotations

import typer

from provider.cli_earn import status, withdraw
from provider.cli_run import init, run
from provider.cli_stake import offer, stake, unstake

app = typer.Typer(no_args_is_help=True, help="Sell computation: stake, offer models, run a node.")
app.command("init")(init)
app.command("stake")(stake)
app.command("offer")(offer)
app.command("run")(run)
app.command("status")(status)
app.command("unstake")(unstake)
app.command("withdraw")(withdraw)
