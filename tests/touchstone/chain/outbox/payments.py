"""Payments in ether, which can be counted at their receiver."""

from eth_account import Account

AMOUNT = 1000


class Payment:
    """What a `Sender` sends; one wei more or less shows a payment made twice or never."""

    def __init__(self, to: str) -> None:
        self.to = to

    def build_transaction(self, transaction):
        return transaction | {"to": self.to, "data": "0x"}


def stranger() -> str:
    """An address that has nothing yet."""
    return Account.create().address


def paid(devnet, address: str) -> float:
    """How often `AMOUNT` has arrived."""
    return devnet.w3.eth.get_balance(address) / AMOUNT
