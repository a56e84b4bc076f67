"""What an explorer is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from touchstone.chain.devnet import CHAIN_ID
from touchstone.chain.logs import MAX_RANGE

FINAL_AFTER = 12
"""Blocks after which a block counts as final, unless told otherwise."""
_CONFIRMATIONS = 5


@dataclass(frozen=True, slots=True)
class ExplorerConfig:
    """An explorer's settings.

    Attributes:
        rpc_url: the chain.
        deployment: the file with the contracts' addresses.
        database: the data base: a file, or an SQLAlchemy URL.
        confirmations: how many blocks it stays behind the newest; None: none on development chains,
            five elsewhere.
        final_after: blocks younger than so many are shown as not final.
        interval_s: seconds between two looks at the chain.
        most_blocks: reads at most so many blocks at once.
        models: model folders, whose operators are called by their names.
    """

    rpc_url: str
    deployment: Path
    database: str
    confirmations: int | None = None
    final_after: int = FINAL_AFTER
    interval_s: float = 1.0
    most_blocks: int = MAX_RANGE
    models: tuple[Path, ...] = ()

    def confirmations_on(self, chain_id: int) -> int:
        """How many blocks to stay behind on this chain."""
        if self.confirmations is not None:
            return self.confirmations
        return 0 if chain_id == CHAIN_ID else _CONFIRMATIONS
