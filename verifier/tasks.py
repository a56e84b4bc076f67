"""The Celery application. Every task may run twice, or be lost: the chain says what is due."""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

import redis
from celery import Celery
from requests.exceptions import RequestException
from web3.exceptions import Web3Exception

from touchstone.chain.deployment import Deployment
from touchstone.chain.keystore import load_key
from touchstone.chain.rpc import connect
from touchstone.chain.sender import Sender
from touchstone.errors import ChainError, TransactionReverted
from touchstone.protocol.ids import JobId
from verifier.audit import ExactModels, audit
from verifier.config import VerifierConfig
from verifier.disputing import Disputant
from verifier.duties import Driver, Watch, finished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis.lock import Lock as RedisLock

_log = logging.getLogger(__name__)

VISIBILITY_TIMEOUT_S = 600
"""After this a task whose worker died without a word goes to another. Above the longest task."""
LOCK_S = 6
"""A lock of a worker that died ends by itself after this; one that lives renews it."""
DRIVE, AUDIT, PLAY = "drive", "audit", "play"
RECONCILED = "touchstone:reconciled"
"""Set in Redis while workers are looking at the chain."""
_RECONCILED_S = 60
_QUEUED_S = 5
_RETRIED: dict[str, Any] = {
    "autoretry_for": (RequestException, Web3Exception, ChainError),
    "max_retries": 3,
    "retry_backoff": True,
}


def make_celery(broker: str) -> Celery:
    """The Celery application on a broker."""
    celery = Celery("touchstone-verifier", broker=broker)
    celery.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_default_queue=DRIVE,
        task_routes={"verifier.audit": {"queue": AUDIT}, "verifier.play": {"queue": PLAY}},
        worker_prefetch_multiplier=1,
        broker_transport_options={"visibility_timeout": VISIBILITY_TIMEOUT_S},
        broker_connection_retry_on_startup=True,
        task_serializer="json",
        accept_content=["json"],
        worker_hijack_root_logger=False,
    )
    return celery


@dataclass(frozen=True, slots=True)
class Worker:
    """What tasks of one process share."""

    config: VerifierConfig
    watch: Watch
    sender: Sender
    driver: Driver
    locks: redis.Redis

    @contextmanager
    def locked(self, name: str) -> Iterator[bool]:
        """Whether the lock was free; it is held within the block."""
        # Another thread renews it, so the token may not be kept for this thread only.
        lock = self.locks.lock(f"touchstone:{name}", timeout=LOCK_S, thread_local=False)
        if not lock.acquire(blocking=False):
            yield False
            return
        over = Event()
        renewing = Thread(target=_renew, args=(lock, over), daemon=True)
        renewing.start()
        try:
            yield True
        finally:
            over.set()
            renewing.join()
            # Where it was lost meanwhile, the chain settles who was first.
            with suppress(redis.RedisError):
                lock.release()


def _renew(lock: RedisLock, over: Event) -> None:
    while not over.wait(LOCK_S / 3):
        with suppress(redis.RedisError):
            lock.reacquire()


_making = Lock()


def worker() -> Worker:
    """This process's worker, made on first use."""
    with _making:
        return _make_worker()


@cache
def _make_worker() -> Worker:
    config = VerifierConfig.from_environment()
    deployment = Deployment.load(config.deployment)
    w3 = connect(config.rpc_url, deployment.chain_id)
    watch = Watch(w3, deployment, config.database)
    sender = Sender(w3, load_key(config.key), config.database)
    sender.tend()
    driver = Driver(watch, sender)
    return Worker(config, watch, sender, driver, redis.Redis.from_url(config.locks))


@cache
def _models() -> ExactModels:
    return ExactModels(worker().config.models)


@cache
def _disputant() -> Disputant:
    me = worker()
    deployment = Deployment.load(me.config.deployment)
    return Disputant(me.watch, deployment, me.sender, _models())


app = make_celery("memory://")


def configure(broker: str) -> Celery:
    """The application, bound to a broker."""
    app.conf.broker_url = broker
    return app


@app.task(name="verifier.reconcile")  # type: ignore[untyped-decorator]
def reconcile_task() -> int:
    """Finds all due work on the chain and hands it out; returns how many jobs are unfinished."""
    with worker().locked("reconcile") as free:
        if not free:
            return -1
        found = worker().watch.reconcile()
        waiting = [job.order for job in found if job.phase == "OPEN"]
        if len(waiting) > 1:
            worker().driver.draw_due(waiting)
        for job in found:
            _hand_out(drive_task, job.id, _QUEUED_S)
        if worker().config.models:
            for job_id in worker().watch.store.unaudited():
                _hand_out(audit_task, job_id, VISIBILITY_TIMEOUT_S)
        if worker().config.disputes:
            for job_id in worker().watch.store.disputed():
                _hand_out(play_task, job_id, _QUEUED_S)
            worker().watch.forget()
        worker().locks.set(RECONCILED, len(found), ex=_RECONCILED_S)
        return len(found)


def _hand_out(task: Any, job: JobId, again_s: int) -> None:
    """Queues a task for a job, once; one that was lost is handed out again after `again_s`."""
    if worker().locks.set(_queued(task.name, job.hex()), 1, nx=True, ex=again_s):
        task.apply_async((job.hex(),), expires=VISIBILITY_TIMEOUT_S)


def _queued(task: str, job_hex: str) -> str:
    return f"touchstone:queued:{task}:{job_hex}"


@app.task(name="verifier.drive", **_RETRIED)  # type: ignore[untyped-decorator]
def drive_task(job_hex: str) -> str:
    """Does for one job all that can be done now."""
    me = worker()
    job = me.watch.store.job(JobId(bytes.fromhex(job_hex)))
    if job is None:
        return "unknown"
    with me.locked(f"job:{job_hex}") as free:
        if not free:
            return "busy"
        try:
            state = me.driver.drive(job)
        except TransactionReverted as error:
            # Somebody was faster, or a pool has no free stake yet: reconciling tries again.
            _log.info("job %s is not moved on: %s", job_hex, error)
            return error.error
        finally:
            me.locks.delete(_queued(drive_task.name, job_hex))
    return state.phase.name if not finished(state) else f"{state.phase.name}, done"


@app.task(name="verifier.audit", **_RETRIED)  # type: ignore[untyped-decorator]
def audit_task(job_hex: str) -> str | None:
    """Re-executes one job and keeps what was found."""
    me = worker()
    job = me.watch.store.job(JobId(bytes.fromhex(job_hex)))
    if job is None or me.watch.store.audit(job.id) is not None:
        return None
    return audit(me.watch, job, _models(), me.config.audit_share, me.config.challenge)


@app.task(name="verifier.play", **_RETRIED)  # type: ignore[untyped-decorator]
def play_task(job_hex: str) -> str:
    """Does in the dispute of one job all that is due now."""
    me = worker()
    job = me.watch.store.job(JobId(bytes.fromhex(job_hex)))
    if job is None:
        return "unknown"
    with me.locked(f"play:{job_hex}") as free:
        if not free:
            return "busy"
        try:
            decision = _disputant().look(job)
        except TransactionReverted as error:
            # Somebody was faster: reconciling looks again.
            _log.info("the dispute of job %s waits: %s", job_hex, error)
            return error.error
        finally:
            me.locks.delete(_queued(play_task.name, job_hex))
    return decision.due.value


def main(arguments: list[str]) -> Any:
    """A worker process: `python -m verifier.tasks worker ...`."""
    return configure(VerifierConfig.from_environment().broker).worker_main(arguments)
