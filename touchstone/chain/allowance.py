"""What a contract needs before it can take an account's tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from touchstone.amounts import format_tokens
from touchstone.errors import InsufficientFundsError

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress

    from touchstone.chain.sender import Sender
    from touchstone.chain.token import Token


def allow(
    token: Token, sender: Sender, spender: ChecksumAddress, amount: int, *, times: int = 1
) -> None:
    """Lets `spender` take `amount` base units from the sender; nothing where it may already.

    Args:
        token: of the payments.
        sender: whose tokens.
        spender: the contract that takes them.
        amount: what it takes once.
        times: how often it may, where it has to be asked.
    """
    if token.allowance(sender.address, spender) < amount:
        sender.send(token.approve(spender, times * amount))


def require_balance(token: Token, owner: ChecksumAddress, amount: int, purpose: str) -> None:
    """Raises InsufficientFundsError where `owner` holds less than `amount` base units: names what
    they are for, both amounts and the account to mend."""
    held = token.balance_of(owner)
    if held < amount:
        raise InsufficientFundsError(
            f"{purpose} needs {format_tokens(amount)} tokens, {owner} holds "
            f"{format_tokens(held)}: send it some"
        )
