"""Instructions in stages, and their places in the arena."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from touchstone.engines.native.lowering import Lowered, Node, Place
from touchstone.engines.native.machine import fields
from touchstone.engines.native.machine.fields import ROWS

Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Room:
    """Where a place begins: int32 behind the beginning of its side, per row, and per row and
    position."""

    side: int
    fixed: int
    ragged: int


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A lowered program, ready for steps of any size.

    `stages` [stages, STAGE]; `codes` [instructions, INSTRUCTION] without addresses; `rooms` of all
    places; `sizes` [2, 2]: int32 that each side needs, per row, and per row and position;
    `stage_of` the stage of each node of the lowered program.
    """

    lowered: Lowered
    stages: Int64
    codes: Int64
    operands: Int64
    rooms: tuple[Room, ...]
    sizes: Int64
    stage_of: tuple[int, ...]

    def addresses(self, counts: tuple[int, int], stride: int) -> Int64:
        """The instructions with addresses for so many rows on each side, and rows of values as
        wide as the sequence `stride` apart."""
        room = np.array([(r.side, r.fixed, r.ragged) for r in self.rooms], np.int64)
        begin = np.array([0, self.need(counts, stride)[0]])
        rows = np.array(counts)[room[:, 0]]
        places = begin[room[:, 0]] + (room[:, 1] + room[:, 2] * stride) * rows
        codes = self.codes.copy()
        known = np.append(places, 0)
        codes[:, list(fields.OPERANDS)] = known[self.operands]
        return codes

    def address(self, place: int, counts: tuple[int, int], stride: int) -> int:
        """Where a place begins in the arena."""
        room = self.rooms[place]
        begin = self.need(counts, stride)[0] if room.side else 0
        return int(begin + (room.fixed + room.ragged * stride) * counts[room.side])

    def need(self, counts: tuple[int, int], stride: int) -> tuple[int, int]:
        """Elements of the arena that each side needs."""
        body, head = (self.sizes[:, 0] + self.sizes[:, 1] * stride) * counts
        return int(body), int(head)

    @property
    def ragged(self) -> bool:
        """Whether there are values as wide as the sequence."""
        return bool(self.sizes[:, 1].any())


def make_plan(lowered: Lowered, apart: bool = False) -> Plan:
    """The plan of a lowered program; each instruction a stage of its own where they are `apart`."""
    stage_of, kinds = _scheduled(lowered.nodes, apart)
    order = sorted(range(len(stage_of)), key=lambda node: stage_of[node])
    stages = np.zeros((len(kinds), fields.STAGE), np.int64)
    for number, (kind, side) in enumerate(kinds):
        first = sum(stage < number for stage in stage_of)
        last = first + stage_of.count(number)
        stages[number] = (kind, first, last, side)
    codes = np.zeros((len(order), fields.INSTRUCTION), np.int64)
    operands = np.full((len(order), len(fields.OPERANDS)), -1, np.int64)
    for row, number in enumerate(order):
        node = lowered.nodes[number]
        codes[row, fields.OP] = node.op
        for column, value in node.columns.items():
            codes[row, column] = value
        places = (-1 if node.writes is None else node.writes, *node.reads)
        operands[row, : len(places)] = places
    rooms, sizes = _rooms(lowered, stage_of)
    return Plan(lowered, stages, codes, operands, rooms, sizes, tuple(stage_of))


def _scheduled(nodes: list[Node], apart: bool) -> tuple[list[int], list[tuple[int, int]]]:
    """The stage of each node, and the kind and side of each stage.

    A node comes into the first stage of its kind behind those that it needs; rows may pass through
    several instructions of one stage, one after the other.
    """
    stage_of: list[int] = []
    kinds: list[tuple[int, int]] = []
    writer: dict[int, int] = {}
    for number, node in enumerate(nodes):
        own = (node.kind, node.side)
        earliest = len(kinds) if apart else 0
        for needed in (*(writer[p] for p in node.reads if p in writer), *node.after):
            same = node.kind == ROWS and kinds[stage_of[needed]] == own
            earliest = max(earliest, stage_of[needed] + (not same))
        found = next((s for s in range(earliest, len(kinds)) if kinds[s] == own), len(kinds))
        if found == len(kinds):
            kinds.append(own)
        stage_of.append(found)
        if node.writes is not None:
            writer[node.writes] = number
    return stage_of, kinds


def _rooms(lowered: Lowered, stage_of: list[int]) -> tuple[tuple[Room, ...], Int64]:
    """Room for each place; it is given again once all that read it have ended."""
    never = len(stage_of) + 1
    begin, end = (dict.fromkeys(range(len(lowered.places)), -1) for _ in range(2))
    for node, stage in zip(lowered.nodes, stage_of, strict=True):
        if node.writes is not None:
            begin[node.writes] = end[node.writes] = stage
    for node, stage in zip(lowered.nodes, stage_of, strict=True):
        for place in node.reads:
            end[place] = max(end[place], stage)
    end[lowered.output] = never
    sizes = np.zeros((2, 2), np.int64)
    rooms: dict[int, Room] = {}
    free: dict[Place, list[tuple[int, Room]]] = {}
    for place in sorted(begin, key=lambda p: begin[p]):
        shape = lowered.places[place]
        left = free.setdefault(shape, [])
        usable: Any = next((entry for entry in left if entry[0] < begin[place]), None)
        if usable is None:
            rooms[place] = Room(shape.side, int(sizes[shape.side, 0]), int(sizes[shape.side, 1]))
            sizes[shape.side] += (shape.fixed, shape.ragged)
        else:
            left.remove(usable)
            rooms[place] = usable[1]
        left.append((end[place], rooms[place]))
    return tuple(rooms[place] for place in range(len(lowered.places))), sizes
