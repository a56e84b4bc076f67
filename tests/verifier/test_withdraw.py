"""`touchstone verifier withdraw` as a user types it."""

from tests.support.commands import Commands
from tests.support.world import REQUESTER, small_world
from touchstone.amounts import ONE_TOKEN
from touchstone.chain.token import Token


def test_what_the_vault_credits_to_the_verifiers_key_is_withdrawn(tmp_path):
    with small_world(block_time=None) as world:
        commands = Commands(tmp_path, world.devnet, world.deployment)
        key = tmp_path / "keys" / "requester.json"
        account, sender = world.devnet.account(REQUESTER).address, world.sender(REQUESTER)
        token = Token(world.devnet.w3, world.deployment)
        before = token.balance_of(account)
        sender.send(token.approve(world.vault.address, 2 * ONE_TOKEN))
        sender.send(world.vault.deposit(2 * ONE_TOKEN))

        told = commands.json("verifier", "withdraw", "--key", key)
        assert told == {"verifier": account, "withdrawn": "2"}
        assert token.balance_of(account) == before
        assert "withdrawn: 0 tokens" in commands.run("verifier", "withdraw", "--key", key).stdout
