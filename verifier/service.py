"""The running verifier: a broker, workers, a scheduler and the HTTP interface, started together and
stopped together."""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import redis
from kombu.exceptions import OperationalError

from touchstone.chain.deployment import Deployment
from touchstone.chain.rpc import connect
from verifier.app import make_app
from verifier.audit import models_in
from verifier.config import VerifierConfig, celery_url
from verifier.duties import Watch
from verifier.processes import Child, EmbeddedRedis
from verifier.tasks import AUDIT, DRIVE, PLAY, RECONCILED, make_celery

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress
    from fastapi import FastAPI

_log = logging.getLogger(__name__)

_DRIVE_THREADS = 4
_LOOK_EXPIRES_S = 30
"""A look that waited longer is not worth making; a slow machine must not drop all of them."""


class Service:
    """A verifier: `with Service(...) as service: uvicorn.run(service.app)`."""

    app: FastAPI

    def __init__(self, config: VerifierConfig, address: ChecksumAddress) -> None:
        """Describes it.

        Args:
            config: its settings; without a broker, a Redis of its own is started.
            address: of the account that pays for its transactions.
        """
        self._config = config
        self._address = address
        self._embedded: EmbeddedRedis | None = None
        self._folder: Path | None = None
        self._locks: redis.Redis | None = None
        self.workers: list[Child] = []
        self._over = threading.Event()
        self._scheduler = threading.Thread(target=self._schedule, name="scheduler", daemon=True)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._scheduler.is_alive():
            self._scheduler.join(timeout=30)
        for worker in self.workers:
            worker.stop()
        if self._locks is not None:
            self._locks.close()
        if self._embedded is not None:
            self._embedded.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        config = self._config
        deployment = Deployment.load(config.deployment)
        w3 = connect(config.rpc_url, deployment.chain_id)
        self._watch = Watch(w3, deployment, config.database)
        audited = frozenset(models_in(config.models))
        if not audited:
            self._watch.store.drop_inputs()
        if not config.broker:
            # A short path of its own: a socket's path may have about a hundred bytes.
            self._folder = Path(tempfile.mkdtemp(prefix="touchstone-"))
            self._embedded = EmbeddedRedis(self._folder)
            self._embedded.start()
            url = self._embedded.url
            config = replace(config, broker=celery_url(url), locks=url)
        self._celery = make_celery(config.broker)
        self._locks = redis.Redis.from_url(config.locks)
        self.workers.append(_worker(DRIVE, "threads", _DRIVE_THREADS, config))
        if config.models:
            self.workers.append(_worker(AUDIT, "prefork", 1, config))
        if config.disputes:
            # Of its own: a clock does not wait for a long audit.
            self.workers.append(_worker(PLAY, "prefork", 1, config))
        for worker in self.workers:
            worker.start()
        self._scheduler.start()
        self.app = make_app(self._watch, self.health, audited)

    def health(self) -> dict[str, Any]:
        """How it is."""
        return {
            "verifier": self._address,
            "ready": self._is_ready(),
            "chain_id": self._watch.market.domain.chain_id,
            "market": self._watch.market.contract.address,
            "checkpoint": self._watch.store.checkpoint(),
            "unfinished": len(self._watch.store.unfinished()),
            "broker": "embedded" if self._embedded is not None else "external",
            "workers": {worker.name: worker.running for worker in self.workers},
        }

    def _is_ready(self) -> bool:
        """Whether a worker has looked at the chain lately."""
        try:
            return self._locks is not None and bool(self._locks.exists(RECONCILED))
        except redis.RedisError:
            return False

    def _schedule(self) -> None:
        """Asks for due work, again and again, and brings back what has died."""
        while not self._over.is_set():
            children: list[Child] = list(self.workers)
            if self._embedded is not None:
                children.insert(0, self._embedded)
            for child in children:
                if not child.running:
                    _log.warning("%s has died; starting it again", child.name)
                    child.start()
            try:
                expires = max(_LOOK_EXPIRES_S, 5 * self._config.interval_s)
                self._celery.send_task("verifier.reconcile", expires=expires, retry=False)
            except (OperationalError, OSError) as error:
                _log.warning("the broker does not answer: %s", error)
            self._over.wait(self._config.interval_s)


def _worker(queue: str, pool: str, concurrency: int, config: VerifierConfig) -> Child:
    command = [sys.executable, "-m", "verifier.worker", queue, pool, str(concurrency)]
    return Child(queue, command, config.to_environment())
