"""Transactions that are not mined, are dropped, or are overtaken."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise

import pytest

from tests.touchstone.chain.outbox.payments import AMOUNT, Payment, paid, stranger
from touchstone.chain.artifacts import load_artifact
from touchstone.chain.devnet import Devnet
from touchstone.chain.finality import Finality
from touchstone.chain.outbox import Policy, State
from touchstone.chain.sender import Sender
from touchstone.errors import AbandonedError, BroadcastError, TransactionReverted

GWEI = 10**9
HASTY = Policy(replace_after=0.2, look_every=0.05)


@pytest.fixture
def devnet():
    """One for each test: they change how it mines."""
    with Devnet() as running:
        yield running


def request(devnet, method, *parameters):
    answer = devnet.w3.provider.make_request(method, list(parameters))
    assert "error" not in answer, answer


@contextmanager
def gas_at(devnet, gwei):
    """Within the block, whatever is sent waits, and gas costs that much."""
    request(devnet, "evm_setAutomine", False)
    set_base_fee(devnet, gwei)
    yield
    request(devnet, "evm_setAutomine", True)


def set_base_fee(devnet, gwei):
    request(devnet, "anvil_setNextBlockBaseFeePerGas", hex(int(gwei * GWEI)))
    request(devnet, "evm_mine")


def mined_from(devnet, address):
    """The transactions of an account, oldest first."""
    blocks = [devnet.w3.eth.get_block(n, True) for n in range(devnet.w3.eth.block_number + 1)]
    return [tx for block in blocks for tx in block["transactions"] if tx["from"] == address]


def sender_of(devnet, account=0, policy=HASTY, **more):
    return Sender(devnet.w3, devnet.account(account), poll_s=0.01, policy=policy, **more)


def mine_until_done(devnet, sent):
    """Mines until it is: a block mined while a replacement is under way holds neither."""

    def mined():
        request(devnet, "evm_mine")
        return sent.done()

    until(mined)


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_transaction_overtaken_by_the_base_fee_is_replaced_and_mined_once(devnet):
    sender, to = sender_of(devnet), stranger()
    with gas_at(devnet, 1), ThreadPoolExecutor(1) as pool:
        sent = pool.submit(sender.send, Payment(to), AMOUNT)
        until(lambda: devnet.w3.eth.get_transaction_count(sender.address, "pending") == 1)
        set_base_fee(devnet, 40)
        until(lambda: sender.outbox.pending()[0].last.fees.max_fee > 60 * GWEI)
        [row] = sender.outbox.pending()
        mine_until_done(devnet, sent)
        receipt = sent.result()

    offers = [attempt.fees for attempt in row.attempts]
    assert len(offers) > 1
    for before, after in pairwise(offers):
        assert after.max_fee * 8 >= before.max_fee * 9
        assert after.priority * 8 >= before.priority * 9
    assert receipt["transactionHash"].to_0x_hex() in [a.hash for a in row.attempts[1:]]
    assert paid(devnet, to) == 1
    assert devnet.w3.eth.get_transaction_count(sender.address) == 1


def test_at_the_fee_cap_a_transaction_waits_and_says_so(devnet):
    policy = Policy(max_fee=9 * GWEI, replace_after=0.1, look_every=0.05)
    sender, to = sender_of(devnet, policy=policy, timeout_s=3), stranger()
    with gas_at(devnet, 1), ThreadPoolExecutor(1) as pool:
        sent = pool.submit(sender.send, Payment(to), AMOUNT, key="pay")
        until(lambda: devnet.w3.eth.get_transaction_count(sender.address, "pending") == 1)
        set_base_fee(devnet, 40)
        with pytest.raises(BroadcastError, match=r"at its fee cap.*TOUCHSTONE_MAX_FEE_GWEI"):
            sent.result(60)
        [row] = sender.outbox.pending()
        assert paid(devnet, to) == 0
        set_base_fee(devnet, 1)
        sender.outbox.tend()
        request(devnet, "evm_mine")

    assert max(attempt.fees.max_fee for attempt in row.attempts) <= 8 * GWEI
    assert sender.send(Payment(to), AMOUNT, key="pay")["status"] == 1
    assert paid(devnet, to) == 1


def test_the_cost_of_one_transaction_is_capped_too(devnet):
    policy = Policy(max_cost=50_000 * GWEI, replace_after=0.05, look_every=0.05)
    sender = sender_of(devnet, policy=policy, timeout_s=2)
    with gas_at(devnet, 3), pytest.raises(BroadcastError, match="fee cap"):
        sender.send(Payment(stranger()), AMOUNT)

    [row] = sender.outbox.pending()
    assert max(attempt.fees.max_fee for attempt in row.attempts) * row.gas <= 50_000 * GWEI


def test_a_call_that_has_become_useless_is_cancelled_so_that_the_next_can_go(devnet):
    owner = sender_of(devnet, 1)
    artifact = load_artifact("DevToken")
    token = devnet.w3.eth.contract(address=owner.deploy(artifact), abi=artifact.abi)
    policy = Policy(max_fee=4 * GWEI, replace_after=0.1, look_every=0.05)
    spender, to = sender_of(devnet, 2, policy=policy), stranger()
    owner.send(token.functions.mint(owner.address, 5))
    owner.send(token.functions.approve(spender.address, 5))
    with gas_at(devnet, 1), ThreadPoolExecutor(2) as pool:
        take = token.functions.transferFrom(owner.address, to, 5)
        taking = pool.submit(spender.send, take)
        until(lambda: devnet.w3.eth.get_transaction_count(spender.address, "pending") == 1)
        set_base_fee(devnet, 20)
        revoking = pool.submit(owner.send, token.functions.approve(spender.address, 0))
        until(lambda: devnet.w3.eth.get_transaction_count(owner.address, "pending") == 4)
        request(devnet, "evm_mine")
        revoking.result(60)
        until(lambda: spender.outbox.pending()[0].last.cancels)
        set_base_fee(devnet, 1)
        while not taking.done():
            request(devnet, "evm_mine")
            time.sleep(0.02)
        with pytest.raises(TransactionReverted, match="ERC20InsufficientAllowance"):
            taking.result(60)

    [cancellation] = mined_from(devnet, spender.address)
    assert (cancellation["to"], cancellation["value"]) == (spender.address, 0)
    assert token.functions.balanceOf(to).call() == 0
    spender.send(token.functions.mint(spender.address, 1))


@pytest.fixture
def overtaken(devnet):
    """A payment in a thread, and a function that takes its nonce with another transaction."""
    sender, to = sender_of(devnet), stranger()

    def overtake():
        account = devnet.account(0)
        foreign = account.sign_transaction(
            {
                "to": account.address,
                "value": 0,
                "gas": 21_000,
                "nonce": 0,
                "chainId": devnet.chain_id,
                "maxFeePerGas": 900 * GWEI,
                "maxPriorityFeePerGas": 300 * GWEI,
            }
        )
        until(lambda: devnet.w3.eth.get_transaction_count(account.address, "pending") == 1)
        devnet.w3.eth.send_raw_transaction(foreign.raw_transaction)
        request(devnet, "evm_mine")

    return sender, to, overtake


def test_a_named_intent_whose_nonce_is_taken_is_done_at_the_next(devnet, overtaken):
    sender, to, overtake = overtaken
    request(devnet, "evm_setAutomine", False)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(sender.send, Payment(to), AMOUNT, key="pay")
        overtake()
        until(lambda: devnet.w3.eth.get_transaction_count(sender.address, "pending") == 2)
        request(devnet, "evm_mine")
        receipt = sent.result(60)

    assert receipt["status"] == 1
    assert paid(devnet, to) == 1
    assert devnet.w3.eth.get_transaction_count(sender.address) == 2


def test_an_intent_without_a_name_whose_nonce_is_taken_is_given_back(devnet, overtaken):
    sender, to, overtake = overtaken
    request(devnet, "evm_setAutomine", False)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(sender.send, Payment(to), AMOUNT)
        overtake()
        with pytest.raises(AbandonedError, match="another transaction took nonce 0"):
            sent.result(60)

    request(devnet, "evm_mine")
    assert paid(devnet, to) == 0
    assert sender.outbox.pending() == []


def test_a_nonce_taken_only_for_now_is_waited_for(devnet, overtaken):
    """Until its block is irrevocable, a reorganisation could still mine our own transaction."""
    _, to, overtake = overtaken
    sender = sender_of(devnet, finality=Finality(3))
    request(devnet, "evm_setAutomine", False)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(sender.send, Payment(to), AMOUNT, key="pay")
        overtake()
        until(lambda: "not irrevocably yet" in sender.outbox.pending()[0].reason)
        assert len(sender.outbox.pending()) == 1
        devnet.mine(3)
        until(lambda: devnet.w3.eth.get_transaction_count(sender.address, "pending") == 2)
        request(devnet, "evm_mine")
        sent.result(60)

    assert paid(devnet, to) == 1


def test_what_a_reorganisation_drops_is_mined_again_once(devnet):
    sender = sender_of(devnet, policy=Policy(look_every=0), finality=Finality(3))
    to = stranger()
    devnet.mine(3)
    first = sender.send(Payment(to), AMOUNT, key="pay")
    [row] = sender.outbox.pending()
    assert row.state is State.MINED

    request(devnet, "anvil_reorg", 1, [])
    assert paid(devnet, to) == 0
    sender.outbox.tend()
    assert paid(devnet, to) == 1
    sender.outbox.tend()
    devnet.mine(3)
    sender.outbox.tend()

    assert sender.outbox.pending() == []
    assert paid(devnet, to) == 1
    again = sender.send(Payment(to), AMOUNT, key="pay")
    assert again["transactionHash"] == first["transactionHash"]
    assert devnet.w3.eth.get_transaction_count(sender.address) == 1


def test_what_counted_as_irrevocable_and_was_undone_is_done_again_before_what_follows(devnet):
    """On a development chain every block is irrevocable at once, but for `anvil_reorg`: were the
    nonces of what is gone not used again, nothing sent after them could ever be mined."""
    sender = sender_of(devnet)
    assert sender.outbox.node.finality.immediate
    first, second, third = stranger(), stranger(), stranger()
    sender.send(Payment(first), AMOUNT)
    named = sender.send(Payment(second), AMOUNT, key="pay")
    assert sender.outbox.pending() == []

    request(devnet, "anvil_reorg", 2, [])
    assert paid(devnet, first) == paid(devnet, second) == 0
    sender.send(Payment(third), AMOUNT)

    assert [paid(devnet, to) for to in (first, second, third)] == [1, 1, 1]
    until(lambda: sender.outbox.tend() or not sender.outbox.pending())
    again = sender.send(Payment(second), AMOUNT, key="pay")
    assert again["transactionHash"] == named["transactionHash"]
    assert devnet.w3.eth.get_transaction_count(sender.address) == 3


def test_a_named_intent_that_was_irrevocable_and_undone_is_done_again(devnet):
    sender, to = sender_of(devnet), stranger()
    sender.send(Payment(to), AMOUNT, key="pay")
    request(devnet, "anvil_reorg", 1, [])
    assert paid(devnet, to) == 0

    assert sender.send(Payment(to), AMOUNT, key="pay")["status"] == 1
    assert paid(devnet, to) == 1
    assert devnet.w3.eth.get_transaction_count(sender.address) == 1


def test_a_transaction_that_the_node_forgets_is_broadcast_again(devnet):
    sender, to = sender_of(devnet), stranger()
    request(devnet, "evm_setAutomine", False)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(sender.send, Payment(to), AMOUNT)
        until(lambda: devnet.w3.eth.get_transaction_count(sender.address, "pending") == 1)
        request(devnet, "anvil_dropAllTransactions")
        until(lambda: devnet.w3.eth.get_transaction_count(sender.address, "pending") == 1)
        request(devnet, "evm_mine")
        sent.result(60)

    assert paid(devnet, to) == 1


def test_a_chain_begun_anew_is_another_chain(tmp_path):
    """Development chains share their number; what was sent on one is nothing to the next."""
    to = stranger()
    for _ in range(2):
        with Devnet() as devnet:
            sender = sender_of(devnet, database=tmp_path / "outbox.sqlite")
            sender.send(Payment(to), AMOUNT, key="pay")
            assert paid(devnet, to) == 1
            time.sleep(1)
