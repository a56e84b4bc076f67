"""Puts Touchstone's contracts on a chain."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING

import rlp  # type: ignore[import-untyped]
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from touchstone.chain.artifacts import DISPUTE_PARTS, MARKET_PARTS, load_artifact
from touchstone.chain.deployment import Deployment
from touchstone.chain.parameters import DEVNET
from touchstone.chain.sender import Sender
from touchstone.errors import DeploymentError

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from eth_typing import ChecksumAddress
    from web3 import Web3

    from touchstone.chain.parameters import DeployParameters


HISTORY = to_checksum_address("0x0000F90827F1C53a10cb7A02335B175320002935")
"""Where EIP-2935 keeps the hashes of past blocks."""


def create_address(deployer: ChecksumAddress, nonce: int) -> ChecksumAddress:
    """Where the contract that `deployer` creates with that nonce will stand."""
    return to_checksum_address(keccak(rlp.encode([HexBytes(deployer), nonce]))[12:])


def deploy(
    w3: Web3,
    account: LocalAccount,
    parameters: DeployParameters = DEVNET,
    token: ChecksumAddress | None = None,
) -> Deployment:
    """Deploys the contracts from `account`, which gains no power over them.

    The vault and the dispute engine are told the market's address before it exists; the market
    checks that it is theirs.

    Args:
        w3: the chain.
        account: pays for gas. It must send nothing else meanwhile.
        parameters: fixed for good.
        token: the ERC-20 for payments and stake; None deploys the development token, which
            anybody can mint.

    Raises:
        TransactionReverted: the contracts refuse the parameters; the message names the rule.
        DeploymentError: the account sent something else meanwhile, so that addresses are off.
    """
    sender = Sender(w3, account)
    block = w3.eth.block_number
    contracts: dict[str, ChecksumAddress] = {}
    if token is None:
        contracts["DevToken"] = sender.deploy(load_artifact("DevToken"))
    contracts["Token"] = token or contracts["DevToken"]
    contracts["ModelRegistry"] = sender.deploy(load_artifact("ModelRegistry"))
    # Where the chain keeps its history (EIP-2935), seeds are known for longer.
    beacon = "HistoryBeacon" if w3.eth.get_code(HISTORY) else "BlockHashBeacon"
    contracts["Beacon"] = sender.deploy(load_artifact(beacon))

    contracts["CausalReferee"] = sender.deploy(load_artifact("CausalReferee"))
    contracts["Referee"] = sender.deploy(load_artifact("Referee"), contracts["CausalReferee"])
    contracts["Payloads"] = sender.deploy(load_artifact("Payloads"))

    # The vault, the engine with its parts and the market's parts come before it.
    before = 1 + len(DISPUTE_PARTS) + 1 + len(MARKET_PARTS)
    market = create_address(account.address, w3.eth.get_transaction_count(account.address) + before)
    contracts["StakeVault"] = sender.deploy(
        load_artifact("StakeVault"),
        contracts["Token"],
        contracts["ModelRegistry"],
        market,
        parameters.epoch_blocks,
        parameters.unbonding_time,
        parameters.bucket_seconds,
    )
    dispute_setup = (
        contracts["Token"],
        contracts["ModelRegistry"],
        market,
        contracts["StakeVault"],
        contracts["Referee"],
        contracts["Payloads"],
        *astuple(parameters.dispute),
    )
    for name in DISPUTE_PARTS:
        contracts[name] = sender.deploy(load_artifact(name), dispute_setup)
    contracts["Disputes"] = sender.deploy(
        load_artifact("Disputes"), *(contracts[name] for name in DISPUTE_PARTS)
    )
    setup = (
        contracts["Token"],
        contracts["StakeVault"],
        contracts["Beacon"],
        contracts["Disputes"],
        astuple(parameters.market),
    )
    for name in MARKET_PARTS:
        contracts[name] = sender.deploy(load_artifact(name), setup)
    parts = [contracts[name] for name in MARKET_PARTS]
    contracts["Market"] = sender.deploy(load_artifact("Market"), *parts)
    if contracts["Market"] != market:
        raise DeploymentError(
            f"the market stands at {contracts['Market']} instead of {market}: "
            f"{account.address} sent another transaction meanwhile; deploy again"
        )
    return Deployment(w3.eth.chain_id, block, contracts)
