"""Transactions and blocks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from explorer.database.tables import BlockRow, CheckpointRow, EventRow, TransactionRow
from explorer.story.pieces import clipped
from explorer.views.queries import MOST_EVENTS, event_of, steps_of
from explorer.views.shapes import BlockView, DecodedEvent, TransactionView

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from explorer.views.site import Site

_MOST_ARGUMENT = 2000


def transaction_view(session: Session, site: Site, key: str) -> TransactionView | None:
    """A transaction by its hash as lower-case hex, or None where none of its events is known."""
    query = (
        select(EventRow)
        .where(EventRow.transaction == key)
        .order_by(EventRow.block, EventRow.log_index)
        .limit(MOST_EVENTS)
    )
    events = [event_of(row) for row in session.scalars(query)]
    if not events:
        return None
    block = session.get_one(BlockRow, events[0].block)
    steps, receipt = steps_of(session, site, events), session.get(TransactionRow, key)
    return TransactionView(
        hash=key,
        moment=site.moment(block.number, block.time),
        sender=None if receipt is None else receipt.sender,
        gas=None if receipt is None else receipt.gas,
        events=[
            DecodedEvent(
                **step.model_dump(),
                args={name: _argument(value) for name, value in event.args.items()},
            )
            for event, step in zip(events, steps, strict=True)
        ],
    )


def block_view(session: Session, site: Site, number: int) -> BlockView | None:
    """A block that was read, or None."""
    checkpoint = session.get(CheckpointRow, 1)
    first = session.scalar(select(BlockRow.number).order_by(BlockRow.number).limit(1))
    if checkpoint is None or first is None or not first <= number <= checkpoint.number:
        return None
    block = session.get(BlockRow, number)
    query = (
        select(EventRow)
        .where(EventRow.block == number)
        .order_by(EventRow.log_index)
        .limit(MOST_EVENTS)
    )
    events = [event_of(row) for row in session.scalars(query)]
    transactions = list(dict.fromkeys(event.transaction for event in events))
    return BlockView(
        number=number,
        hash=None if block is None else block.hash,
        moment=None if block is None else site.moment(number, block.time),
        transactions=transactions,
        events=steps_of(session, site, events),
        note="" if events else "Nothing happened in this block that concerns the market.",
    )


def _argument(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return clipped(text, _MOST_ARGUMENT)
