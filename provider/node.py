"""Puts a node together: store, executor, watcher, worker and HTTP interface in one process."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provider.actions import Actions
from provider.app import make_app
from provider.auditing import Auditing
from provider.book import JobBook
from provider.capacity import Queued, next_job, units_in_window
from provider.defence import Defence
from provider.drafting import Drafting
from provider.duties import Self
from provider.executor import make_executor
from provider.forwarding import Forwarding
from provider.log import log
from provider.offers import look_up
from provider.service import Service
from provider.signing import Signatory
from provider.store import Store
from provider.watcher import Watcher
from provider.worker import Worker, measured
from touchstone.amounts import format_tokens
from touchstone.chain.disputes import Disputes
from touchstone.chain.market import Market
from touchstone.chain.registry import Registry
from touchstone.chain.sender import Sender
from touchstone.chain.stake import Vault
from touchstone.chain.token import Token
from touchstone.chain.trail import Mark, Trail, hash_of
from touchstone.errors import NodeConfigError, ProgramError, StoreError, WrongChainError
from touchstone.mirrors.serving import add_mirror
from touchstone.mirrors.shelf import Shelf
from touchstone.protocol.jobs import Phase, commit_deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from eth_account.signers.local import LocalAccount
    from fastapi import FastAPI
    from web3 import Web3

    from provider.config import ProviderConfig
    from provider.offers import Served
    from touchstone.chain.deployment import Deployment
    from touchstone.chain.outbox.tending import Tending
    from touchstone.protocol.ids import JobId
    from touchstone.protocol.jobs import Parameters


_LITTLE_GAS = 10**16
"""0.01 ether."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node works: a chain and the contracts on it."""

    w3: Web3
    deployment: Deployment


class Node:
    """One provider's node. `start`, serve `app`, `stop`."""

    app: FastAPI

    def __init__(
        self,
        config: ProviderConfig,
        account: LocalAccount,
        place: Place,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Loads and checks everything before anything is served.

        Args:
            config: what is offered and where.
            account: the provider's key.
            place: the chain.
            tell: told what is being done, since loading takes its time.

        Raises:
            NodeConfigError: there is nothing to offer.
            WrongModelError: a folder holds another model than the chain knows by that name.
            StoreError: the data folder is in use or another's.
        """
        offers = config.resolved_offers()
        if not offers:
            raise NodeConfigError("there is no [[offers]] section: a node must offer something")
        market = Market(place.w3, place.deployment)
        tell("looking up the models")
        served = look_up(Registry(place.w3, place.deployment), offers)
        self._served = served
        self._market = market
        self.address = account.address
        self.store = Store(config.node.data, _identity(market, account))
        try:
            trail = _trail(self.store, place)
            tell("loading and verifying the models")
            self._executor = make_executor(config.node, served)
            models = {s.offer.model: s.published for s in served}
            self.worker = Worker(self.store, self._executor, models, self._choose, self._on_result)
            tell("measuring speed")
            self.worker.speed = measured(self._executor, served)
            me = Self(account.address, _born(self.store, market))
            vault = Vault(place.w3, place.deployment)
            book = self._book = JobBook(
                market,
                vault,
                self.store,
                {s.offer.pool: s for s in served},
                me,
                trail,
            )
            signatory = Signatory(account, market.domain, self.store)
            self._token = Token(place.w3, place.deployment)
            self._sender = Sender(place.w3, account, config.node.data / "outbox.sqlite")
            self._tending: Tending | None = None
            self._actions = Actions(
                market, self._sender, signatory, self.store, book.refresh, self._token
            )
            self.watcher = Watcher(
                book,
                self._actions,
                config.node.poll_seconds,
                _keep_s(config, market.parameters),
            )
            self._disputes = Disputes(place.w3, place.deployment)
            self.defence = Defence(
                book,
                self._disputes,
                vault,
                self._sender,
                self._executor,
                models,
                config.node.poll_seconds,
            )
            self.auditing = Auditing(
                book,
                self._disputes,
                vault,
                self._token,
                self._sender,
                signatory,
                self.worker,
                config.node.poll_seconds,
            )
            service = Service(
                book,
                self.worker,
                signatory,
                self.watcher.catch_up,
                config.node.max_queued,
                self.defence.opening,
            )
            self._actions.give_inputs_to(service.take_published)
            self.app = make_app(
                service,
                Forwarding(service, vault),
                Drafting(book, self.worker, signatory, vault),
                self.health,
            )
            if config.node.mirror_mib_s:
                add_mirror(self.app, _shelf(served), config.node.mirror_mib_s)
        except BaseException:
            self.store.close()
            raise

    def start(self) -> None:
        """Learns all obligations from the chain, then works on them."""
        self._tending = self._sender.tend()
        self.watcher.start()
        self.worker.start()
        self.defence.lookout.start()
        self.auditing.lookout.start()
        self._warn_of_overload()
        if self._market.w3.eth.get_balance(self.address) < _LITTLE_GAS:
            # Without gas it earns, but cannot defend itself when it is ignored.
            log("little gas: fund this account", logging.WARNING, provider=self.address)
        deposit = max(self._market.answer_deposit, self._disputes.bond)
        if self._token.balance_of(self.address) < deposit:
            # Without it, a requester that withholds an input can have it slashed for silence, and a
            # wrong result that it is drawn to audit goes undisputed.
            log(
                "no deposit to demand an input or to dispute a result: send this account tokens",
                logging.WARNING,
                provider=self.address,
                deposit=format_tokens(deposit),
            )
        speed = round(self.worker.speed.rows_per_second)
        log("node is up", provider=self.address, rows_per_second=speed)

    def stop(self) -> None:
        """Ends in good order: nothing that was promised is lost, a restart takes it up."""
        self.watcher.stop()
        self.worker.stop()
        self.auditing.lookout.stop()
        self.defence.lookout.stop()
        self._actions.close()
        if self._tending is not None:
            self._tending.stop()
        self.store.close()
        log("node has stopped", provider=self.address)

    def health(self) -> dict[str, object]:
        """What `GET /health` tells."""
        return {
            "provider": self.address,
            "chain_id": self._market.domain.chain_id,
            "market": self._market.domain.market,
            "models": [
                {
                    "model": "0x" + s.offer.model.hex(),
                    "name": s.offer.name,
                    "version": s.offer.version,
                    "shard": s.offer.shard,
                    "tier": s.offer.tier,
                }
                for s in self._served
            ],
            "queued": self.store.queued(),
            "engine": self._executor.describe(),
        }

    def _choose(self, waiting: list[tuple[JobId, int]]) -> JobId | None:
        """The job to execute next: see `capacity.schedule`."""
        queue = []
        for job, rows in waiting:
            state = self._book.state(job)
            drawn = state is not None and state.phase is Phase.DRAWN
            deadline = commit_deadline(state, self._market.parameters) if state and drawn else None
            queue.append(Queued(job, rows, deadline))
        return next_job(queue, self._book.clock.time, self.worker.speed.rows_per_second)

    def _warn_of_overload(self) -> None:
        """Says where more was pledged than this machine finishes in one commit window."""
        for one in self._served:
            units = units_in_window(
                self.worker.speed.rows_per_second,
                self._market.parameters.commit_window,
                one.published.unit_rows,
            )
            if one.offer.slots > units:
                log(
                    "more slots than can be finished in time",
                    logging.WARNING,
                    model=one.offer.label,
                    slots=one.offer.slots,
                    units_in_a_commit_window=units,
                )

    def _on_result(self, _: object) -> None:
        self.watcher.nudge()


def _identity(market: Market, account: LocalAccount) -> str:
    domain = market.domain
    return f"chain {domain.chain_id}, market {domain.market}, provider {account.address}"


def _shelf(served: list[Served]) -> Shelf:
    """The model folders, for others to fetch."""
    shelf = Shelf()
    for folder in dict.fromkeys(one.offer.folder for one in served):
        try:
            shelf.add(folder)
        except ProgramError as error:
            # An executor other than the exact one may have no model folder.
            log("not mirrored", folder=str(folder), reason=str(error))
    return shelf


def _keep_s(config: ProviderConfig, parameters: Parameters) -> int:
    """Seconds for which inputs and outputs are kept: at least as long as they can be demanded on
    chain, and as the bonds that stand for them can be held."""
    return max(config.node.keep_days * 86_400, parameters.longest_lock + parameters.contest_window)


def _born(store: Store, market: Market) -> int:
    """The chain's time at which this data base began."""
    born = store.meta("born")
    if born is None:
        born = str(market.clock().time)
        store.set_meta("born", born)
    return int(born)


def _trail(store: Store, place: Place) -> Trail:
    """The blocks seen so far, from that of the deployment on.

    Raises:
        StoreError: this is another chain; a development chain that was started anew has the same
            number and the same addresses.
    """
    marks = store.trail()
    if not marks:
        first = hash_of(place.w3, place.deployment.block)
        if first is None:
            raise StoreError(f"the chain has no block {place.deployment.block}: wrong deployment?")
        marks = [Mark(place.deployment.block, first)]
        store.keep_trail(marks)
    trail = Trail(place.w3, marks)
    try:
        trail.require_same_chain()
    except WrongChainError as error:
        raise StoreError(
            "the data folder belongs to a chain that has been started anew since: remove it if "
            "that was a development chain, or set another node.data"
        ) from error
    return trail
