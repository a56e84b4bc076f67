"""A requester may be a contract (ERC-1271)."""

from dataclasses import replace

import pytest

from tests.provider.test_refusals import refusal
from touchstone.amounts import ONE_TOKEN
from touchstone.protocol.eip712 import Signature

WALLET = "0x00000000000000000000000000000000000A11cE"
# PUSH4 magic, shift it to the left, store it and return the word.
APPROVES = "0x631626ba7e60e01b60005260206000f3"
DENIES = "0x60006000526020" + "6000f3"
REVERTS = "0x60006000fd"


@pytest.fixture
def job(world):
    """A drawn job of a wallet that approves of everything."""
    rpc = world.w3.provider.make_request
    rpc("anvil_setCode", [WALLET, APPROVES])
    rpc("anvil_setBalance", [WALLET, hex(10**18)])
    rpc("anvil_impersonateAccount", [WALLET])
    token, market = world.token, world.market.contract.address
    for call in (token.mint(WALLET, ONE_TOKEN), token.approve(market, ONE_TOKEN)):
        call.transact({"from": WALLET})
    template = world.open()
    order = replace(template.order, requester=WALLET)
    world.sender(world.requester).send(world.market.open(order, b"a word"))
    job = replace(template, order=order, id=order.job_id(world.market.domain))
    world.draw(job)
    return job


def deliver(world, node, job, signature):
    headers = {**world.delivery(job), "X-Touchstone-Signature": "0x" + signature.hex()}
    return node.client.put(f"{job.path}/input", content=job.payload, headers=headers)


def test_a_contract_wallet_delivers_with_its_own_kind_of_signature(world, node, job):
    assert deliver(world, node, job, b"not 65 bytes, but the wallet likes it").status_code == 202
    assert node.committed(job)["state"] == "committed"


@pytest.mark.parametrize("code", [DENIES, REVERTS, "0x"])
def test_a_wallet_that_does_not_approve_is_no_requester(world, node, job, code):
    world.w3.provider.make_request("anvil_setCode", [WALLET, code])
    signature = Signature(b"\x01" * 32, b"\x02" * 32).expanded()
    assert refusal(deliver(world, node, job, signature)) == (401, "unsigned")
