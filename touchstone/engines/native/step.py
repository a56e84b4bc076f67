"""The tables of one step: which rows of which sessions the machine reads together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from touchstone.engines.interface import Int32
from touchstone.engines.native.machine import fields
from touchstone.engines.native.plan import Int64, Plan
from touchstone.engines.native.session import Session
from touchstone.errors import InputError
from touchstone.programs.program import SEQUENCE, Shape


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """Rows int32 [n, width] that come next in a session; the output of the last `wanted` of them is
    asked for."""

    session: Session
    rows: Int32
    wanted: int


class Step:
    """Tables of a step, made by the plan and the sessions' places.

    `counts`: rows of each side. `stride`: positions of the longest session, where values are as
    wide as the sequence. Raises InputError where a session would pass `longest` positions,
    or stands in two feeds.
    """

    def __init__(self, plan: Plan, feeds: Sequence[Feed], longest: int) -> None:
        self.plan, self.feeds = plan, feeds
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
            body.append(info)
            head.append(info[count - feed.wanted :])
        for feed in feeds:
            feed.session.length += len(feed.rows)
            feed.session.reserve(feed.session.length)
        self.infos = np.concatenate([*body, *head])
        self.counts = (sum(len(one) for one in body), sum(len(one) for one in head))
        self.stride = max(feed.session.length for feed in feeds) if plan.ragged else 0
        self.codes = plan.addresses(self.counts, self.stride)
        self.elements = sum(plan.need(self.counts, self.stride)) + 2
        most = max(len(feed.session.pages) for feed in feeds)
        self.pages = np.zeros((len(feeds), most), np.int64)
        for slot, feed in enumerate(feeds):
            for number, page in enumerate(feed.session.pages):
                self.pages[slot, number] = page.ctypes.data

    def fill(self, arena: Int32) -> None:
        """Puts the input into the arena."""
        place = self.plan.address(self.plan.lowered.input, self.counts, self.stride)
        rows = np.concatenate([feed.rows for feed in self.feeds]).reshape(-1)
        arena[place : place + len(rows)] = rows

    def outputs(self, arena: Int32, width: int) -> list[Int32]:
        """The wanted outputs of each feed."""
        place = self.plan.address(self.plan.lowered.output, self.counts, self.stride)
        rows = arena[place : place + self.counts[1] * width].reshape(-1, width).copy()
        ends = np.cumsum([feed.wanted for feed in self.feeds])
        return np.split(rows, ends[:-1])

    def value(self, arena: Int32, number: int, shape: Shape) -> Int32:
        """A value of all rows, int32 [rows, groups, width]."""
        place = self.plan.address(self.plan.lowered.found[number], self.counts, self.stride)
        width = self.stride if shape.width == SEQUENCE else shape.width
        size = self.counts[0] * shape.groups * width
        return arena[place : place + size].reshape(self.counts[0], shape.groups, width).copy()
