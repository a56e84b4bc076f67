"""Sends transactions and waits for them.

What was sent is known to this process only: a persisted outbox, which survives a crash between
broadcast and receipt, comes at a later stage and will wrap this class.
"""

from __future__ import annotations

from collections import defaultdict
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, cast

from hexbytes import HexBytes
from web3.exceptions import TimeExhausted, TransactionNotFound, Web3RPCError

from touchstone.chain.reverts import decode_revert, decoded_reverts
from touchstone.errors import BroadcastError, ChainError, GasLimitError, RpcUnreachableError

if TYPE_CHECKING:
    from eth_account.datastructures import SignedTransaction
    from eth_account.signers.local import LocalAccount
    from eth_typing import ChecksumAddress
    from web3 import Web3
    from web3.types import TxParams, TxReceipt, Wei

    from touchstone.chain.artifacts import Artifact

TRANSACTION_GAS_CAP = 1 << 24
"""The most gas one transaction may have (EIP-7825)."""
_ATTEMPTS = 3
_nonce_locks: defaultdict[tuple[int, str], Lock] = defaultdict(Lock)


class Call(Protocol):
    """What can be sent: a bound contract function or a contract constructor of web3."""

    def build_transaction(self, transaction: TxParams | None = None) -> TxParams:
        """The transaction that makes the call."""


class Sender:
    """Signs with one account. Safe to use from threads: nonces are handed out one at a time."""

    def __init__(
        self,
        w3: Web3,
        account: LocalAccount,
        *,
        gas_margin: float = 1.25,
        gas_cap: int = TRANSACTION_GAS_CAP,
        timeout_s: float = 120,
        poll_s: float = 0.1,
    ) -> None:
        """Binds `account` to the chain behind `w3`.

        Args:
            w3: a connection to the chain.
            account: pays for and signs each transaction.
            gas_margin: a transaction's gas limit is its estimate times this.
            gas_cap: refuse whatever is estimated to need more gas than this.
            timeout_s: how long to wait for a receipt.
            poll_s: seconds between two looks for a receipt.
        """
        self.w3 = w3
        self.account = account
        self._gas_margin = gas_margin
        self._gas_cap = gas_cap
        self._timeout_s = timeout_s
        self._poll_s = poll_s
        self._chain_id = w3.eth.chain_id
        self._nonce_lock = _nonce_locks[self._chain_id, account.address]

    @property
    def address(self) -> ChecksumAddress:
        """The account's address."""
        return self.account.address

    def send(self, call: Call, value: int = 0) -> TxReceipt:
        """Makes `call` and waits until it is mined; the receipt tells the gas used.

        Raises:
            TransactionReverted: the contract refuses it, now or once mined, and why.
            GasLimitError: it needs more gas than one transaction may have.
            BroadcastError: no receipt in time; the transaction may still be mined.
            ChainError: the node refuses the transaction, for example for lack of funds.
        """
        transaction = self._prepare(call, value)
        signed = self._sign_and_broadcast(transaction)
        receipt = self._wait(signed.hash)
        if receipt["status"] != 1:
            self._raise_why(transaction, receipt)
        return receipt

    def deploy(self, artifact: Artifact, *arguments: object) -> ChecksumAddress:
        """Deploys a built contract and returns its address. Raises as `send` does."""
        contract = self.w3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
        address = self.send(contract.constructor(*arguments))["contractAddress"]
        if address is None:
            raise ChainError(f"the receipt of {artifact.name}'s deployment names no contract")
        return address

    def _prepare(self, call: Call, value: int) -> TxParams:
        """The transaction with gas and fees but without its nonce."""
        priority_fee = self.w3.eth.max_priority_fee
        base_fee = self.w3.eth.get_block("latest")["baseFeePerGas"]
        transaction = call.build_transaction(
            {
                "from": self.address,
                "chainId": self._chain_id,
                "value": cast("Wei", value),
                "maxPriorityFeePerGas": priority_fee,
                # Twice the base fee stays enough for five full blocks in a row.
                "maxFeePerGas": cast("Wei", 2 * base_fee + priority_fee),
                "gas": 0,
            }
        )
        del transaction["gas"]
        try:
            with decoded_reverts():
                # As in the next block, where it will run: some calls wait for a block.
                estimate = self.w3.eth.estimate_gas(transaction, "pending")
        except Web3RPCError as error:
            if self.w3.eth.get_balance(self.address) == 0:
                raise ChainError(
                    f"account {self.address} has no ether to pay for gas: send it some, on a "
                    "development chain with `touchstone devnet fund`"
                ) from error
            raise ChainError(f"the node refused the transaction: {_message(error)}") from error
        if estimate > self._gas_cap:
            raise GasLimitError(
                f"the transaction needs {estimate} gas, more than the cap of {self._gas_cap}"
            )
        transaction["gas"] = min(int(estimate * self._gas_margin), self._gas_cap)
        return transaction

    def _sign_and_broadcast(self, transaction: TxParams) -> SignedTransaction:
        with self._nonce_lock:
            for attempt in range(_ATTEMPTS):
                transaction["nonce"] = self.w3.eth.get_transaction_count(self.address, "pending")
                signed = self.account.sign_transaction(cast("Any", transaction))
                try:
                    self._broadcast(signed)
                except Web3RPCError as error:
                    # Another process spent the nonce: what was signed is void, so sign anew.
                    if "nonce too low" in str(error).lower() and attempt + 1 < _ATTEMPTS:
                        continue
                    raise ChainError(
                        f"the node refused the transaction: {_message(error)}"
                    ) from error
                return signed
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _broadcast(self, signed: SignedTransaction) -> None:
        """Sends the same signed bytes until the node has them: a lost answer costs nothing."""
        failure: Exception | None = None
        for _ in range(_ATTEMPTS):
            try:
                self.w3.eth.send_raw_transaction(signed.raw_transaction)
                return
            except RpcUnreachableError as error:
                failure = error
            except Web3RPCError as error:
                # An answer lost before may have been a yes: the node then refuses a repetition.
                if self._has(signed.hash):
                    return
                if failure is None:
                    raise
                failure = error
        name = signed.hash.to_0x_hex()
        raise BroadcastError(
            f"it is unknown whether the node accepted transaction {name}", name
        ) from failure

    def _has(self, transaction_hash: HexBytes) -> bool:
        try:
            self.w3.eth.get_transaction(transaction_hash)
        except TransactionNotFound:
            return False
        return True

    def _wait(self, transaction_hash: HexBytes) -> TxReceipt:
        try:
            return self.w3.eth.wait_for_transaction_receipt(
                transaction_hash, timeout=self._timeout_s, poll_latency=self._poll_s
            )
        except (TimeExhausted, RpcUnreachableError) as error:
            name = transaction_hash.to_0x_hex()
            raise BroadcastError(
                f"no receipt for transaction {name} yet; it may still be mined", name
            ) from error

    def _raise_why(self, transaction: TxParams, receipt: TxReceipt) -> None:
        """Repeats a failed transaction to learn what refused it: on the state before its block,
        and, since some refusals depend on a block's time, on that of the block itself."""
        name = receipt["transactionHash"].to_0x_hex()
        for block in (receipt["blockNumber"] - 1, receipt["blockNumber"]):
            with decoded_reverts(name):
                self.w3.eth.call(transaction, block)
        raise decode_revert(b"", name)


def _message(error: Web3RPCError) -> str:
    response = error.rpc_response
    detail = response.get("error") if response else None
    return str(detail.get("message")) if isinstance(detail, dict) else str(error)
