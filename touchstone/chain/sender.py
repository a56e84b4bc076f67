"""Makes contract calls and waits for them: from a call to a transaction, and from a transaction
that was refused to the broken rule. The outbox does what lies between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from hexbytes import HexBytes

from touchstone.chain.outbox import Outbox, State
from touchstone.chain.outbox.tending import Tending
from touchstone.chain.reverts import decode_revert
from touchstone.errors import AbandonedError, ChainError, GasLimitError

if TYPE_CHECKING:
    from pathlib import Path

    from eth_account.signers.local import LocalAccount
    from eth_typing import ChecksumAddress
    from web3 import Web3
    from web3.types import TxParams, TxReceipt

    from touchstone.chain.artifacts import Artifact
    from touchstone.chain.finality import Finality
    from touchstone.chain.outbox import Policy, Row

TRANSACTION_GAS_CAP = 1 << 24
"""The most gas one transaction may have (EIP-7825)."""
_TEND_EVERY_S = 10


class Call(Protocol):
    """What can be sent: a bound contract function or a contract constructor of web3."""

    def build_transaction(self, transaction: TxParams | None = None) -> TxParams:
        """The transaction that makes the call."""


class Sender:
    """Sends with one account. Safe to use from threads, and from processes with the same key.

    Attributes:
        w3: the chain.
        account: who pays and signs.
        outbox: what was sent, and what has become of it.
    """

    def __init__(
        self,
        w3: Web3,
        account: LocalAccount,
        database: Path | None = None,
        *,
        gas_margin: float = 1.25,
        gas_cap: int = TRANSACTION_GAS_CAP,
        timeout_s: float = 120,
        poll_s: float = 0.1,
        policy: Policy | None = None,
        finality: Finality | None = None,
    ) -> None:
        """Binds `account` to the chain behind `w3`.

        Args:
            w3: a connection to the chain.
            account: pays for and signs each transaction.
            database: the file that remembers what was sent if this process is killed; None for a
                command that ends soon.
            gas_margin: a transaction's gas limit is its estimate times this.
            gas_cap: refuse whatever is estimated to need more gas than this.
            timeout_s: how long to wait for a receipt.
            poll_s: seconds between two looks for a receipt.
            policy: fee caps and patience; None takes them from the environment.
            finality: when a block is irrevocable; None takes it from the environment, or else what
                suits the chain.
        """
        self.w3 = w3
        self.account = account
        self.outbox = Outbox(w3, account, database, policy=policy, finality=finality, poll_s=poll_s)
        self._gas_margin = gas_margin
        self._gas_cap = gas_cap
        self._timeout_s = timeout_s

    @property
    def address(self) -> ChecksumAddress:
        """The account's address."""
        return self.account.address

    def send(self, call: Call, value: int = 0, *, key: str | None = None) -> TxReceipt:
        """Makes `call` and waits until it is mined; the receipt tells the gas used.

        Args:
            call: what to do.
            value: wei to send along.
            key: a name for what is intended, such as `settle:<job>:<draw>`. What bears the same
                name is done once: where it was mined already, its receipt is returned; where it is
                under way, even from a process that was killed, it is followed. Where another
                transaction takes its nonce, it is done at another. Where it failed, it may be sent
                again once that is irrevocable. Without a name it is a new intent each time.

        Raises:
            TransactionReverted: the contract refuses it, now or once mined, and why.
            GasLimitError: it needs more gas than one transaction may have.
            AbandonedError: another transaction took its nonce, and it has no key.
            BroadcastError: no receipt in time; the transaction may still be mined.
            ChainError: the node refuses the transaction, for example for lack of funds.
        """
        self.outbox.tend(_TEND_EVERY_S)
        row = None if key is None else self.outbox.find(key)
        if row is None:
            row = self._submit(call, value, key)
        row, receipt = self.outbox.follow(row, self._timeout_s)
        if row.state is State.ABANDONED or receipt is None:
            # Whoever was first may have made the contract refuse it, which says more.
            self.outbox.node.try_call(row, "pending")
            raise AbandonedError(f"not done: {row.reason}")
        if row.state is State.FAILED:
            self._raise_why(row, receipt)
        return receipt

    def deploy(self, artifact: Artifact, *arguments: object) -> ChecksumAddress:
        """Deploys a built contract and returns its address. Raises as `send` does."""
        contract = self.w3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
        address = self.send(contract.constructor(*arguments))["contractAddress"]
        if address is None:
            raise ChainError(f"the receipt of {artifact.name}'s deployment names no contract")
        return address

    def tend(self) -> Tending:
        """Looks after what was sent in the background until it is stopped: what was left by a
        process that was killed, what nobody waits for, what a reorganisation drops."""
        return Tending(self.outbox)

    def _submit(self, call: Call, value: int, key: str | None) -> Row:
        to, data = _parts(call, value)
        self.outbox.follow_undone()
        prices = self.outbox.node.prices()
        estimate = self.outbox.node.estimate(to, data, value)
        if estimate > self._gas_cap:
            raise GasLimitError(
                f"the transaction needs {estimate} gas, more than the cap of {self._gas_cap}"
            )
        gas = min(int(estimate * self._gas_margin), self._gas_cap)
        return self.outbox.submit(to, data, value, gas, prices, key)

    def _raise_why(self, row: Row, receipt: TxReceipt) -> None:
        """Repeats a failed transaction to learn what refused it: on the state before its block,
        and, since some refusals depend on a block's time, on that of the block itself."""
        name = receipt["transactionHash"].to_0x_hex()
        for block in (receipt["blockNumber"] - 1, receipt["blockNumber"]):
            self.outbox.node.try_call(row, block, name)
        raise decode_revert(b"", name)


def _parts(call: Call, value: int) -> tuple[str | None, bytes]:
    """Whom a call is to, and its bytes. All else is given, lest web3 ask the chain for it."""
    given: Any = {"value": value, "gas": 0, "chainId": 0, "nonce": 0}
    built = call.build_transaction(given | {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0})
    return str(built["to"]) if built.get("to") else None, bytes(HexBytes(built["data"]))
