"""Follows the chain, one look at a time."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.indexer.source import first_block
from touchstone.chain.logs import MAX_RANGE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from explorer.derive.records import Header
    from explorer.indexer.source import ChainSource
    from explorer.indexer.store import Store
    from touchstone.chain.deployment import Deployment

_log = logging.getLogger(__name__)

_SEARCHED_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the chain found and did.

    Attributes:
        head: the chain's newest block.
        checkpoint: the last block that is in the data base after it.
        target: number of the block up to which there is something to read.
        events: how many events were added.
        undone: how many blocks were rolled back.
    """

    head: Header
    checkpoint: Header
    target: int
    events: int = 0
    undone: int = 0

    @property
    def behind(self) -> int:
        """Blocks that are still to be read."""
        return max(0, self.target - self.checkpoint.number)


class Indexer:
    """Takes a data base to the chain's state; may be stopped at any point and begun again."""

    def __init__(
        self,
        source: ChainSource,
        store: Store,
        deployment: Deployment,
        *,
        confirmations: int = 0,
        most_blocks: int = MAX_RANGE,
    ) -> None:
        """Reads from `source` into `store`.

        Args:
            source: the chain.
            store: the data base, with the current schema.
            deployment: tells where the events begin.
            confirmations: how many blocks it stays behind the newest.
            most_blocks: read at most so many blocks in one look.
        """
        self._source = source
        self._store = store
        self._deployment = deployment
        self._confirmations = confirmations
        self._most_blocks = most_blocks

    def look(self) -> Look:
        """Does one thing: begins, rolls back to where data base and chain agree, or adds a batch.

        Raises:
            ChainMovedError: the chain changed meanwhile: look again.
            StaleCheckpointError: another process was faster: look again.
            ExplorerError: the data base or the chain is another deployment's.
            ChainError: the chain does not answer.
        """
        checkpoint = self._store.checkpoint()
        if checkpoint is None:
            checkpoint = first_block(self._source, self._deployment)
            self._store.begin(checkpoint)
        head = self._source.head()
        target = max(head.number - self._confirmations, self._deployment.block)
        if not self._source.has(checkpoint):
            return self._undo(checkpoint, head, target)
        if target <= checkpoint.number:
            return Look(head, checkpoint, target)
        last = min(target, checkpoint.number + self._most_blocks)
        batch = self._source.read(checkpoint.number + 1, last)
        # What was read is one chain; whether it is that of the checkpoint can be said only now.
        if not self._source.has(checkpoint):
            return self._undo(checkpoint, head, target)
        self._store.apply(checkpoint, batch)
        return Look(head, batch.last, target, events=len(batch.events))

    def catch_up(self) -> Look:
        """Looks until there is nothing left to read. Raises as `look` does."""
        while (look := self.look()).behind or look.undone:
            pass
        return look

    def restart(self) -> None:
        """Empties the data base: everything is read from the chain again. Raises as `look` does."""
        self._store.begin(first_block(self._source, self._deployment))

    def _undo(self, checkpoint: Header, head: Header, target: int) -> Look:
        ancestor = self._common_ancestor(checkpoint)
        if ancestor is None:
            _log.warning("the chain has another history from the start: beginning anew")
            self.restart()
            ancestor = first_block(self._source, self._deployment)
        else:
            self._store.roll_back(checkpoint, ancestor)
        undone = checkpoint.number - ancestor.number
        _log.info("a reorganisation: rolled back %d blocks to %d", undone, ancestor.number)
        return Look(head, ancestor, target, undone=max(undone, 1))

    def _common_ancestor(self, checkpoint: Header) -> Header | None:
        """The newest stored block before the checkpoint that the chain still has."""
        below = checkpoint.number
        while blocks := self._store.blocks_before(below, _SEARCHED_AT_ONCE):
            found = newest_shared(blocks, self._source.has)
            if found is not None:
                return found
            below = blocks[-1].number
        return None


def newest_shared(blocks: Sequence[Header], shared: Callable[[Header], bool]) -> Header | None:
    """The first of `blocks`, newest first, that is shared, or None; asks about few of them, since
    whoever shares a block shares all before it."""
    low, high = 0, len(blocks)
    while low < high:
        middle = (low + high) // 2
        if shared(blocks[middle]):
            high = middle
        else:
            low = middle + 1
    return blocks[low] if low < len(blocks) else None
