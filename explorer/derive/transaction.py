"""From events to rows. Pure: the same events and the same facts give the same rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from explorer.database.tables import EventRow
from explorer.derive import disputes, market, registry, stake
from explorer.derive.encode import encode_args
from explorer.derive.records import MARKET, NOBODY, REGISTRY, RESOLVER, VAULT
from explorer.derive.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from explorer.derive.facts import Facts
    from explorer.derive.records import Event

_HANDLERS = {
    MARKET: market.HANDLERS,
    VAULT: stake.HANDLERS,
    REGISTRY: registry.HANDLERS,
    RESOLVER: disputes.HANDLERS,
}
_ACCOUNTS = ("account", "provider", "requester", "publisher", "demander", "by", "auditor")
"""Arguments that name an account."""


@dataclass(slots=True)
class Transaction:
    """What one transaction's events have said so far.

    Attributes:
        facts: what earlier events established; handlers add to it.
        rows: the rows to add.
        failure: the seat, or the auditor, whose slash comes next.
        credits: the vault's credits since the last slash.
        verdicts: conclusions of contests, by job.
        unwound: jobs whose payments were taken back.
        audits_paid: jobs that were settled with an audit that their orders have paid for.
        disputed: jobs that the dispute engine's events in this transaction name.
        accused: the conviction whose loss comes next.
        losses: to whom a party lost its game, by job and party.
    """

    facts: Facts
    rows: Rows
    failure: Event | None = None
    credits: list[Event] = field(default_factory=list)
    verdicts: dict[str, Event] = field(default_factory=dict)
    unwound: set[str] = field(default_factory=set)
    audits_paid: set[str] = field(default_factory=set)
    disputed: frozenset[str] = frozenset()
    accused: Event | None = None
    losses: dict[tuple[str, int], int] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Adds what the event brings about."""
        self.rows.tables.setdefault(EventRow, []).append(
            {
                "block": event.block,
                "log_index": event.log_index,
                "transaction": event.transaction,
                "contract": event.contract,
                "name": event.name,
                "args": encode_args(event.args),
            }
        )
        for kind in ("job", "pool", "model"):
            if kind in event.args:
                self.rows.mention(event, kind, event.text(kind))
        for name in _ACCOUNTS:
            if name in event.args and event.args[name] != NOBODY:
                self.rows.mention(event, "account", event.text(name))
        handler = _HANDLERS.get(event.contract, {}).get(event.name)
        if handler is not None:
            handler(self, event)


def derive(events: Iterable[Event], facts: Facts) -> Rows:
    """The rows that these events bring about.

    Args:
        events: in the order in which they happened, transactions whole.
        facts: what all events before them established; these events' facts are added.
    """
    rows = Rows(facts)
    for _, found in groupby(events, key=lambda event: event.transaction):
        together = list(found)
        transaction = Transaction(facts, rows, disputed=disputes.jobs_in(together))
        for event in together:
            transaction.take(event)
    return rows
