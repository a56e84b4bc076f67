"""Ether and tokens out of nothing, on the development chain only."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from eth_account import Account
from web3.types import RPCEndpoint

from touchstone.amounts import ONE_TOKEN
from touchstone.chain.devnet import CHAIN_ID, DEV_MNEMONIC
from touchstone.chain.sender import Sender
from touchstone.chain.token import Token
from touchstone.errors import DevnetError

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from eth_typing import ChecksumAddress
    from web3 import Web3

    from touchstone.chain.deployment import Deployment

GAS_GIVEN = 100 * ONE_TOKEN


def give_ether(w3: Web3, address: ChecksumAddress) -> None:
    """Gives `address` 100 ether, unless it has as much as one.

    Raises:
        DevnetError: this is no development chain.
    """
    _require_devnet(w3)
    if w3.eth.get_balance(address) >= ONE_TOKEN:
        return
    answer = w3.provider.make_request(RPCEndpoint("anvil_setBalance"), [address, hex(GAS_GIVEN)])
    if "error" in answer:
        raise DevnetError(f"the chain gives no ether, it is no anvil: {answer['error']}")


def give_tokens(w3: Web3, deployment: Deployment, address: ChecksumAddress, units: int) -> None:
    """Mints `units` base units of the development token for `address`.

    Raises:
        DevnetError: this is no development chain.
    """
    minter = _minter()
    give_ether(w3, minter.address)
    Sender(w3, minter).send(Token(w3, deployment).mint(address, units))


def _minter() -> LocalAccount:
    """Anybody may mint the development token; the first account of the chain does it here."""
    Account.enable_unaudited_hdwallet_features()
    return cast("LocalAccount", Account.from_mnemonic(DEV_MNEMONIC))


def _require_devnet(w3: Web3) -> None:
    chain_id = w3.eth.chain_id
    if chain_id != CHAIN_ID:
        raise DevnetError(
            f"ether and tokens are made on chain {CHAIN_ID} only, the development chain; this is "
            f"chain {chain_id}, where they are real"
        )
