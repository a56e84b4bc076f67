"""Defends the node's results, and disputes those that differ: one thread that plays its games."""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING

from provider.duties import seat_of
from provider.log import log
from provider.lookout import Lookout
from provider.offers import Part
from provider.watcher import CHAIN_TROUBLE, LOOK_BACK_BLOCKS
from touchstone.coordination.messages import OpeningGiven
from touchstone.disputes.game import TreeNode
from touchstone.errors import DisputeError, RefusedError, TransactionReverted, UnpaidInputError
from touchstone.players.keeper import Contested, Dispute, Keeper
from touchstone.players.log import Log
from touchstone.players.served import Served
from touchstone.protocol.ids import JobId
from touchstone.protocol.inputs import REFUSED, read_input
from touchstone.protocol.jobs import Phase, seats_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from web3.types import TxReceipt

    from provider.book import JobBook
    from provider.executor import Executor
    from provider.records import Work
    from touchstone.chain.disputes import Disputes
    from touchstone.chain.registry import PublishedModel
    from touchstone.chain.sender import Sender
    from touchstone.chain.stake import Vault
    from touchstone.coordination.messages import OpeningAsked
    from touchstone.disputes.case import Case
    from touchstone.disputes.moves import Move
    from touchstone.protocol.ids import ModelId
    from touchstone.protocol.orders import Order

_MOST_CASES = 16


class Defence:
    """Plays for the node wherever a seat of its takes part in a contest."""

    def __init__(
        self,
        book: JobBook,
        disputes: Disputes,
        vault: Vault,
        sender: Sender,
        executor: Executor,
        models: Mapping[ModelId, PublishedModel],
        poll_s: float,
    ) -> None:
        """Binds the book of the node's jobs, the engine and what the node can show."""
        self._book = book
        self._disputes = disputes
        self._sender = sender
        self._executor = executor
        self._models = models
        # What it took part in is kept until the verdict is carried out.
        me = book.me.address
        self._log = Log.of_running(disputes, lambda _, facts: me in facts.accounts.values())
        self._keeper = Keeper(disputes, sender, self._log, self._on_moves, Served(vault))
        # By the result too: a reorganisation may have given a job another input.
        self._cases: dict[tuple[JobId, bytes | None], Case | None] = {}
        # Of running contests, what was said once.
        self._hopeless: set[JobId] = set()
        self._making = Lock()
        self.lookout = Lookout("the defence", self.look, poll_s)

    def look(self) -> None:
        """Makes every move that is due now."""
        self._log.read()
        orders = self._contested()
        for job in self._log.jobs_of(self._book.me.address):
            work = self._book.store.work(job)
            if work is not None:
                orders.setdefault(job, work.order)
        for job, order in orders.items():
            try:
                self._tend(job, order)
            except DisputeError as error:
                if job not in self._hopeless:
                    log("a dispute is lost", logging.ERROR, job=job, error=str(error))
                self._hopeless.add(job)
            except TransactionReverted as error:
                log("a move was refused", logging.INFO, job=job, error=str(error))
            except CHAIN_TROUBLE as error:
                log("chain trouble in a dispute", logging.WARNING, job=job, error=str(error))
            except Exception:
                # Strangers have a say in what stands in a dispute: one that cannot be played must
                # not end the others.
                log("a dispute cannot be played", logging.ERROR, job=job, trace=True)

    def _contested(self) -> dict[JobId, Order]:
        """Contested jobs with a seat of the node's, of which nobody may have told the engine."""
        return {
            state.id: state.order
            for state in self._book.states()
            if state.phase is Phase.CONTESTED and seat_of(state, self._book.me.address) is not None
        }

    def _tend(self, job: JobId, order: Order) -> None:
        ended, guilty, _ = self._disputes.verdict(job)
        work = self._book.store.work(job)
        if work is not None and work.salt is not None and self._case(work) is not None:
            found = self._found(job)
            # Also after the verdict: an auditor that challenged takes its bond back.
            self._keeper.tend(Dispute(order, job, work.salt, found, lambda: self._own(job)))
        if ended:
            self._conclude(job, order, guilty)

    def _conclude(self, job: JobId, order: Order, guilty: int) -> None:
        """Has the verdict carried out, where nobody has yet; then the contest is forgotten."""
        market = self._book.market
        if market.job(order).phase is Phase.CONTESTED or market.challenged(job):
            log("a contest has ended", job=job, guilty=list(seats_in(guilty)))
            self._sender.send(market.conclude(order))
        self._log.forget(job)
        self._hopeless.discard(job)
        self._cases = {key: case for key, case in self._cases.items() if key[0] != job}

    def _found(self, job: JobId) -> Contested | None:
        """The market's event of a contested job of which nobody has told the engine."""
        if self._disputes.contest(job).seats:
            return None
        market = self._book.market
        head = market.w3.eth.block_number
        first = max(market.first_block, head - LOOK_BACK_BLOCKS)
        for event in market.events(first, head, job, ("Contested",)):
            return Contested.of_event(event)
        return None

    def opening(self, work: Work, asked: OpeningAsked) -> OpeningGiven:
        """Opens a node of a job's transcript for whoever may ask.

        Raises:
            RefusedError: `not_ready`, or `malformed`: there is no such node.
        """
        case = self._case(work)
        if case is None or case.refused:
            raise RefusedError("not_ready", "this job has no transcript here")
        try:
            children, chunk = case.opening(TreeNode(**asked.model_dump()))
        except ValueError as error:
            raise RefusedError("malformed", str(error)) from None
        return OpeningGiven(children=list(children), chunk=chunk)

    def _own(self, job: JobId) -> Case:
        work = self._book.store.work(job)
        case = None if work is None else self._case(work)
        assert case is not None
        return case

    def _case(self, work: Work) -> Case | None:
        """What the node can show of a job; made once, and kept while others may ask."""
        with self._making:
            return self._make_case(work)

    def _make_case(self, work: Work) -> Case | None:
        key = job, _ = work.job, work.output_root
        if key not in self._cases:
            store, order = self._book.store, work.order
            payload, output = store.input(job), store.output(job)
            if payload is None or output is None:
                return None
            log("replaying a disputed job", job=job)
            part, sequences = Part.of(order), None
            if output != REFUSED:
                try:
                    published, reads = self._models[order.model], self._executor.reads(part)
                    sequences = read_input(order, published, payload, reads)
                except UnpaidInputError:
                    sequences = None
            while len(self._cases) >= _MOST_CASES:
                del self._cases[next(iter(self._cases))]
            self._cases[key] = self._executor.case(
                part, payload, sequences, output, strong=order.strong
            )
        return self._cases[key]

    def _on_moves(self, job: JobId, made: Sequence[Move], receipt: TxReceipt) -> None:
        names = " ".join(type(move).__name__.lower() for move in made)
        log("moved in a dispute", job=job, moves=names, gas=receipt["gasUsed"])
