"""Does duties: signs at once, sends transactions in threads so that a slow one delays no other."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

from requests.exceptions import RequestException
from web3.exceptions import Web3Exception

from provider.duties import Duty, draw_id, seat_of
from provider.evidence import equivocation
from provider.log import log
from touchstone.chain.allowance import allow, require_balance
from touchstone.chain.market import SignedCommit
from touchstone.errors import (
    ChainError,
    InsufficientFundsError,
    RefusedError,
    StoreError,
    TransactionReverted,
)
from touchstone.protocol.eip712 import Signature
from touchstone.protocol.payload import payload_root

if TYPE_CHECKING:
    from collections.abc import Callable

    from provider.records import Work
    from provider.signing import Signatory
    from provider.store import Store
    from touchstone.chain.market import Market
    from touchstone.chain.sender import Call, Sender
    from touchstone.chain.token import Token
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.jobs import Clock, JobState
    from touchstone.protocol.orders import Order

_SENDERS = 4
_DEPOSITS_ALLOWED = 64
_RETRY_S = 3
"""Seconds of the chain's time before a transaction that was refused is tried again."""


class Actions:
    """Carries out duties. Losing a race against somebody else is normal: logged, and gone on."""

    def __init__(
        self,
        market: Market,
        sender: Sender,
        signatory: Signatory,
        store: Store,
        look_again: Callable[[JobId, Order], object],
        token: Token,
    ) -> None:
        """Binds the market, the token of deposits and the node's key; `look_again` is told of each
        job after a try."""
        self._look_again = look_again
        self._market = market
        self._token = token
        self._take: Callable[[JobId, bytes, bytes], object] | None = None
        self._sender = sender
        self._signatory = signatory
        self._store = store
        self._lock = Lock()
        self._in_flight: set[bytes] = set()
        self._tried: dict[tuple[bytes, Duty], int] = {}
        self._pool = ThreadPoolExecutor(_SENDERS, thread_name_prefix="sender")

    def give_inputs_to(self, take: Callable[[JobId, bytes, bytes], object]) -> None:
        """Says who takes an input, with its salt, that was published on chain."""
        self._take = take

    def close(self) -> None:
        """Waits for what is in flight."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def do(self, duty: Duty, job: JobState, clock: Clock) -> None:
        """Does the duty, unless one for the same job is in flight or was refused just now."""
        if duty is Duty.SIGN_COMMIT:
            self.sign_commit(job)
            return
        with self._lock:
            tried = self._tried.get((job.id, duty))
            if job.id in self._in_flight or (tried is not None and clock.time < tried + _RETRY_S):
                return
            self._in_flight.add(job.id)
            self._tried = {k: at for k, at in self._tried.items() if at + _RETRY_S > clock.time}
            self._tried[job.id, duty] = clock.time
        self._pool.submit(self._send, duty, job, clock)

    def sign_commit(self, job: JobState) -> None:
        """Makes the commitment for the job's current draw."""
        work = self._store.work(job.id)
        if work is None or work.output_root is None or not self._is_about(job, work):
            return
        record = self._signatory.commit(job, work.output_root)
        log("committed", job=job.id, round=record.round, draw=record.draw)

    def _is_about(self, job: JobState, work: Work) -> bool:
        """Whether what was computed is for the input that the draw names: a reorganisation may just
        have fixed another."""
        if not job.order.deferred:
            return True
        payload = self._store.input(job.id)
        if payload is None or work.salt is None:
            return False
        return payload_root(payload, work.salt) == job.input_root

    def _send(self, duty: Duty, job: JobState, clock: Clock) -> None:
        try:
            if duty is Duty.TAKE_INPUT:
                return self._take_input(job)
            if duty is Duty.DEMAND_INPUT:
                self._prepare_deposit(job)
            receipt = self._sender.send(self._call(duty, job, clock))
        except RefusedError as error:
            log("not taken", logging.WARNING, job=job.id, rule=error.rule, error=str(error))
        except InsufficientFundsError as error:
            log("not demanded", logging.ERROR, job=job.id, error=str(error))
        except TransactionReverted as error:
            log("somebody was first", duty=duty.value, job=job.id, error=str(error))
        except (ChainError, StoreError, RequestException, Web3Exception, ValueError) as error:
            log("not sent", logging.WARNING, duty=duty.value, job=job.id, error=str(error))
        except Exception:
            log("duty failed", logging.ERROR, trace=True, duty=duty.value, job=job.id)
        else:
            transaction = receipt["transactionHash"].to_0x_hex()
            log("sent", duty=duty.value, job=job.id, transaction=transaction)
        finally:
            self._done(job)

    def _done(self, job: JobState) -> None:
        try:
            self._look_again(job.id, job.order)
        except Exception as error:
            log("not seen", logging.WARNING, job=job.id, error=type(error).__name__)
        finally:
            with self._lock:
                self._in_flight.discard(job.id)

    def _take_input(self, job: JobState) -> None:
        """Takes the input from where it was published; its root was checked by the market, and is
        checked once more."""
        answer = self._market.answer(job.id, output=False)
        assert self._take is not None
        self._take(job.id, answer.payload, answer.salt)

    def _prepare_deposit(self, job: JobState) -> None:
        """Allows the market to take a deposit, once for many; nothing where the demand is joined.

        Raises:
            InsufficientFundsError: the wallet does not hold one.
        """
        if job.input_demand.pending:
            return
        deposit, market = self._market.answer_deposit, self._market.contract.address
        require_balance(
            self._token, self._sender.address, deposit, "the deposit of a demand for the input"
        )
        allow(self._token, self._sender, market, deposit, times=_DEPOSITS_ALLOWED)

    def _call(self, duty: Duty, job: JobState, clock: Clock) -> Call:
        match duty:
            case Duty.PUNISH:
                return self._punish(job, clock)
            case Duty.DRAW:
                return self._market.draw([job.order])
            case Duty.EXPIRE:
                return self._market.expire(job.order)
            case Duty.ADVANCE:
                return self._market.advance(job.order)
            case Duty.CONCLUDE:
                return self._market.conclude(job.order)
            case Duty.CLOSE_DEMAND:
                return self._market.close_demand(job.order)
            case Duty.ANSWER_OUTPUT:
                return self._answer_output(job)
        seat = seat_of(job, self._signatory.address)
        assert seat is not None
        if duty is Duty.DEMAND_INPUT:
            return self._market.demand_input(job.order, seat)
        record = self._store.commit_of(job.id, draw_id(job))
        assert record is not None
        if duty is Duty.POST_COMMIT:
            signed = SignedCommit(record.commitment, Signature.from_bytes(record.signature))
            return self._market.commit(job.order, seat, signed)
        return self._market.reveal(job.order, seat, record.output_root, record.salt)

    def _answer_output(self, job: JobState) -> Call:
        work, output = self._store.work(job.id), self._store.output(job.id)
        if work is None or work.salt is None or output is None:
            raise StoreError("the output is no longer here")
        return self._market.answer_output(job.order, output, work.salt)

    def _punish(self, job: JobState, clock: Clock) -> Call:
        found = equivocation(job, clock, self._store.shown(job.id))
        assert found is not None
        first = found.first
        return self._market.punish_two_commits(
            job.order,
            first.seat,
            first.round,
            SignedCommit(first.commitment, Signature.from_bytes(first.signature)),
            SignedCommit(found.commitment, Signature.from_bytes(found.signature)),
        )
