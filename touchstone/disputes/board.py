"""The rules by which a game descends, without a chain: twin of `contracts/dispute/Playing.sol`.

A player plays its next moves on this board before it sends them, so that several go in one
transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from touchstone.disputes.game import PARTS, Game, Stage, Statement, levels_of
from touchstone.protocol.merkle import CHUNK, chunk_count, depth_of

if TYPE_CHECKING:
    from touchstone.disputes.game import Brief
    from touchstone.transcripts.layout import Layout


def faced(game: Game, brief: Brief, a: Statement, b: Statement) -> Game:
    """The game once both sides have stated their transcripts."""
    if a.body != b.body:
        game = replace(game, node_a=a.body, node_b=b.body)
        return _entered(game, brief, Stage.SEQUENCES, depth_of(brief.count))
    game = replace(game, node_a=a.output_top, node_b=b.output_top, size=brief.output_bytes)
    return _entered(game, brief, Stage.OUTPUT, depth_of(chunk_count(brief.output_bytes)))


def descended(
    game: Game, brief: Brief, layout: Layout, a: Sequence[bytes], b: Sequence[bytes]
) -> Game:
    """The game once both sides have opened their children; OVER where they differ beyond the end
    of the tree, which one of them made up."""
    child = next(i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y)
    height = game.height - levels_of(game.height)
    index = game.index * len(a) + child
    if index << height >= _leaves(game, brief):
        return replace(game, stage=Stage.OVER)
    game = replace(game, node_a=a[child], node_b=b[child], height=height, index=index)
    return game if height else _arrived(game, brief, layout)


def at_element(game: Game, a: bytes, b: bytes) -> Game:
    """The game once both chunks are known."""
    place = next(i for i in range(0, len(a), 4) if a[i : i + 4] != b[i : i + 4]) // 4
    stage = Stage.ELEMENT if game.stage is Stage.LEAF else Stage.OUTPUT_ELEMENT
    return replace(game, stage=stage, index=game.index * (CHUNK // 4) + place)


def span(game: Game, terms: int) -> tuple[int, int]:
    """The terms of a reduction of so many that are in question: all, before it was cut."""
    return (game.start, game.stop) if game.stop else (0, terms)


def narrowed(game: Game, terms: int, a: Sequence[int], b: Sequence[int]) -> Game:
    """The game once both sides have posted partial results, which differ."""
    start, stop = span(game, terms)
    size = -(-(stop - start) // PARTS)
    start += size * next(i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y)
    return replace(
        game,
        stage=Stage.ELEMENT,
        start=start,
        stop=min(start + size, stop),
        posted_a=0,
        posted_b=0,
    )


def needs_record(game: Game) -> bool:
    """Whether the next descent may come to a value, whose record then shows its size."""
    return game.stage is Stage.VALUES and game.height == levels_of(game.height)


def value_reached(game: Game, a: Sequence[bytes], b: Sequence[bytes]) -> int:
    """The value at which a descent with these children arrives."""
    child = next(i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y)
    return game.index * len(a) + child


def _leaves(game: Game, brief: Brief) -> int:
    if game.stage is Stage.SEQUENCES:
        return brief.count
    if game.stage is Stage.POSITIONS:
        return brief.length(game.sequence)
    if game.stage is Stage.VALUES:
        return brief.operators + 1
    return chunk_count(game.size)


def _arrived(game: Game, brief: Brief, layout: Layout) -> Game:
    """A leaf of one tree is the top of the next."""
    if game.stage is Stage.SEQUENCES:
        return _at_sequence(game, brief)
    if game.stage is Stage.POSITIONS:
        return _at_position(game, brief)
    if game.stage is Stage.VALUES:
        size = layout.value_bytes(game.sequence, game.index, game.position)
        game = replace(game, value=game.index, size=size)
        return _entered(game, brief, Stage.CHUNKS, depth_of(chunk_count(size)))
    return _reached(game)


def _entered(game: Game, brief: Brief, stage: Stage, height: int) -> Game:
    game = replace(game, stage=stage, height=height, index=0)
    if height:
        return game
    if stage is Stage.SEQUENCES:
        return _at_sequence(game, brief)
    if stage is Stage.POSITIONS:
        return _at_position(game, brief)
    return _reached(game)


def _at_sequence(game: Game, brief: Brief) -> Game:
    game = replace(game, sequence=game.index, index=0)
    if not brief.causal:
        return _at_position(game, brief)
    return _entered(game, brief, Stage.POSITIONS, depth_of(brief.length(game.sequence)))


def _at_position(game: Game, brief: Brief) -> Game:
    game = replace(game, position=game.index)
    return _entered(game, brief, Stage.VALUES, depth_of(brief.operators + 1))


def _reached(game: Game) -> Game:
    rest = min(CHUNK, game.size - game.index * CHUNK)
    stage = Stage.LEAF if game.stage is Stage.CHUNKS else Stage.OUTPUT_LEAF
    return replace(game, stage=stage, size=rest)
