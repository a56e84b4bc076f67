"""`touchstone provider status` and `withdraw`."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from provider.cli_common import DEFAULT_CONFIG, ConfigOption, JsonOption, open_context, progress
from touchstone.amounts import format_tokens
from touchstone.cli.output import emit
from touchstone.errors import NodeError
from touchstone.protocol.prices import price

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console


def status(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Show stake, offers, what is in use, earnings and jobs. Asks for no password."""
    context = open_context(config)
    account = context.account
    with progress(json) as tell:
        tell("reading the chain")
        withdrawable, pending = account.market.balance_of(account.address)
        leaving = account.leaving()
        pledges = account.pledges()
    data: dict[str, object] = {
        "provider": account.address,
        "endpoint": account.vault.endpoint_of(account.address),
        "tokens": format_tokens(account.token.balance_of(account.address)),
        "gas": format_tokens(context.place.w3.eth.get_balance(account.address)),
        "free_stake": format_tokens(account.vault.free_stake(account.address)),
        "earnings": {
            "withdrawable": format_tokens(withdrawable),
            "maturing": format_tokens(pending),
        },
        "positions": [
            {
                "model": p.label,
                "shard": p.shard,
                "price": format_tokens(price(p.tier)),
                "slots": p.position.slots,
                "in_use": p.position.in_use,
                "drawn_with": p.position.weight,
                "from_next_epoch": p.position.next_weight,
                "worst_loss_per_job": format_tokens(p.position.bond),
            }
            for p in pledges
        ],
        "leaving": [{"slots": one.slots, "ready_at": one.ready_at} for one in leaving],
        "jobs": _jobs(context.config.node.data),
    }
    emit(data, json, lambda console: _render(console, data))


def _jobs(folder: Path) -> dict[str, int]:
    """Jobs by stage, read beside a running node."""
    path = folder / "node.sqlite"
    if not path.exists():
        return {}
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            rows = db.execute(
                "SELECT CASE WHEN ended_at IS NULL THEN stage ELSE 'ended' END AS s, count(*) "
                "FROM jobs GROUP BY s"
            ).fetchall()
        finally:
            db.close()
    except sqlite3.Error:
        return {}
    return {str(stage): int(count) for stage, count in rows}


def _render(console: Console, data: dict[str, object]) -> None:
    earnings, positions, jobs = data["earnings"], data["positions"], data["jobs"]
    assert isinstance(earnings, dict)
    assert isinstance(positions, list)
    assert isinstance(jobs, dict)
    console.print(f"provider  {data['provider']}")
    console.print(f"endpoint  {data['endpoint'] or 'not published: run the offer command'}")
    console.print(f"stake     {data['free_stake']} tokens free")
    for p in positions:
        console.print(
            f"offer     {p['model']} shard {p['shard']} at {p['price']}: {p['slots']} slots, "
            f"{p['in_use']} in use, drawn with {p['drawn_with']} (next epoch "
            f"{p['from_next_epoch']}), one job can cost {p['worst_loss_per_job']}",
            soft_wrap=True,
        )
    console.print(
        f"earnings  {earnings['withdrawable']} tokens to withdraw, {earnings['maturing']} maturing"
    )
    console.print("jobs      " + (", ".join(f"{n} {s}" for s, n in jobs.items()) or "none"))


def withdraw(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Move your earnings, and what disputes have brought, to your account."""
    context = open_context(config)
    account = context.account
    earned, pending = account.market.balance_of(account.address)
    won = account.disputes.balance_of(account.address)
    if earned + won == 0:
        raise NodeError(
            f"nothing can be withdrawn yet: {format_tokens(pending)} tokens are still maturing"
        )
    sender = context.sender()
    with progress(json) as tell:
        tell("withdrawing")
        if earned:
            sender.send(account.market.withdraw())
        if won:
            sender.send(account.disputes.withdraw())
    data = {"provider": sender.address, "withdrawn": format_tokens(earned + won)}
    emit(data, json, lambda console: console.print(f"withdrawn: {data['withdrawn']} tokens"))
