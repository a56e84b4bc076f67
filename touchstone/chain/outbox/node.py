"""What an outbox asks of a node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from web3._utils.error_formatters_utils import raise_contract_logic_error_on_revert
from web3._utils.method_formatters import receipt_formatter
from web3.datastructures import AttributeDict
from web3.types import RPCEndpoint

from touchstone.chain.finality import Finality, final_block
from touchstone.chain.outbox.refusals import Refusal, meaning_of
from touchstone.chain.outbox.rows import Mined
from touchstone.chain.outbox.steps import View
from touchstone.chain.reverts import decoded_reverts
from touchstone.chain.rpc import ask_together, error_message, result_of
from touchstone.errors import BroadcastError, ChainError, RpcUnreachableError, TransactionReverted

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress
    from web3 import HTTPProvider, Web3
    from web3.types import RPCResponse, TxReceipt

    from touchstone.chain.outbox.rows import Attempt, Row

_ATTEMPTS = 3
_LATEST = ("eth_getBlockByNumber", ["latest", False])


@dataclass(frozen=True, slots=True)
class Prices:
    """What gas costs now, in wei for a unit.

    Attributes:
        base_fee: the newest block's.
        priority: what the node suggests to give to the proposer.
    """

    base_fee: int
    priority: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A node does not take a transaction.

    Attributes:
        why: what it means.
        words: what it says.
    """

    why: Refusal
    words: str


class Node:
    """Everything that an outbox learns from and tells the chain, for one account."""

    def __init__(self, w3: Web3, address: ChecksumAddress, finality: Finality | None) -> None:
        """Asks the chain who it is. A `finality` of None takes what suits the chain."""
        self.w3 = w3
        self._address = address
        asked = [("eth_chainId", []), ("eth_getBlockByNumber", ["0x0", False])]
        answers = ask_together(w3, asked)
        self.chain_id = int(result_of(answers[0]), 16)
        self.finality = finality or Finality.of_chain(self.chain_id)
        # Development chains share their number, but not the time at which they began.
        genesis = answers[1].get("result")
        self.chain = f"{self.chain_id}/{genesis['hash'] if genesis else 'unknown'}"

    def prices(self) -> Prices:
        """What gas costs. A change of the chain behind the connection is noticed here.

        Raises:
            WrongChainError: another chain answers by now.
            LaggingRpcError: the node is behind what it has shown before.
        """
        asked = [("eth_chainId", []), _LATEST, ("eth_maxPriorityFeePerGas", [])]
        _, block, priority = ask_together(self.w3, asked)
        base_fee = result_of(block).get("baseFeePerGas")
        if base_fee is None:
            raise ChainError("the chain has no base fee: it lacks EIP-1559, which is needed")
        # Not all nodes suggest a fee; web3 then derives one from the newest blocks.
        known = "result" in priority
        suggested = int(priority["result"], 16) if known else self.w3.eth.max_priority_fee
        return Prices(int(base_fee, 16), suggested)

    def nonce(self) -> int:
        """The first that neither a block nor what waits at the node uses."""
        return self._number("eth_getTransactionCount", self._address, "pending")

    def broadcast(self, attempt: Attempt) -> Refused | None:
        """Sends the same signed bytes until the node has them: a lost answer costs nothing. Returns
        why it refuses, or None where it has them.

        Raises:
            BroadcastError: it is unknown whether it has them.
        """
        failure: object = None
        for _ in range(_ATTEMPTS):
            try:
                answer = self._ask("eth_sendRawTransaction", "0x" + attempt.raw.hex())
                if "error" not in answer:
                    return None
                words = error_message(answer)
                refused = Refused(meaning_of(words), words)
                # An answer lost before may have been a yes: the node then refuses a repetition.
                if refused.why is Refusal.KNOWN or self._has(attempt):
                    return None
            except RpcUnreachableError as error:
                failure = error
                continue
            if failure is None:
                return refused
            failure = words
        raise BroadcastError(
            f"it is unknown whether the node accepted transaction {attempt.hash}: {failure}",
            attempt.hash,
        )

    def receipt(self, row: Row) -> TxReceipt | None:
        """Of whichever attempt is in a block."""
        for answer in ask_together(self.w3, _receipts(row)):
            if _mined(answer) is not None:
                raw: Any = answer["result"]
                return cast("TxReceipt", AttributeDict.recursive(receipt_formatter(raw)))
        return None

    def look(self, row: Row) -> View:
        """Everything that a decision about the row rests on. Raises as `prices` does."""
        prices = self.prices()
        final = final_block(self.w3, self.finality)
        counts = [("eth_getTransactionCount", [self._address, "latest"])]
        if final >= 0:
            counts.append(("eth_getTransactionCount", [self._address, hex(final)]))
        nonces = [int(result_of(answer), 16) for answer in ask_together(self.w3, counts)]
        # Only now: had receipts been read first, one that was mined meanwhile would look like
        # another's transaction.
        pool = [("eth_getTransactionByHash", [attempt.hash]) for attempt in row.attempts]
        answers = ask_together(self.w3, _receipts(row) + pool)
        receipts, pooled = answers[: len(row.attempts)], answers[len(row.attempts) :]
        return View(
            mined_nonce=nonces[0],
            final_nonce=nonces[1] if final >= 0 else 0,
            final_block=final,
            receipt=next((mined for answer in receipts if (mined := _mined(answer))), None),
            known=any(result_of(answer) is not None for answer in pooled),
            base_fee=prices.base_fee,
            priority=prices.priority,
        )

    def refusal(self, row: Row) -> str:
        """Why the contract would refuse the row's call in the next block; empty if it would not."""
        try:
            self.estimate(row.to, row.data, row.value)
        except TransactionReverted as error:
            return str(error)
        except RpcUnreachableError:
            raise
        except ChainError:
            # Not the contract's word: the account may be short of coins.
            pass
        return ""

    def estimate(self, to: str | None, data: bytes, value: int) -> int:
        """Gas that a call needs in the next block, since some calls wait for a block.

        Raises:
            TransactionReverted: the contract refuses it.
            ChainError: the node refuses it, for example for lack of funds.
        """
        return int(self._tried("eth_estimateGas", to, data, value, "pending"), 16)

    def try_call(
        self,
        row: Row,
        block: int | Literal["pending"],
        transaction_hash: str | None = None,
    ) -> None:
        """Makes the row's call without sending it. Raises as `estimate` does; an exception for a
        revert carries the hash."""
        at = block if isinstance(block, str) else hex(block)
        self._tried("eth_call", row.to, row.data, row.value, at, transaction_hash, gas=hex(row.gas))

    def _tried(
        self,
        method: str,
        to: str | None,
        data: bytes,
        value: int,
        block: str,
        hash_: str | None = None,
        **more: str,
    ) -> str:
        call = {"from": self._address, "data": "0x" + data.hex(), "value": hex(value)} | more
        if to is not None:
            call["to"] = to
        answer = self._ask(method, call, block)
        if "error" in answer:
            with decoded_reverts(hash_):
                raise_contract_logic_error_on_revert(answer)
            raise ChainError(f"the node refused the transaction: {error_message(answer)}")
        return str(answer["result"])

    def _has(self, attempt: Attempt) -> bool:
        return self._ask("eth_getTransactionByHash", attempt.hash).get("result") is not None

    def _number(self, method: str, *parameters: Any) -> int:
        return int(result_of(self._ask(method, *parameters)), 16)

    def _ask(self, method: str, *parameters: Any) -> RPCResponse:
        # Without web3's middleware, which asks for the chain's number before every trial.
        provider = cast("HTTPProvider", self.w3.provider)
        return provider.make_request(RPCEndpoint(method), list(parameters))


def _receipts(row: Row) -> list[tuple[str, list[Any]]]:
    return [("eth_getTransactionReceipt", [attempt.hash]) for attempt in row.attempts]


def _mined(answer: Any) -> Mined | None:
    """From a raw receipt. Some nodes give an error where they are still at it."""
    receipt = answer.get("result")
    if not receipt or receipt.get("blockNumber") is None:
        return None
    ok = int(receipt["status"], 16) == 1
    return Mined(receipt["transactionHash"], int(receipt["blockNumber"], 16), ok)
