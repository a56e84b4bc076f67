import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.touchstone.chain.lossy import ClosedError, altered, forward, proxy
from touchstone.chain import rpc
from touchstone.chain.devnet import Devnet
from touchstone.chain.rpc import ask_together, connect
from touchstone.chain.sender import Sender
from touchstone.errors import LaggingRpcError, RpcUnreachableError, WrongChainError


@pytest.mark.parametrize("url", ["ftp://host/", "not an address", ""])
def test_only_http_is_spoken(url):
    with pytest.raises(RpcUnreachableError, match="not an http or https address"):
        connect(url)


def test_an_api_key_in_the_address_is_never_shown():
    with pytest.raises(RpcUnreachableError) as caught:
        connect("http://user:hidden@127.0.0.1:1/v3/hidden")

    assert "hidden" not in str(caught.value)
    assert "http://127.0.0.1:1" in str(caught.value)


def test_nothing_is_signed_once_another_chain_answers(devnet, token):
    with Devnet(chain_id=77) as other:
        upstream = [devnet.url]
        with proxy(lambda body: forward(upstream[0], body)) as url:
            sender = Sender(connect(url), devnet.account(1), poll_s=0.01)
            sender.send(token.functions.mint(sender.address, 1), key="one")
            upstream[0] = other.url

            with pytest.raises(WrongChainError, match="now serves chain 77, not chain 31337"):
                sender.send(token.functions.mint(sender.address, 1), key="two")

    assert sender.outbox.find("two") is None


def test_an_endpoint_that_is_behind_is_waited_for(devnet):
    shown = []

    def alter(request, answer):
        if request["method"] == "eth_blockNumber":
            shown.append(answer["result"])
            if len(shown) in (2, 3):
                return answer | {"result": hex(int(answer["result"], 16) - 1)}
        return answer

    devnet.mine(2)
    with proxy(altered(devnet.url, alter)) as url:
        w3 = connect(url)
        assert w3.eth.block_number == w3.eth.block_number

    assert len(shown) == 4


def test_an_endpoint_that_stays_behind_is_not_acted_on(devnet, token, monkeypatch):
    monkeypatch.setattr(rpc, "LAG_PATIENCE_S", 0.3)
    behind = []

    def alter(request, answer):
        if request["params"][:1] == ["latest"] and behind:
            answer["result"]["number"] = hex(int(answer["result"]["number"], 16) - 1)
        return answer

    with proxy(altered(devnet.url, alter)) as url:
        sender = Sender(connect(url), devnet.account(2), poll_s=0.01)
        sender.send(token.functions.mint(sender.address, 1))
        devnet.mine()
        sender.outbox.node.prices()
        nonce = devnet.w3.eth.get_transaction_count(sender.address)
        behind.append(True)

        with pytest.raises(LaggingRpcError, match="although it has shown block"):
            sender.send(token.functions.mint(sender.address, 1))

    assert devnet.w3.eth.get_transaction_count(sender.address) == nonce


@pytest.mark.parametrize("refusal", [b'{"error": {"message": "no batches"}}', None])
def test_an_endpoint_without_batches_is_asked_one_by_one(devnet, refusal):
    def answer(body):
        if not body.startswith(b"["):
            return forward(devnet.url, body)
        if refusal is None:
            raise ClosedError
        return refusal

    with proxy(answer) as url:
        asked = [("eth_chainId", []), ("eth_blockNumber", [])]
        first, second = ask_together(connect(url), asked)

    assert (first["result"], int(second["result"], 16)) == ("0x7a69", devnet.w3.eth.block_number)


def test_a_crowd_of_threads_asks_at_once(devnet):
    """web3 by itself keeps one for each thread, and a thread of its own dies where they are too
    many."""
    count, w3 = 150, connect(devnet.url)
    together = threading.Barrier(count)

    def ask() -> int:
        together.wait(60)
        return w3.eth.chain_id

    with ThreadPoolExecutor(count) as pool:
        asked = [pool.submit(ask) for _ in range(count)]

    assert [future.result() for future in asked] == [31337] * count
