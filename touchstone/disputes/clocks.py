"""Who is to move in a game, and how much time is left. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from touchstone.disputes.game import LEAVES, Stage, levels_of

if TYPE_CHECKING:
    from touchstone.disputes.game import Game
    from touchstone.disputes.player import View

JUDGED = (Stage.ELEMENT, Stage.OUTPUT_ELEMENT)
"""Stages in which no clock runs: anybody can convict, for a while."""


def has_moved(view: View, pair: tuple[int, int], game: Game, first: bool) -> bool:
    """Whether a side has made the move that the stage asks for."""
    if game.stage is Stage.STATING:
        return pair[0 if first else 1] in view.statements
    if game.stage is Stage.PARTS:
        return game.posted(first) != 0
    if game.stage in LEAVES:
        return game.node(first) in view.chunks
    return (game.node(first), levels_of(game.height)) in view.opened


def left(view: View, pair: tuple[int, int], game: Game, first: bool) -> int:
    """Seconds that a side has left; those to recompute the element, where one is reached."""
    if game.stage in JUDGED:
        return max(0, game.since + view.judge_time - view.now)
    if has_moved(view, pair, game, first):
        return game.clock(first)
    return max(0, game.clock(first) - max(0, view.now - game.since))
