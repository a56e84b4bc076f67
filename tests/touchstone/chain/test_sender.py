from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.touchstone.chain.lossy import answers_lost
from touchstone.chain.devnet import Devnet
from touchstone.chain.reverts import decode_revert, decoded_reverts
from touchstone.chain.rpc import connect
from touchstone.chain.sender import Sender
from touchstone.errors import (
    BroadcastError,
    ChainError,
    GasLimitError,
    TransactionReverted,
)


def test_a_call_is_mined_and_its_receipt_tells_the_gas(sender, token):
    receipt = sender.send(token.functions.mint(sender.address, 5))

    assert receipt["status"] == 1
    assert 21_000 < receipt["gasUsed"] < 200_000


def test_a_refusal_names_the_custom_error_and_its_arguments(devnet, token):
    poor = Sender(devnet.w3, devnet.account(1))

    with pytest.raises(TransactionReverted) as caught:
        poor.send(token.functions.transfer(devnet.account(2).address, 7))

    assert caught.value.error == "ERC20InsufficientBalance"
    assert caught.value.arguments == {"sender": poor.address.lower(), "balance": 0, "needed": 7}
    assert caught.value.transaction_hash is None
    assert "ERC20InsufficientBalance(sender=0x" in str(caught.value)


def test_a_refusal_of_a_read_is_decoded_too(devnet, token):
    with pytest.raises(TransactionReverted, match="ERC20InsufficientBalance"), decoded_reverts():
        token.functions.transfer(devnet.account(2).address, 7).call(
            {"from": devnet.account(3).address}
        )


def test_a_refusal_in_the_block_names_the_error_and_the_transaction(devnet, token):
    """A permit that passes the estimate and has expired when its block comes."""
    owner = devnet.account(5)
    now = devnet.w3.eth.get_block("latest")["timestamp"]
    permit = token.functions.permit(
        owner.address, devnet.account(6).address, 1, now + 600, *_permit(token, owner, now + 600)
    )
    sender = Sender(devnet.w3, devnet.account(6), poll_s=0.01)
    nonce = devnet.w3.eth.get_transaction_count(sender.address)
    devnet.w3.provider.make_request("evm_setAutomine", [False])
    try:
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(sender.send, permit)
            while devnet.w3.eth.get_transaction_count(sender.address, "pending") == nonce:
                assert not sent.done()
            devnet.increase_time(1200)
            failure = sent.exception()
    finally:
        devnet.w3.provider.make_request("evm_setAutomine", [True])

    assert isinstance(failure, TransactionReverted)
    assert failure.error == "ERC2612ExpiredSignature"
    assert failure.transaction_hash is not None


def _permit(token, owner, deadline):
    """Of `owner` for account 6 to spend one base unit: v, r, s."""
    fields = {
        "owner": owner.address,
        "spender": Devnet().account(6).address,
        "value": 1,
        "nonce": token.functions.nonces(owner.address).call(),
        "deadline": deadline,
    }
    types = dict.fromkeys(fields, "uint256") | {"owner": "address", "spender": "address"}
    _, name, version, chain_id, contract, _, _ = token.functions.eip712Domain().call()
    signed = owner.sign_typed_data(
        {"name": name, "version": version, "chainId": chain_id, "verifyingContract": contract},
        {"Permit": [{"name": name, "type": kind} for name, kind in types.items()]},
        fields,
    )
    return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")


def test_threads_share_an_account_without_losing_a_nonce(devnet, token):
    senders = [Sender(devnet.w3, devnet.account(4), poll_s=0.01) for _ in range(2)]
    before = token.functions.balanceOf(senders[0].address).call()

    with ThreadPoolExecutor(8) as pool:
        mint = token.functions.mint(senders[0].address, 1)
        list(pool.map(lambda n: senders[n % 2].send(mint), range(24)))

    assert token.functions.balanceOf(senders[0].address).call() == before + 24


def test_a_transaction_over_the_gas_cap_is_not_sent(devnet, token):
    capped = Sender(devnet.w3, devnet.account(0), gas_cap=30_000)
    nonce = devnet.w3.eth.get_transaction_count(capped.address)

    with pytest.raises(GasLimitError, match="30000"):
        capped.send(token.functions.mint(capped.address, 5))

    assert devnet.w3.eth.get_transaction_count(capped.address) == nonce


def test_a_lost_answer_does_not_send_twice(devnet, token):
    """A real connection that breaks after the node has taken the transaction."""
    with answers_lost(devnet.url, "eth_sendRawTransaction", times=2) as (url, taken):
        sender = Sender(connect(url), devnet.account(5), poll_s=0.01)
        sender.send(token.functions.mint(sender.address, 3))

    assert len(taken) == 3
    assert len(set(taken)) == 1
    assert token.functions.balanceOf(devnet.account(5).address).call() == 3
    assert devnet.w3.eth.get_transaction_count(devnet.account(5).address) == 1


def test_a_silent_node_leaves_the_hash_to_look_for(devnet, token):
    with answers_lost(devnet.url, "eth_sendRawTransaction", times=9) as (url, _):
        sender = Sender(connect(url), devnet.account(6))
        with pytest.raises(BroadcastError) as caught:
            sender.send(token.functions.mint(sender.address, 3))

    # Its answer was lost, but the node had it.
    mined = devnet.w3.eth.get_transaction_receipt(caught.value.transaction_hash)
    assert mined["status"] == 1


def test_a_refusal_leaves_no_gap_and_nothing_behind(devnet, token):
    poor = Sender(devnet.w3, devnet.account(7), poll_s=0.01)
    nonce = devnet.w3.eth.get_transaction_count(poor.address)
    with pytest.raises(TransactionReverted):
        poor.send(token.functions.transfer(devnet.account(2).address, 7), key="refused")

    assert poor.outbox.pending() == []
    assert poor.outbox.find("refused") is None
    poor.send(token.functions.mint(poor.address, 7))
    assert devnet.w3.eth.get_transaction_count(poor.address) == nonce + 1


def test_an_intent_is_done_once_however_often_it_is_sent(devnet, token):
    sender = Sender(devnet.w3, devnet.account(8), poll_s=0.01)
    mint = token.functions.mint(sender.address, 3)
    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda _: sender.send(mint, key="mint"), range(6)))

    assert len({receipt["transactionHash"] for receipt in receipts}) == 1
    assert token.functions.balanceOf(sender.address).call() == 3


def test_lost_receipts_are_asked_for_again(devnet, token):
    with answers_lost(devnet.url, "eth_getTransactionReceipt", times=2) as (url, _):
        sender = Sender(connect(url), devnet.account(9), poll_s=0.01)
        assert sender.send(token.functions.mint(sender.address, 3))["status"] == 1

    assert devnet.w3.eth.get_transaction_count(sender.address) == 1


def test_an_account_without_funds_is_told_so(devnet, token):
    from eth_account import Account

    broke = Sender(devnet.w3, Account.create())

    with pytest.raises(ChainError, match="no ether to pay for gas"):
        broke.send(token.functions.mint(broke.address, 3))


@pytest.mark.parametrize(
    ("data", "error", "arguments"),
    [
        (b"", "unknown", {}),
        (b"\x01\x02\x03\x04", "unknown", {"data": b"\x01\x02\x03\x04"}),
        (bytes.fromhex("4e487b71") + (0x11).to_bytes(32, "big"), "Panic", {"code": 0x11}),
        (bytes.fromhex("4e487b71"), "Panic", {"data": bytes.fromhex("4e487b71")}),
    ],
)
def test_any_bytes_have_a_meaning(data, error, arguments):
    decoded = decode_revert(data)

    assert (decoded.error, decoded.arguments) == (error, arguments)
