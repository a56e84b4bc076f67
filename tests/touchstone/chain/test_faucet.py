import pytest
from eth_account import Account

from touchstone.chain.deploy import deploy
from touchstone.chain.devnet import Devnet
from touchstone.chain.faucet import GAS_GIVEN, give_ether, give_tokens
from touchstone.chain.token import Token
from touchstone.errors import DevnetError


def test_an_account_without_anything_gets_ether_and_tokens():
    address = Account.create().address
    with Devnet() as devnet:
        deployment = deploy(devnet.w3, devnet.account(0))

        give_ether(devnet.w3, address)
        give_tokens(devnet.w3, deployment, address, 5)
        give_tokens(devnet.w3, deployment, address, 2)

        assert devnet.w3.eth.get_balance(address) == GAS_GIVEN
        assert Token(devnet.w3, deployment).balance_of(address) == 7


def test_an_account_that_has_ether_keeps_it_as_it_is():
    with Devnet() as devnet:
        address = devnet.account(1).address
        before = devnet.w3.eth.get_balance(address)

        give_ether(devnet.w3, address)

        assert devnet.w3.eth.get_balance(address) == before


def test_another_chain_gives_nothing():
    address = Account.create().address
    with Devnet(chain_id=1) as devnet:
        with pytest.raises(DevnetError, match="on chain 31337 only"):
            give_ether(devnet.w3, address)

        assert devnet.w3.eth.get_balance(address) == 0
