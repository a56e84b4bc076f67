"""One step of a causal program: which rows of which sessions are read together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from touchstone.engines.interface import Int32
from touchstone.engines.native.machine import fields
from touchstone.engines.native.machine.fields import HEAD
from touchstone.engines.native.plan import Int64, Plan
from touchstone.engines.native.session import Session
from touchstone.engines.native.tables import Tables
from touchstone.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """Rows int32 [n, width] that come next in a session; the output of the last `wanted` of them is
    asked for."""

    session: Session
    rows: Int32
    wanted: int


class Step(Tables):
    """Tables of a step, made by the plan and the sessions' places.

    Raises InputError where a session would pass `longest` positions, or stands in two feeds.
    """

    def __init__(self, plan: Plan, feeds: Sequence[Feed], longest: int) -> None:
        self.feeds = feeds
        if len({id(feed.session) for feed in feeds}) < len(feeds):
            raise InputError("a session stands in two feeds of one step: join their rows")
        body: list[Int64] = []
        head: list[Int64] = []
        for slot, feed in enumerate(feeds):
            begin, count = feed.session.length, len(feed.rows)
            if begin + count > longest:
                raise InputError(f"the model takes {longest} positions, not {begin + count}")
            info = np.zeros((count, fields.ROW), np.int64)
            info[:, fields.POSITION] = np.arange(begin, begin + count)
            info[:, fields.SLOT] = slot
            info[:, fields.SOURCE] = sum(len(one) for one in body) + np.arange(count)
            info[:, fields.EXTENT] = info[:, fields.POSITION] + 1
            body.append(info)
            head.append(info[count - feed.wanted :])
        for feed in feeds:
            feed.session.length += len(feed.rows)
            feed.session.reserve(feed.session.length)
        counts = (sum(len(one) for one in body), sum(len(one) for one in head))
        most = max(feed.session.length for feed in feeds)
        super().__init__(plan, np.concatenate([*body, *head]), counts, most, _pages(feeds))

    def fill(self, arena: Int32) -> None:
        """Puts the input into the arena."""
        self.put_input(arena, np.concatenate([feed.rows for feed in self.feeds]))

    def outputs(self, arena: Int32, width: int) -> list[Int32]:
        """The wanted outputs of each feed."""
        ends = np.cumsum([feed.wanted for feed in self.feeds])
        return np.split(self.output(arena, HEAD, width), ends[:-1])


def _pages(feeds: Sequence[Feed]) -> Int64:
    """Addresses of the pages of each session."""
    pages = np.zeros((len(feeds), max(len(feed.session.pages) for feed in feeds)), np.int64)
    for slot, feed in enumerate(feeds):
        for number, page in enumerate(feed.session.pages):
            pages[slot, number] = page.ctypes.data
    return pages
