"""The one way out for the transactions of a key."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from touchstone.chain.outbox.fees import first_fees
from touchstone.chain.outbox.locks import key_lock
from touchstone.chain.outbox.node import Node, Prices
from touchstone.chain.outbox.policy import Policy
from touchstone.chain.outbox.refusals import Refusal
from touchstone.chain.outbox.rows import Attempt, Mined, Objection, Row, State
from touchstone.chain.outbox.steps import (
    Abandon,
    Ask,
    Broadcast,
    Cancel,
    Finish,
    Record,
    Reopen,
    Replace,
    Requeue,
    Wait,
    next_step,
)
from touchstone.chain.outbox.store import Store
from touchstone.errors import BroadcastError, ChainError, RpcUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from eth_account.signers.local import LocalAccount
    from web3 import Web3
    from web3.types import TxReceipt

    from touchstone.chain.finality import Finality
    from touchstone.chain.outbox.fees import Fees

_log = logging.getLogger(__name__)

_NONCES_TRIED = 3
_LEAST_GAS = 21_000


class Outbox:
    """Keeps what one account sends, and follows it. Safe to use from threads and processes.

    An intent is on disk before it is broadcast, so that a process killed at any point finds it
    again: with its nonce and all its signed bytes, none of which can be mined beside another.
    """

    def __init__(
        self,
        w3: Web3,
        account: LocalAccount,
        database: Path | None = None,
        *,
        policy: Policy | None = None,
        finality: Finality | None = None,
        poll_s: float = 0.1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Binds an account to the chain behind `w3`.

        Args:
            w3: a connection to the chain.
            account: signs and pays.
            database: the file for the rows; None keeps them in memory.
            policy: fees and patience; None takes them from the environment.
            finality: when a block is irrevocable; None takes what suits the chain.
            poll_s: seconds between two looks for a receipt.
            clock: seconds since 1970.
        """
        self.node = Node(w3, account.address, finality)
        self._account = account
        self._policy = policy or Policy.from_settings()
        self._poll_s = poll_s
        self._clock = clock
        self._store = Store(database, self.node.chain, account.address)
        self._tended_at = -float("inf")

    # --- looking ---------------------------------------------------------------------------------

    def pending(self) -> list[Row]:
        """What is not irrevocable yet, by nonce."""
        return self._store.open()

    def find(self, key: str) -> Row | None:
        """The row of an intent that is done, failed or under way; None where it may be sent: it
        never was, or it is irrevocable that it was not done."""
        row = self._store.named(key)
        undone = row is None or (row.final and row.state is not State.MINED)
        return None if undone else row

    # --- sending ---------------------------------------------------------------------------------

    def submit(
        self, to: str | None, data: bytes, value: int, gas: int, prices: Prices, key: str | None
    ) -> Row:
        """Stores an intent, then broadcasts it. Where its key is known, returns what `find` does.

        Args:
            to: the address called; None creates a contract.
            data: the call's bytes.
            value: wei that go with it.
            gas: its limit.
            prices: what gas costs now.
            key: the intent's name: what bears it is done once at most.

        Raises:
            BroadcastError: it is unknown whether a node has it; it is followed all the same.
            ChainError: the node refuses it, and nothing is kept.
        """
        with self._lock():
            if key is not None and (row := self.find(key)) is not None:
                return row
            fees = first_fees(prices.base_fee, prices.priority, self._policy.fee_cap(gas))
            nonce = self._free_nonce()
            words = ""
            for _ in range(_NONCES_TRIED):
                unsigned = Row(nonce, key, to, data, value, gas, (), self._clock())
                row = self._store.put(replace(unsigned, attempts=(self._sign(unsigned, fees),)))
                refused = self.node.broadcast(row.last)
                if refused is None:
                    return self._store.note(row.taken())
                words = refused.words
                if refused.why is Refusal.UNDERPRICED:
                    return self._store.note(row.refused(Objection.PRICE, words))
                if refused.why is Refusal.LATER:
                    return self._store.note(row.waiting(words))
                # No node has it: what was signed is void.
                self._store.remove(row)
                if refused.why is Refusal.POOR:
                    self._raise_poor(words)
                if refused.why is Refusal.INVALID:
                    break
                # Another process with this key, elsewhere, was faster. Not every node counts what
                # waits with it.
                nonce = max(self._free_nonce(), nonce + (refused.why is Refusal.OCCUPIED))
        raise ChainError(f"the node refused the transaction: {words}")

    def follow(self, row: Row, timeout_s: float) -> tuple[Row, TxReceipt | None]:
        """Waits until it is known what became of a row, and does what is needed for that. Returns
        it, or the row that went on with its intent; the receipt is None where none of its
        transactions was mined.

        Raises:
            BroadcastError: it is not known after `timeout_s` seconds; it may still be mined.
        """
        deadline = time.monotonic() + timeout_s
        look_at = time.monotonic() + self._policy.look_every
        if row.ended:
            # Stored by a process that may have ended long ago.
            row = self._looked_after(row)
        try:
            while not row.ended:
                if (receipt := self.node.receipt(row)) is not None:
                    return self._found(row, receipt), receipt
                now = time.monotonic()
                if now >= deadline:
                    raise _unknown(row)
                if now >= look_at or row.objection is not Objection.NONE:
                    row = self._looked_after(row)
                    look_at = time.monotonic() + self._policy.look_every
                time.sleep(0 if row.ended else self._poll_s)
            return row, self.node.receipt(row)
        except RpcUnreachableError as error:
            raise _unknown(row) from error

    # --- looking after ---------------------------------------------------------------------------

    def tend(self, every_s: float = 0) -> None:
        """Does what is due for all rows that are not final: broadcasts, replaces, cancels, finds
        out. Call it at the start and now and then: it asks the chain only where there are such
        rows, and nothing where it did so less than `every_s` seconds ago.

        Raises:
            RpcUnreachableError: the chain does not answer.
        """
        if time.monotonic() - self._tended_at < every_s:
            return
        self._tended_at = time.monotonic()
        if self._store.open():
            self._tend(lambda row: not self._fresh(row))
            with self._lock():
                self._store.purge(self._clock() - self._policy.keep)

    def follow_undone(self) -> None:
        """Looks again after what counted as irrevocable and whose nonce is free all the same, as
        after a reorganisation of a development chain: nothing with a later nonce could be mined.
        Call it before anything new is sent, and before it is known what that would do."""
        with self._lock():
            for row in self._store.done_from(self.node.nonce()):
                self._drive(self._store.put(row.undone()))

    def _fresh(self, row: Row) -> bool:
        """Whether whoever sent the row is following it, as far as one can tell."""
        young = self._clock() - row.since < self._policy.look_every
        return row.state is State.BROADCAST and len(row.attempts) == 1 and young

    def _looked_after(self, row: Row) -> Row:
        """Does what is due for a row and for those before it; returns what goes on with it."""
        if row.final:
            self.follow_undone()
        self._tend(lambda other: other.nonce <= row.nonce)
        found = self._store.get(row.nonce)
        if found is not None and found.state is State.ABANDONED and found.key is not None:
            found = self._store.named(found.key)
        if found is None:
            raise ChainError(f"the outbox no longer has nonce {row.nonce}")
        return found

    def _tend(self, wanted: Callable[[Row], bool]) -> None:
        with self._lock():
            for row in self._store.open():
                if wanted(row):
                    self._drive(row)

    def _drive(self, row: Row) -> None:
        view = self.node.look(row)
        while True:
            match next_step(row, view, self._clock(), self._policy):
                case Ask():
                    view = replace(view, refusal=self.node.refusal(row))
                case Record(mined):
                    row = self._store.note(row.found(mined, self.node.finality.immediate))
                    if row.final:
                        return
                case Reopen():
                    row = self._tell(row.dropped(self._clock()))
                case Finish():
                    self._store.note(row.settled())
                    return
                case Wait(why):
                    if why != row.reason:
                        self._tell(row.waiting(why))
                    return
                case Broadcast():
                    self._broadcast(row)
                    return
                case Replace(fees):
                    self._try(row, self._sign(row, fees), f"replaced, to offer {fees.max_fee} wei")
                    return
                case Cancel(fees, why):
                    self._try(row, self._sign_nothing(row, fees), why)
                    return
                case Abandon(why):
                    self._tell(row.lost(why))
                    return
                case Requeue(why):
                    self._requeue(row, why)
                    return

    def _requeue(self, row: Row, why: str) -> None:
        if refusal := self.node.refusal(row):
            self._tell(row.lost(f"{why}; not done again, since the contract says: {refusal}"))
            return
        prices = self.node.prices()
        fees = first_fees(prices.base_fee, prices.priority, self._policy.fee_cap(row.gas))
        unsigned = Row(
            self._free_nonce(), row.key, row.to, row.data, row.value, row.gas, (), self._clock()
        )
        again = replace(unsigned, attempts=(self._sign(unsigned, fees),))
        _log.warning("nonce %d: %s; done at nonce %d instead", row.nonce, why, again.nonce)
        self._store.move(row.lost(why), again)
        self._broadcast(again)

    def _try(self, row: Row, attempt: Attempt, why: str) -> None:
        self._broadcast(self._tell(row.tried(attempt, self._clock(), why)))

    def _broadcast(self, row: Row) -> None:
        try:
            refused = self.node.broadcast(row.last)
        except BroadcastError as error:
            _log.warning("nonce %d: %s", row.nonce, error)
            return
        if refused is None:
            self._store.note(row.taken())
        elif refused.why in (Refusal.UNDERPRICED, Refusal.OCCUPIED):
            self._tell(row.refused(Objection.PRICE, refused.words))
        elif refused.why is Refusal.INVALID:
            self._tell(row.refused(Objection.RULE, refused.words))
        else:
            self._tell(row.waiting(refused.words))

    # --- parts -----------------------------------------------------------------------------------

    def _lock(self) -> AbstractContextManager[None]:
        return key_lock(self.node.chain, self._account.address)

    def _free_nonce(self) -> int:
        return max(self.node.nonce(), self._store.next_nonce())

    def _found(self, row: Row, receipt: TxReceipt) -> Row:
        name = receipt["transactionHash"].to_0x_hex()
        mined = Mined(name, receipt["blockNumber"], receipt["status"] == 1)
        with self._lock():
            # With whatever attempts others have added meanwhile.
            row = self._store.get(row.nonce) or row
            return self._store.note(row.found(mined, self.node.finality.immediate))

    def _tell(self, row: Row) -> Row:
        _log.warning("nonce %d, %s: %s", row.nonce, row.key or "without a name", row.reason)
        return self._store.put(row)

    def _sign(self, row: Row, fees: Fees) -> Attempt:
        return self._signed(row.nonce, row.to, row.data, row.value, row.gas, fees, cancels=False)

    def _sign_nothing(self, row: Row, fees: Fees) -> Attempt:
        """A transfer of nothing to oneself."""
        me = self._account.address
        gas = min(max(self.node.estimate(me, b"", 0), _LEAST_GAS), row.gas)
        return self._signed(row.nonce, me, b"", 0, gas, fees, cancels=True)

    def _signed(
        self,
        nonce: int,
        to: str | None,
        data: bytes,
        value: int,
        gas: int,
        fees: Fees,
        *,
        cancels: bool,
    ) -> Attempt:
        transaction: dict[str, Any] = {
            "type": 2,
            "chainId": self.node.chain_id,
            "nonce": nonce,
            "data": data,
            "value": value,
            "gas": gas,
            "maxFeePerGas": fees.max_fee,
            "maxPriorityFeePerGas": fees.priority,
        }
        if to is not None:
            transaction["to"] = to
        signed = self._account.sign_transaction(transaction)
        return Attempt(signed.hash.to_0x_hex(), bytes(signed.raw_transaction), fees, cancels)

    def _raise_poor(self, words: str) -> None:
        address = self._account.address
        if self.node.w3.eth.get_balance(address) == 0:
            raise ChainError(
                f"account {address} has no ether to pay for gas: send it some, on a "
                "development chain with `touchstone devnet fund`"
            )
        raise ChainError(f"account {address} cannot pay for the transaction: {words}")


def _unknown(row: Row) -> BroadcastError:
    hash_ = row.last.hash
    why = f" ({row.reason})" if row.reason else ""
    return BroadcastError(
        f"no receipt for transaction {hash_} yet{why}; it may still be mined", hash_
    )
