"""Collects the rows that events bring about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from explorer.database.tables import EntryRow, MentionRow, TotalRow

if TYPE_CHECKING:
    from explorer.database.tables import Base
    from explorer.derive.facts import Facts
    from explorer.derive.records import Event

MARKET_TOTALS = "market"
"""The subject of totals over everything."""


def position_of(pool: str, leaf: int) -> str:
    """The subject of totals over one provider's stake in one pool."""
    return f"{pool}:{leaf}"


@dataclass(slots=True)
class Rows:
    """Rows to add, by table, in the order in which they came about."""

    facts: Facts
    tables: dict[type[Base], list[dict[str, Any]]] = field(default_factory=dict)
    _mentioned: set[tuple[str, str, int, int]] = field(default_factory=set)
    _totals: dict[tuple[str, str, int, int], dict[str, Any]] = field(default_factory=dict)
    _numbers: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, table: type[Base], event: Event, **values: object) -> None:
        """Adds a row that `event` brought about."""
        row = {"block": event.block, "log_index": event.log_index, **values}
        self.tables.setdefault(table, []).append(row)

    def mention(self, event: Event, kind: str, key: str) -> None:
        """Says that the event is about something; saying it twice does no harm."""
        if (kind, key, *event.place) not in self._mentioned:
            self._mentioned.add((kind, key, *event.place))
            self.add(MentionRow, event, kind=kind, key=key)

    def count(self, event: Event, subject: str, measure: str, change: int) -> None:
        """Changes a running total."""
        value = self.facts.total(subject, measure) + change
        self.facts.totals[subject, measure] = value
        key = (subject, measure, *event.place)
        if key in self._totals:
            self._totals[key]["value"] = value
            return
        self.add(TotalRow, event, subject=subject, measure=measure, value=value)
        self._totals[key] = self.tables[TotalRow][-1]

    def entry(
        self, event: Event, job: str, kind: str, account: str | None, amount: int,
        seat: int | None = None,
    ) -> None:  # fmt: skip
        """Adds an entry to a job's books; nothing where no money moved."""
        if amount == 0:
            return
        number = self._numbers.get(event.place, 0)
        self._numbers[event.place] = number + 1
        self.add(
            EntryRow, event, number=number, job=job, kind=kind, account=account, seat=seat,
            amount=amount,
        )  # fmt: skip
        if account is not None:
            self.mention(event, "account", account)
