"""The running explorer: a data base, and a thread that keeps it up with the chain."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from sqlalchemy.exc import SQLAlchemyError
from web3.exceptions import Web3Exception

from explorer.database.connect import open_database
from explorer.database.migrate import migrate
from explorer.indexer.indexer import Indexer
from explorer.indexer.source import ChainMovedError, ChainSource
from explorer.indexer.store import StaleCheckpointError, Store, Subject
from explorer.programs import operator_names
from explorer.views.site import Constants
from touchstone.chain.deployment import Deployment
from touchstone.chain.market import Market
from touchstone.chain.rpc import connect
from touchstone.errors import TouchstoneError

if TYPE_CHECKING:
    from collections.abc import Callable

    from explorer.config import ExplorerConfig
    from explorer.database.connect import Database
    from explorer.indexer.indexer import Look

_log = logging.getLogger(__name__)

_STALE_S = 15
_SLACK_BLOCKS = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """How the indexer is.

    Attributes:
        look: what its last successful look at the chain found, or None before the first.
        at: when that was, on this process's own clock in seconds.
        problem: why a look after that failed, or None.
    """

    look: Look | None = None
    at: float = 0.0
    problem: str | None = None

    def caught_up(self, now: float) -> bool:
        """Whether what is in the data base is the chain's state, but for the last few blocks.

        Args:
            now: on the same clock as `at`.
        """
        look = self.look
        fresh = look is not None and now - self.at <= _STALE_S
        return fresh and look is not None and not look.undone and look.behind <= _SLACK_BLOCKS


@dataclass(frozen=True, slots=True)
class Opened:
    """An explorer's parts, ready to be used."""

    database: Database
    indexer: Indexer
    constants: Constants


def open_explorer(config: ExplorerConfig) -> Opened:
    """Opens the data base, brings its schema up to date and connects to the chain.

    Raises:
        ExplorerError: the data base cannot be used, or a model folder holds no program.
        DeploymentError: there is no deployment file.
        ChainError: the chain does not answer or is another one.
    """
    deployment = Deployment.load(config.deployment)
    w3 = connect(config.rpc_url, deployment.chain_id)
    database = open_database(config.database)
    migrate(database.writer)
    market = Market(w3, deployment)
    constants = Constants(
        chain_id=deployment.chain_id,
        market=market.domain.market,
        parameters=market.parameters,
        bucket_seconds=int(deployment.views(w3, "StakeVault").call("bucketSeconds")),
        programs=operator_names(config.models),
    )
    source = ChainSource(w3, deployment, market)
    store = Store(database.writer, Subject(deployment.chain_id, market.domain.market))
    confirmations = config.confirmations_on(deployment.chain_id)
    indexer = Indexer(
        source,
        store,
        deployment,
        confirmations=confirmations,
        most_blocks=config.most_blocks,
    )
    return Opened(database, indexer, constants)


class Follower:
    """Keeps a data base up with the chain: `with Follower(indexer) as follower`."""

    def __init__(
        self,
        indexer: Indexer,
        interval_s: float = 1.0,
        on_look: Callable[[Look], None] | None = None,
    ) -> None:
        """Describes it.

        Args:
            indexer: does the work.
            interval_s: seconds between two looks, once there is nothing left to read.
            on_look: is told of each look, on the follower's thread.
        """
        self._indexer = indexer
        self._interval_s = interval_s
        self._on_look = on_look
        self._over = threading.Event()
        self._thread = threading.Thread(target=self.follow, name="indexer", daemon=True)
        self.progress = Progress()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=30)

    def follow(self) -> None:
        """Follows the chain until the follower is left."""
        while not self._over.is_set():
            if not self._look():
                self._over.wait(self._interval_s)

    def _look(self) -> bool:
        """One look; whether the next shall follow at once."""
        try:
            look = self._indexer.look()
        except (ChainMovedError, StaleCheckpointError) as error:
            _log.info("%s", error)
            return False
        except (TouchstoneError, Web3Exception, SQLAlchemyError, OSError, ValueError) as error:
            self._failed(error)
            return False
        except Exception as error:
            # A defect must be seen at /health, not end the thread in silence.
            _log.exception("the indexer cannot go on")
            self._failed(error)
            return False
        self.progress = Progress(look, time.monotonic())
        if self._on_look is not None:
            self._on_look(look)
        return bool(look.behind or look.undone)

    def _failed(self, error: Exception) -> None:
        problem = f"{type(error).__name__}: {error}"
        if problem != self.progress.problem:
            _log.warning("the indexer failed and tries again: %s", problem)
        self.progress = replace(self.progress, problem=problem)
