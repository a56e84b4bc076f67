"""The ERC-20 token of payments and stake, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from touchstone.chain.artifacts import load_artifact
from touchstone.chain.calls import Views

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress
    from web3 import Web3
    from web3.contract.contract import ContractFunction

    from touchstone.chain.deployment import Deployment


class Token:
    """Reads the token and makes calls for a `Sender` to send. Amounts are base units."""

    def __init__(self, w3: Web3, deployment: Deployment) -> None:
        """Binds the deployment's token, with the ABI of the development token."""
        address, abi = deployment.address("Token"), load_artifact("DevToken").abi
        self.contract = w3.eth.contract(address=address, abi=abi)
        self._views = Views(w3, address, abi)

    def balance_of(self, account: ChecksumAddress) -> int:
        """What the account holds."""
        return int(self._views.call("balanceOf", account))

    def allowance(self, owner: ChecksumAddress, spender: ChecksumAddress) -> int:
        """What `spender` may still take from `owner`."""
        return int(self._views.call("allowance", owner, spender))

    def approve(self, spender: ChecksumAddress, amount: int) -> ContractFunction:
        """Allows `spender` to take `amount` from the sender."""
        return self.contract.functions.approve(spender, amount)

    def mint(self, to: ChecksumAddress, amount: int) -> ContractFunction:
        """Makes tokens out of nothing: only where the token is the development token."""
        return self.contract.functions.mint(to, amount)
