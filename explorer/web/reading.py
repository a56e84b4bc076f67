"""What every request reads first: one state of the data base, and how far it reaches."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.database.tables import CheckpointRow
from explorer.story.moments import utc
from explorer.views.shapes import Status
from explorer.views.site import Site
from explorer.web.problems import Problem
from touchstone.protocol.jobs import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.orm import Session

    from explorer.database.connect import Database
    from explorer.service import Progress
    from explorer.views.site import Constants


@dataclass(frozen=True, slots=True)
class Reading:
    """A request's view of the data base."""

    session: Session
    site: Site
    status: Status


@dataclass(frozen=True, slots=True)
class Reader:
    """Gives each request its view.

    Attributes:
        database: what is read.
        constants: of the deployment.
        progress: tells how the indexer is.
        confirmations: how many blocks the indexer stays behind.
        final_after: blocks younger than so many are not final.
    """

    database: Database
    constants: Constants
    progress: Callable[[], Progress]
    confirmations: int
    final_after: int

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """One state of the data base, for one request.

        Raises:
            Problem: nothing was indexed yet.
        """
        with self.database.read() as session:
            row = session.get(CheckpointRow, 1)
            if row is None:
                raise Problem(
                    503, "not_ready", "Nothing has been indexed yet: try again in a moment."
                )
            progress = self.progress()
            head = None if progress.look is None else progress.look.head.number
            newest = row.number if head is None else max(head, row.number)
            site = Site(self.constants, Clock(row.number, row.time), newest, self.final_after)
            status = Status(
                chain_id=self.constants.chain_id,
                market=self.constants.market,
                indexed_block=row.number,
                indexed_time=row.time,
                indexed_utc=utc(row.time),
                head_block=head,
                behind=None if head is None else max(0, head - row.number),
                caught_up=progress.caught_up(time.monotonic()),
                problem=progress.problem,
                confirmations=self.confirmations,
                final_after=self.final_after,
            )
            yield Reading(session, site, status)
