"""Models and their pools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from explorer.database.tables import EventRow, JobRow, LeafRow, ModelRow, PoolRow
from explorer.derive.rows import position_of
from explorer.story.pieces import clipped
from explorer.views.queries import (
    event_of,
    job_page,
    labels_of,
    page_of,
    times_of,
    totals_of_many,
)
from explorer.views.shapes import (
    MemberView,
    ModelSummary,
    ModelView,
    Page,
    PoolSummary,
    PoolView,
)
from explorer.views.site import amount, link_to
from touchstone.protocol.orders import Mode
from touchstone.protocol.prices import price

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from explorer.views.site import Site

_MOST_POOLS = 200
_MOST_SHARDS = 256
_MOST_TEXT = 1000


def model_list(session: Session, site: Site, number: int, size: int) -> Page[ModelSummary]:
    """All published versions, newest first."""
    query = select(ModelRow).order_by(ModelRow.block.desc(), ModelRow.log_index.desc())
    rows, more = page_of(session, query, number, size)
    return Page(items=_summaries(session, site, rows), number=number, more=more)


def model_view(session: Session, site: Site, key: str, number: int) -> ModelView | None:
    """A model by its id as lower-case hex, or None where it was never published.

    Args:
        session: sees one state.
        site: the deployment and the clock.
        key: the id.
        number: which page of its jobs.
    """
    row = session.get(ModelRow, key)
    if row is None:
        return None
    event = event_of(session.get_one(EventRow, (row.block, row.log_index)))
    pools = session.scalars(
        select(PoolRow)
        .where(PoolRow.model == key)
        .order_by(PoolRow.shard, PoolRow.tier)
        .limit(_MOST_POOLS)
    ).all()
    return ModelView(
        summary=_summaries(session, site, [row])[0],
        program_root=row.program_root,
        weight_root=row.weight_root,
        shard_roots=[str(root) for root in event.args["shardRoots"][:_MOST_SHARDS]],
        modes=[_mode(bit) for bit in range(row.modes.bit_length()) if row.modes >> bit & 1],
        unit_rows=row.unit_rows,
        max_rows=row.max_rows,
        uri=clipped(row.uri, _MOST_TEXT),
        uri_href=link_to(row.uri),
        transaction=event.transaction,
        pools=pool_summaries(session, pools),
        jobs=job_page(session, site, select(JobRow).where(JobRow.model == key), number),
    )


def pool_view(session: Session, site: Site, key: str, number: int) -> PoolView | None:
    """A pool by its id as lower-case hex, or None where nobody ever pledged to it.

    Args:
        session: sees one state.
        site: the deployment and the clock.
        key: the id.
        number: which page of its providers.
    """
    row = session.get(PoolRow, key)
    if row is None:
        return None
    query = select(LeafRow).where(LeafRow.pool == key).order_by(LeafRow.leaf)
    leaves, more = page_of(session, query, number)
    totals = totals_of_many(session, [position_of(key, leaf.leaf) for leaf in leaves])
    members = []
    for leaf in leaves:
        own = totals.get(position_of(key, leaf.leaf), {})
        members.append(
            MemberView(
                leaf=leaf.leaf,
                provider=leaf.account,
                slots=own.get("slots", 0),
                offered=own.get("offered", 0),
                held=own.get("held", 0),
            )
        )
    return PoolView(
        summary=pool_summaries(session, [row])[0],
        members=Page(items=members, number=number, more=more),
        jobs=job_page(session, site, select(JobRow).where(JobRow.pool == key), 1).items,
    )


def pool_summaries(session: Session, pools: Sequence[PoolRow]) -> list[PoolSummary]:
    """Pools for a list."""
    labels = labels_of(session, {pool.model for pool in pools})
    totals = totals_of_many(session, [pool.id for pool in pools])
    found = []
    for pool in pools:
        own = totals.get(pool.id, {})
        found.append(
            PoolSummary(
                id=pool.id,
                model=pool.model,
                model_name=labels.get(pool.model),
                shard=pool.shard,
                tier=pool.tier,
                price=amount(price(pool.tier)),
                bond=amount(pool.bond),
                providers=own.get("providers", 0),
                offered=own.get("offered", 0),
                jobs=own.get("jobs", 0),
            )
        )
    return found


def _summaries(session: Session, site: Site, models: Sequence[ModelRow]) -> list[ModelSummary]:
    times = times_of(session, {model.block for model in models})
    counted = (
        select(PoolRow.model, func.count())
        .where(PoolRow.model.in_([model.id for model in models]))
        .group_by(PoolRow.model)
    )
    pools = dict(session.execute(counted).all())
    return [
        ModelSummary(
            id=model.id,
            name=clipped(model.name, _MOST_TEXT),
            version=clipped(model.version, _MOST_TEXT),
            publisher=model.publisher,
            published=site.moment(model.block, times[model.block]),
            pools=pools.get(model.id, 0),
        )
        for model in models
    ]


def _mode(bit: int) -> str:
    return Mode(bit).name.lower() if bit in set(Mode) else f"mode {bit}"
