"""What the registry's events bring about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.database.tables import LABEL_LENGTH, ModelRow
from explorer.derive.texts import storable

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.derive.records import Event
    from explorer.derive.transaction import Transaction


def published(tx: Transaction, event: Event) -> None:
    """A model version exists from now on."""
    name, version = storable(event.text("name")), storable(event.text("version"))
    tx.rows.add(
        ModelRow,
        event,
        id=event.text("model"),
        publisher=event.text("publisher"),
        name=name,
        version=version,
        label=label(f"{name}@{version}"),
        program_root=event.text("programRoot"),
        weight_root=event.text("weightRoot"),
        shards=len(event.args["shardRoots"]),
        modes=event.number("modes"),
        unit_rows=event.number("unitRows"),
        max_rows=event.number("maxRows"),
        uri=storable(event.text("uri")),
    )


def label(text: str) -> str:
    """By what a model is searched: the beginning in lower case."""
    return text.lower()[:LABEL_LENGTH]


HANDLERS: dict[str, Callable[[Transaction, Event], None]] = {"Published": published}
"""By the event's name."""
