"""The ERC-20 token of payments and stake, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from touchstone.chain.artifacts import load_artifact

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress
    from web3 import Web3
    from web3.contract.contract import ContractFunction

    from touchstone.chain.deployment import Deployment


class Token:
    """Reads the token and makes calls for a `Sender` to send. Amounts are base units."""

    def __init__(self, w3: Web3, deployment: Deployment) -> None:
        """Binds the deployment's token, with the ABI of the development token."""
        self.contract = w3.eth.contract(
            address=deployment.address("Token"), abi=load_artifact("DevToken").abi
        )

    def balance_of(self, account: ChecksumAddress) -> int:
        """What the account holds."""
        return int(self.contract.functions.balanceOf(account).call())

    def allowance(self, owner: ChecksumAddress, spender: ChecksumAddress) -> int:
        """What `spender` may still take from `owner`."""
        return int(self.contract.functions.allowance(owner, spender).call())

    def approve(self, spender: ChecksumAddress, amount: int) -> ContractFunction:
        """Allows `spender` to take `amount` from the sender."""
        return self.contract.functions.approve(spender, amount)

    def mint(self, to: ChecksumAddress, amount: int) -> ContractFunction:
        """Makes tokens out of nothing: only where the token is the development token."""
        return self.contract.functions.mint(to, amount)
