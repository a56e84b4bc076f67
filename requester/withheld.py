"""When bytes are withheld: the input that a provider lacks is published, and the output that no
provider hands out is demanded, on chain, where everyone can read both."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from requester.patience import TRANSIENT, backoff, persistently
from requester.results import fetch_output
from touchstone.errors import (
    ReceiptError,
    RequestError,
    ResultUnavailableError,
    TransactionReverted,
)
from touchstone.protocol.claims import sign_delivery
from touchstone.protocol.demands import DemandState
from touchstone.protocol.jobs import Clock, JobState, Parameters, Phase, last_output_demand
from touchstone.protocol.payload import payload_root
from touchstone.receipts.facts import settling_reveals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_account.signers.local import LocalAccount

    from requester.follow import Outcome
    from requester.store import StoredJob
    from requester.wallet import Wallet
    from touchstone.chain.market import Market, Reveal
    from touchstone.chain.sender import Sender
    from touchstone.chain.stake import Vault
    from touchstone.protocol.demands import Demand

_SLACK_S = 30
"""How long the chain may take for what it should do at once."""


def should_publish(state: JobState, clock: Clock, parameters: Parameters) -> bool:
    """Whether it is time to answer a demand for the input.

    Until half of the answer window has passed the input may still arrive as it should: in private.
    """
    demand = state.input_demand
    if state.phase is not Phase.DRAWN or state.committed or not demand.waits(clock):
        return False
    return clock.time >= demand.deadline - parameters.answer_window // 2


def may_demand(state: JobState, clock: Clock, parameters: Parameters) -> bool:
    """Whether the output can be demanded in the next block."""
    fresh = state.output_demand.state is DemandState.NONE
    in_time = clock.time < last_output_demand(state, parameters)
    return state.phase is Phase.SETTLED and fresh and in_time


def must_demand(state: JobState, clock: Clock, parameters: Parameters) -> bool:
    """Whether the output must be demanded now, lest it become too late."""
    last = last_output_demand(state, parameters)
    margin = max(2, parameters.answer_window // 4)
    return may_demand(state, clock, parameters) and clock.time >= last - margin


class Withheld:
    """Publishes one requester's inputs and demands its outputs."""

    def __init__(
        self,
        market: Market,
        vault: Vault,
        wallet: Wallet,
        sender: Sender,
        account: LocalAccount,
        *,
        never_publish: bool,
        poll_s: float,
    ) -> None:
        """Binds the market and the account; with `never_publish`, nothing becomes public by itself:
        neither is an input published nor an output demanded."""
        self._market = market
        self._vault = vault
        self._wallet = wallet
        self._sender = sender
        self._account = account
        self._never_publish = never_publish
        self._poll_s = poll_s

    # --- the input -------------------------------------------------------------------------------

    def publish_if_due(self, job: StoredJob, state: JobState, clock: Clock) -> bool:
        """Answers a demand for the input, unless that is refused; whether it was answered now."""
        if (
            not job.payload
            or self._never_publish
            or not should_publish(state, clock, self._market.parameters)
        ):
            return False
        self.publish(job)
        return True

    def publish(self, job: StoredJob) -> None:
        """Publishes the input on chain: of a drawn job, demanded or not; of a settled one, for the
        auditor that demands it. Harmless if somebody was first.

        Raises:
            TransactionReverted: nobody can need it, or it is too long.
        """
        audited = self._state(job).phase is Phase.SETTLED
        answer = self._market.answer_audit_input if audited else self._market.answer_input
        try:
            self._sender.send(answer(job.order, job.payload, job.salt))
        except TransactionReverted as error:
            if error.error != "DemandExists":
                raise

    # --- the output ------------------------------------------------------------------------------

    def fetch(self, job: StoredJob, outcome: Outcome, patience_s: float) -> bytes:
        """The settled output: from whoever was paid for it, and where none of them hands it out
        within `patience_s` seconds, or it is about to become too late, demanded on chain.

        Raises:
            ResultUnavailableError: nobody gives it. Where it was demanded in vain, the payment is
                the requester's again.
        """
        end = time.monotonic() + patience_s
        attempt, last_moment = 0, False
        while True:
            try:
                state, clock = self._market.job(job.order), self._market.clock()
                if state.output_demand.state is not DemandState.NONE:
                    return self._await(job, outcome)
                last_moment = must_demand(state, clock, self._market.parameters)
                signature = sign_delivery(self._market.domain, self._account, job.id, job.salt)
                return fetch_output(job, outcome, self._vault, signature)
            except TRANSIENT as error:
                pause = backoff(attempt)
                if isinstance(error, TransactionReverted):
                    raise
                over = time.monotonic() + pause > end
                if over and self._never_publish:
                    raise
                if over or (last_moment and not self._never_publish):
                    return self._demand_and_await(job, outcome, error)
            time.sleep(pause)
            attempt += 1

    def demand(self, job: StoredJob, outcome: Outcome) -> Demand:
        """Demands the settled output on chain, prepaying the answer.

        Raises:
            RequestError: it is too late, or it cannot be shown which output was settled.
            TransactionReverted: the market or the token refuses, as for lack of the deposit.
        """
        state, clock = self._state(job), self._market.clock()
        if state.output_demand.state is not DemandState.NONE:
            return state.output_demand
        if not may_demand(state, clock, self._market.parameters) or outcome.output_root is None:
            raise RequestError(
                f"the output cannot be demanded: the job is {state.phase.name.lower()}, and "
                "demands are taken until one answer window before the delivery window closes"
            )
        reveals = self._reveals(state, outcome)
        call = partial(self._market.demand_output, job.order, outcome.output_root, reveals)
        self._wallet.pay(self._market.answer_deposit, call)
        return self._state(job).output_demand

    def close(self, job: StoredJob) -> None:
        """Ends a demand whose time is over. Harmless if somebody was first."""
        try:
            self._sender.send(self._market.close_demand(job.order))
        except TransactionReverted as error:
            if error.error not in ("NoDemand", "WrongPhase"):
                raise

    def _demand_and_await(self, job: StoredJob, outcome: Outcome, problem: Exception) -> bytes:
        try:
            self.demand(job, outcome)
        except (RequestError, TransactionReverted) as error:
            raise ResultUnavailableError(f"{problem}; {error}") from error
        return self._await(job, outcome)

    def _await(self, job: StoredJob, outcome: Outcome) -> bytes:
        """The answer to a demand; closes the demand where none comes."""
        give_up = time.monotonic() + self._market.parameters.answer_window + _SLACK_S
        while time.monotonic() < give_up:
            demand, clock = self._state(job).output_demand, self._market.clock()
            if demand.state is DemandState.ANSWERED:
                output = self._market.answer(job.id, output=True).payload
                if payload_root(output, job.salt) != outcome.output_root:
                    raise ResultUnavailableError("the chain's answer is not the settled result")
                return output
            if demand.state is DemandState.CLOSED:
                raise ResultUnavailableError(
                    "nobody has published the output that was demanded on chain: the payment is "
                    "yours again, `touchstone job refund` withdraws it"
                )
            if demand.is_over(clock):
                self.close(job)
            time.sleep(self._poll_s)
        raise ResultUnavailableError(
            "the output is demanded on chain, and the chain has shown no answer yet: ask again"
        )

    def _reveals(self, state: JobState, outcome: Outcome) -> Sequence[Reveal]:
        """What proves which output was settled; nothing where all results stand on chain."""
        assert outcome.output_root is not None
        try:
            return settling_reveals(
                self._market, state, outcome.output_root, outcome.transaction or ""
            )
        except ReceiptError as error:
            raise RequestError(str(error)) from error

    def _state(self, job: StoredJob) -> JobState:
        return persistently(lambda: self._market.job(job.order), patience_s=15)
