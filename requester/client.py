"""The requester's client: submit, wait, result."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from requester.delivery import Courier
from requester.fixing import Fixing
from requester.folders import read_manifest, to_prompts, to_sequences, vocabulary_of
from requester.follow import Outcome, Progress, follow, follow_draw, read_outcome
from requester.offers import choose_offer, find_offers
from requester.opening import Ordering, Terms, make_job, open_jobs
from requester.orders import Work, split_model_name, work_after, work_on
from requester.patience import persistently
from requester.pools import Pools
from requester.results import to_real
from requester.store import Store, StoredJob
from requester.wallet import Wallet
from requester.watching import Watching
from requester.withheld import Withheld
from touchstone.chain.credits import withdraw_credits
from touchstone.chain.disputes import Disputes
from touchstone.chain.market import Market
from touchstone.chain.registry import PublishedModel, Registry
from touchstone.chain.rpc import connect
from touchstone.chain.sender import Sender
from touchstone.chain.stake import Vault
from touchstone.chain.token import Token
from touchstone.coordination.coordinator import Coordinator
from touchstone.errors import (
    InputRefusedError,
    RequestError,
    ResultUnavailableError,
    UnknownJobError,
)
from touchstone.protocol.generation import Prompt, Sampling
from touchstone.protocol.ids import JobId, model_id
from touchstone.protocol.inputs import REFUSED, results_in
from touchstone.protocol.jobs import Action, JobState, Phase, due_action
from touchstone.protocol.payload import decode_payload
from touchstone.protocol.prices import tier_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Unpack

    import numpy as np
    from eth_account.signers.local import LocalAccount
    from numpy.typing import NDArray
    from web3 import Web3

    from requester.delivery import Source
    from touchstone.chain.deployment import Deployment
    from touchstone.programs.manifest import Manifest
    from touchstone.protocol.demands import Demand

_EXITS = (
    Action.EXPIRE,
    Action.ADVANCE,
    Action.CONCLUDE,
    Action.CLOSE_DEMAND,
    Action.ADVANCE_AUDIT,
)


class Client:
    """Orders inference with one account. Safe to use from threads.

    Example:
        client = Client("http://127.0.0.1:8545", deployment, account, home)
        job = client.submit(["a text"], "minilm@1", model_folder=folder)
        client.wait(job)
        vectors = client.real_result(job)
    """

    def __init__(
        self,
        rpc: Web3 | str,
        deployment: Deployment,
        account: LocalAccount,
        home: Path,
        *,
        verifiers: Sequence[str] = (),
        patience_s: float = 10,
        poll_s: float = 0.5,
        never_publish: bool = False,
    ) -> None:
        """Binds the account to the contracts.

        Args:
            rpc: a connection to the chain, or its JSON-RPC address.
            deployment: the contracts.
            account: pays, and gets refunds.
            home: the folder for this requester's data base.
            verifiers: HTTP addresses of verifiers that are given the input for audits.
            patience_s: seconds for which a job may stand still before this client drives it itself;
                it does not let half a deadline pass, unless this is infinite.
            poll_s: seconds between two looks at the chain.
            never_publish: nothing becomes public, whatever it costs. Otherwise an input that a
                provider demands on chain is published there, and an output that no provider hands
                out is demanded there.

        Raises:
            RpcUnreachableError: no chain answers at the address.
            WrongChainError: it is another chain.
        """
        w3 = connect(rpc, deployment.chain_id) if isinstance(rpc, str) else rpc
        self.market = Market(w3, deployment)
        self.vault = Vault(w3, deployment)
        self.disputes = Disputes(w3, deployment)
        self.registry = Registry(w3, deployment)
        self.token = Token(w3, deployment)
        self.account = account
        database = home / "requester.sqlite"
        self.sender = Sender(w3, account, database)
        self.store = Store(database, self.market.contract.address)
        self.pools = Pools(self.vault, home / "pools.sqlite")
        self._coordinator = Coordinator(self.market, self.vault, self.sender)
        self._wallet = Wallet(self.market, self.token, self.sender)
        self._fixing = Fixing(self.market, self.sender, self.store)
        self._withheld = Withheld(
            self.market,
            self.vault,
            self._wallet,
            self.sender,
            account,
            never_publish=never_publish,
            poll_s=poll_s,
        )
        self._verifiers = tuple(verifiers)
        self._patience_s = patience_s
        self._poll_s = poll_s

    # --- ordering --------------------------------------------------------------------------------

    def submit(
        self,
        inputs: Sequence[str] | Sequence[NDArray[np.integer]],
        model: str,
        *,
        model_folder: Path | None = None,
        **how: Unpack[Ordering],
    ) -> StoredJob:
        """Orders the model's output on `inputs`, and returns once the payment is in escrow.

        Args:
            inputs: texts, or arrays of token numbers.
            model: `name@version`.
            model_folder: the compiled model, for its tokenizer; needed for texts.
            how: see `Ordering`.

        Raises:
            RequestError: the order cannot be made; `NoOfferError` where nobody offers it.
            TransactionReverted: the market or the token refuses, for example for lack of tokens.
            BroadcastError: it is unknown whether the order was opened: `resume` finds out.
        """
        (job,) = self.submit_many([inputs], model, model_folder=model_folder, **how)
        return job

    def submit_many(
        self,
        batches: Sequence[Sequence[str] | Sequence[NDArray[np.integer]]],
        model: str,
        *,
        model_folder: Path | None = None,
        **how: Unpack[Ordering],
    ) -> list[StoredJob]:
        """Orders a job for each batch of inputs, all at one price and opened together.

        Args and what is raised are as for `submit`.
        """
        published = self.published(model)
        manifest = read_manifest(model_folder, published)
        width = manifest.output_width if manifest else None
        works = [
            work_on(published, to_sequences(inputs, model_folder), width) for inputs in batches
        ]
        return self.order(works, published, manifest, how)

    def generate(
        self,
        prompts: Sequence[str] | Sequence[NDArray[np.integer]],
        model: str,
        sampling: Sampling,
        *,
        model_folder: Path | None = None,
        **how: Unpack[Ordering],
    ) -> StoredJob:
        """Orders what a language model writes after each prompt; `watching` shows it as it
        is written, `result` what was settled.

        Args:
            prompts: texts, or arrays of token numbers.
            model: `name@version`.
            sampling: how to go on. Prompts after the first have the seeds that follow.
            model_folder: the compiled model, for its tokenizer; needed for texts.
            how: see `Ordering`.

        Raises as `submit` does.
        """
        published = self.published(model)
        manifest = read_manifest(model_folder, published)
        wanted = [
            Prompt(tokens, replace(sampling, seed=(sampling.seed + index) % (1 << 64)))
            for index, tokens in enumerate(to_prompts(prompts, model_folder))
        ]
        work = work_after(published, wanted, vocabulary_of(manifest))
        (job,) = self.order([work], published, manifest, how)
        return job

    def order(
        self,
        works: Sequence[Work],
        published: PublishedModel,
        manifest: Manifest | None,
        how: Ordering,
    ) -> list[StoredJob]:
        """Orders prepared works at one price, and opens them together. Raises as `submit` does."""
        terms = self._terms(published, manifest, how)
        return self._open([make_job(terms, work, how.get("salt")) for work in works])

    def order_deferred(
        self, model: str, shards: Sequence[int], units: int, **how: Unpack[Ordering]
    ) -> list[StoredJob]:
        """Orders a job for each shard whose input is fixed after its draw (`fix_input`): opened
        with one transaction and one transfer, so that all can be drawn at once. They have one salt,
        under which the output of one can be the input of the next.

        Where an input is not fixed in time, the job is refunded but for its seats' reservation
        fees.

        Args:
            model: `name@version`.
            shards: their numbers; the jobs are in this order.
            units: units of work paid for in each job, per replica.
            how: see `Ordering`; prices are per shard, and `shard` is not used.

        Raises as `submit` does.
        """
        published, salt = self.published(model), how.get("salt") or secrets.token_bytes(32)
        found: list[Ordering] = [{**how, "shard": shard} for shard in shards]
        every = [self._terms(published, None, one) for one in found]
        return self._open([make_job(terms, Work(None, units), salt) for terms in every])

    def fix_input(self, job: StoredJob | JobId, payload: bytes) -> StoredJob:
        """Fixes the input of a deferred order's drawn job: from here on its providers compute.
        Returns the job with it. Harmless if repeated with the same bytes.

        Raises:
            RequestError: the order is not deferred, or another input is fixed.
            TransactionReverted: it is too late.
        """
        return self._fixing.fix(self._stored(job), payload)

    def _open(self, jobs: list[StoredJob]) -> list[StoredJob]:
        for job in jobs:
            self.store.add(job)
        open_jobs(self.market, self._wallet, jobs)
        return jobs

    def _terms(self, published: PublishedModel, manifest: Manifest | None, how: Ordering) -> Terms:
        replicas, shard, price = how.get("replicas", 3), how.get("shard", 0), how.get("price")
        offers = find_offers(self.vault, self.pools, published.id, shard, replicas)
        if price is not None:
            offers = [offer for offer in offers if offer.tier == tier_of(price)]
        clock = self.market.clock()
        return Terms(
            requester=self.account.address,
            domain=self.market.domain,
            label=f"{published.name}@{published.version}",
            model=published,
            manifest=manifest,
            shard=shard,
            tier=choose_offer(offers, replicas, how.get("max_price")).tier,
            replicas=replicas,
            strong=how.get("strong", False),
            audit_odds=how.get("audit_odds", 0),
            clock=clock,
            open_by=clock.time + how.get("open_within_s", 600),
        )

    def raise_rung(
        self, job: StoredJob | JobId, replicas: int = 3, *, max_price: int | None = None
    ) -> StoredJob:
        """Orders the same input again from several providers, under the same salt, so that their
        result can be compared with one that was delivered: `agrees` says whether it is the same.

        Where it is not, the earlier result can be challenged on chain while its bond is locked.
        Raises as `submit` does.
        """
        given = self._stored(job)
        if not given.payload:
            raise RequestError("the job's input is not fixed yet: there is nothing to compare")
        how = Ordering(
            replicas=replicas,
            strong=given.order.strong,
            max_price=max_price,
            shard=given.order.shard,
            salt=given.salt,
        )
        work = Work(given.payload, given.order.units)
        (raised,) = self.order([work], self.published(given.model), None, how)
        return raised

    def agrees(self, job: StoredJob | JobId, raised: StoredJob | JobId) -> bool:
        """Whether two settled jobs over one input and salt have one result."""
        first, second = self.outcome(job), self.outcome(raised)
        for outcome in (first, second):
            if not outcome.settled:
                raise ResultUnavailableError(f"a job has no result: it is {outcome.phase.name}")
        return first.output_root == second.output_root

    def resume(self, job: StoredJob | JobId) -> StoredJob:
        """Opens a job that was stored but may not have been opened. An order opens one job only, so
        that repeating this never pays twice. Raises as `submit` does."""
        job = self._stored(job)
        open_jobs(self.market, self._wallet, [job])
        return job

    # --- following -------------------------------------------------------------------------------

    def wait(
        self,
        job: StoredJob | JobId,
        timeout: float = 600,
        on_progress: Callable[[Progress], None] | None = None,
        source: Source | None = None,
    ) -> Outcome:
        """Delivers the input and waits until the job has ended, well or not.

        Where the input is another job's output, `source` names that job and who was paid for it:
        providers are asked to fetch it there first.

        Raises:
            JobTimeoutError: it has not ended within `timeout` seconds; wait again to go on.
            TransactionReverted: the job was never opened, and cannot be now.
        """
        job = self.resume(job)
        domain = self.market.domain
        courier = Courier(job, self.vault, domain, self.account, self._verifiers, source)
        return follow(
            job,
            self.market,
            courier,
            self._coordinator,
            self._withheld,
            reopen=self.resume,
            refix=self._fixing.again,
            timeout_s=timeout,
            patience_s=self._patience_s,
            poll_s=self._poll_s,
            on_progress=on_progress,
        )

    def wait_drawn(self, job: StoredJob | JobId, timeout: float = 600) -> JobState:
        """Waits until providers are drawn for the job, whose input need not be known yet.

        Raises:
            JobTimeoutError: nobody has drawn it within `timeout` seconds.
            ResultUnavailableError: it was refunded.
        """
        return follow_draw(
            self._stored(job),
            self.market,
            self._coordinator,
            reopen=self.resume,
            timeout_s=timeout,
            patience_s=self._patience_s,
            poll_s=self._poll_s,
        )

    def watching(
        self, job: StoredJob | JobId, on_tokens: Callable[[int, Sequence[int]], None]
    ) -> Watching:
        """Tells of a language model's tokens while they are written, for as long as it is entered.

        What is told is not settled yet: compare it with `result`.
        """
        job = self._stored(job)
        return Watching(job, self.market, self.vault, self.account, on_tokens)

    def state(self, job: StoredJob | JobId) -> JobState:
        """The job as the chain has it now."""
        order = self._stored(job).order
        return persistently(lambda: self.market.job(order), patience_s=15)

    def outcome(self, job: StoredJob | JobId) -> Outcome:
        """How the job stands now, without waiting."""
        job = self._stored(job)
        return read_outcome(self.market, job, self.state(job))

    def result(self, job: StoredJob | JobId, patience_s: float = 30) -> list[NDArray[np.int32]]:
        """The result: one int32 array for each input, checked against the settled root.

        Where no paid provider gives the bytes within `patience_s` seconds, they are demanded on
        chain, which takes an answer window at most.

        Raises:
            ResultUnavailableError: the job is not settled, or nobody gives the bytes.
            InputRefusedError: the input breaks a rule, so that there is no result.
        """
        output = self.output(job, patience_s)
        if output == REFUSED:
            raise InputRefusedError(
                "the providers refused the input: it is malformed, longer than the model takes or "
                "than was paid for, or has more output than can be demanded on chain"
            )
        return decode_payload(results_in(self._stored(job).order, output))

    def real_result(
        self, job: StoredJob | JobId, patience_s: float = 30
    ) -> list[NDArray[np.float64]]:
        """The result as real numbers. Raises RequestError without the model's folder."""
        job = self._stored(job)
        rows = self.result(job, patience_s)
        if job.fraction_bits is None or job.output_width is None:
            raise RequestError("the job was submitted without the model's folder: scale unknown")
        return to_real(rows, job.fraction_bits, job.output_width)

    def output(self, job: StoredJob | JobId, patience_s: float = 30) -> bytes:
        """The result's payload. Raises as `result` does."""
        job = self._stored(job)
        kept = self.store.output(job.id)
        if kept is None:
            outcome = self.outcome(job)
            if not outcome.settled:
                why = f" ({outcome.reason})" if outcome.reason else ""
                raise ResultUnavailableError(
                    f"the job has no result: it is {outcome.phase.name}{why}"
                )
            kept = self._withheld.fetch(job, outcome, patience_s)
            self.store.keep_output(job.id, kept)
        return kept

    def audit(self, job: StoredJob | JobId) -> JobState:
        """Has a settled job audited for certain, by a provider that the chain draws; costs a share.

        Raises:
            TransactionReverted: it is too late, an audit goes on, or the result is refuted already.
        """
        job = self._stored(job)
        self._wallet.pay(job.order.share, partial(self.market.request_audit, job.order))
        return self.state(job)

    # --- when bytes are withheld -----------------------------------------------------------------

    def deliver(self, job: StoredJob | JobId) -> None:
        """Publishes a drawn job's input on chain, where everyone can read it, so that no provider
        can say that it lacks it. Raises TransactionReverted where the job is not drawn."""
        self._withheld.publish(self._stored(job))

    def demand(self, job: StoredJob | JobId) -> Demand:
        """Demands a settled job's output on chain, where everyone can read it; `result` awaits it.

        The deposit returns but for the fee of the answer. Unanswered, all payments return.

        Raises:
            RequestError: the job is not settled, or it is too late.
            TransactionReverted: the market or the token refuses, for example for lack of tokens.
        """
        job = self._stored(job)
        return self._withheld.demand(job, self.outcome(job))

    # --- getting money back ----------------------------------------------------------------------

    def reclaim(self, job: StoredJob | JobId) -> JobState:
        """Triggers whatever exit is due by its deadline, and returns the job's state after that."""
        job = self._stored(job)
        state = self.state(job)
        due = due_action(state, self.market.clock(), self.market.parameters)
        if due in _EXITS or (state.phase is Phase.CONTESTED and self.market.verdict_ended(job.id)):
            return self._coordinator.step(job.order)
        return state

    def withdraw(self) -> int:
        """Moves all that is due to the account: refunds at the market, its free stake at the vault,
        which holds its shares of slashed bonds, and what the dispute engine owes it. Returns the
        sum in base units."""
        return withdraw_credits(self.market, self.vault, self.disputes, self.sender)

    def acknowledge(self, job: StoredJob | JobId) -> None:
        """Releases a settled job's payment at once, as thanks for a good result."""
        job = self._stored(job)
        root = self.outcome(job).output_root
        if root is None:
            raise RequestError("only a settled job can be acknowledged")
        self.sender.send(self.market.acknowledge(job.order, root))

    # --- looking up ------------------------------------------------------------------------------

    def jobs(self) -> list[StoredJob]:
        """All jobs of this requester on this market, oldest first."""
        return self.store.all()

    def published(self, model: str) -> PublishedModel:
        """The model version called `name@version`. Raises RequestError if nobody published it."""
        found = self.registry.models(model_id(*split_model_name(model)))
        if not found:
            raise RequestError(f"nobody has published the model {model}")
        return found[0]

    def _stored(self, job: StoredJob | JobId) -> StoredJob:
        if isinstance(job, StoredJob):
            # An input may have been fixed since.
            return job if job.payload else self.store.get(job.id) or job
        found = self.store.get(job)
        if found is None:
            raise UnknownJobError(f"this requester has no job 0x{job.hex()} on this market")
        return found
