"""Finds what somebody typed: an id, the beginning of one, a name, a number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from eth_utils.address import to_checksum_address
from sqlalchemy import select

from explorer.database.tables import (
    LABEL_LENGTH,
    BlockRow,
    EventRow,
    JobRow,
    MentionRow,
    ModelRow,
    PoolRow,
)
from explorer.derive.records import RESOLVER
from explorer.derive.registry import label
from explorer.derive.texts import storable
from explorer.story.pieces import clipped
from explorer.views.chain import block_view
from explorer.views.shapes import Found, SearchView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import InstrumentedAttribute, Session

    from explorer.views.site import Site

MOST_QUERY = 200
_EACH = 10
_LEAST_DIGITS = 6
_HEX = re.compile(r"(?:0x)?([0-9a-f]{1,64})")
_NUMBER = re.compile(r"#?(\d{1,12})", re.ASCII)


def search(session: Session, site: Site, query: str) -> SearchView:
    """Everything that `query` may mean, at most ten of a kind."""
    wanted = storable(query).strip()
    found = list(_candidates(session, site, wanted)) if wanted else []
    return SearchView(query=query, found=found, message="" if found else _advice(wanted))


def _candidates(session: Session, site: Site, wanted: str) -> Iterator[Found]:
    number = _NUMBER.fullmatch(wanted)
    if number and (block := block_view(session, site, int(number[1]))) is not None:
        name = f"block {block.number}"
        yield Found(kind="block", key=str(block.number), label=name, href=f"/blocks/{block.number}")
    digits = _HEX.fullmatch(wanted.lower())
    if digits and len(digits[1]) >= _LEAST_DIGITS:
        yield from _by_prefix(session, "0x" + digits[1])
    yield from _by_name(session, wanted)


def _by_prefix(session: Session, prefix: str) -> Iterator[Found]:
    for key in _beginning(session, JobRow.id, prefix):
        yield Found(kind="job", key=key, label=key, href=f"/jobs/{key}")
    for key in _beginning(session, EventRow.transaction, prefix):
        yield Found(kind="transaction", key=key, label=key, href=f"/transactions/{key}")
        for disputed in _disputed_in(session, key):
            yield Found(kind="job", key=disputed, label=disputed, href=f"/jobs/{disputed}")
    for key in _beginning(session, MentionRow.key, prefix, MentionRow.kind == "account"):
        shown = to_checksum_address(key)
        yield Found(kind="account", key=key, label=shown, href=f"/providers/{shown}")
    for key in _beginning(session, ModelRow.id, prefix):
        yield _model(session.get_one(ModelRow, key))
    for key in _beginning(session, PoolRow.id, prefix):
        yield Found(kind="pool", key=key, label=key, href=f"/pools/{key}")
    for key in _beginning(session, BlockRow.hash, prefix):
        block = session.scalars(select(BlockRow).where(BlockRow.hash == key)).one()
        name = f"block {block.number}"
        yield Found(kind="block", key=key, label=name, href=f"/blocks/{block.number}")


def _disputed_in(session: Session, transaction: str) -> list[str]:
    """The jobs of whose disputes a transaction is a move."""
    query = (
        select(MentionRow.key)
        .join(
            EventRow,
            (EventRow.block == MentionRow.block) & (EventRow.log_index == MentionRow.log_index),
        )
        .where(
            EventRow.transaction == transaction,
            EventRow.contract == RESOLVER,
            MentionRow.kind == "job",
        )
        .distinct()
        .order_by(MentionRow.key)
        .limit(_EACH)
    )
    return list(session.scalars(query))


def _beginning(
    session: Session, column: InstrumentedAttribute[str], prefix: str, *conditions: object
) -> list[str]:
    """Distinct values that begin so. `g` comes after all hex digits: a range uses the index."""
    query = (
        select(column)
        .where(column >= prefix, column < prefix + "g", *conditions)  # type: ignore[arg-type]
        .distinct()
        .order_by(column)
        .limit(_EACH)
    )
    return list(session.scalars(query))


def _by_name(session: Session, wanted: str) -> Iterator[Found]:
    """Models whose `name@version` begins so."""
    query = (
        select(ModelRow)
        .where(ModelRow.label.startswith(label(wanted)[:LABEL_LENGTH], autoescape=True))
        .order_by(ModelRow.label, ModelRow.block, ModelRow.log_index)
        .limit(_EACH)
    )
    for row in session.scalars(query):
        yield _model(row)


def _model(row: ModelRow) -> Found:
    name = clipped(f"{row.name}@{row.version}")
    return Found(kind="model", key=row.id, label=name, href=f"/models/{row.id}")


def _advice(wanted: str) -> str:
    if not wanted:
        return "Type the id of a job, an address, a transaction, a model's name or a block number."
    digits = _HEX.fullmatch(wanted.lower())
    if digits and len(digits[1]) < _LEAST_DIGITS and not wanted.isdigit():
        return f"The beginning of an id needs at least {_LEAST_DIGITS} hex digits."
    return (
        "Nothing was found. Ids can be given in whole or by their first six or more hex digits, "
        "models by name or name@version, blocks by number."
    )
