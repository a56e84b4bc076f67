"""What the market may take from the requester: allowed just before it takes it."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from touchstone.chain.allowance import allow
from touchstone.errors import TransactionReverted

if TYPE_CHECKING:
    from collections.abc import Callable

    from web3.types import TxReceipt

    from touchstone.chain.market import Market
    from touchstone.chain.sender import Call, Sender
    from touchstone.chain.token import Token

_ATTEMPTS = 3


class Wallet:
    """One account's tokens, as far as the market may take them. Safe to use from threads."""

    def __init__(self, market: Market, token: Token, sender: Sender) -> None:
        self._spender = market.contract.address
        self._token = token
        self._sender = sender
        self._lock = Lock()

    def pay(self, amount: int, call: Callable[[], Call]) -> TxReceipt:
        """Makes and sends a call that takes `amount` base units from this account.

        Raises:
            TransactionReverted: the market or the token refuses.
        """
        with self._lock:
            for attempt in range(_ATTEMPTS):
                try:
                    allow(self._token, self._sender, self._spender, amount)
                    return self._sender.send(call())
                except TransactionReverted as error:
                    # Another process of ours may have used the allowance.
                    spent = error.error == "ERC20InsufficientAllowance"
                    if not spent or attempt + 1 == _ATTEMPTS:
                        raise
        raise AssertionError("unreachable: the last attempt returns or raises")
