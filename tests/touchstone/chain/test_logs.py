import pytest

from tests.touchstone.chain.lossy import altered, proxy
from touchstone.chain import logs
from touchstone.chain.devnet import Devnet
from touchstone.chain.logs import read_events
from touchstone.chain.rpc import connect
from touchstone.chain.sender import Sender
from touchstone.errors import ChainError, LaggingRpcError


@pytest.fixture(scope="module")
def devnet():
    with Devnet() as running:
        yield running


@pytest.fixture
def minted(devnet, token):
    """Amounts minted in blocks of their own, with the first and the last of these blocks."""
    sender = Sender(devnet.w3, devnet.account(0), poll_s=0.01)
    first = devnet.w3.eth.block_number + 1
    amounts = list(range(1, 8))
    for amount in amounts:
        sender.send(token.functions.mint(sender.address, amount))
        devnet.mine(2)
    return amounts, first, devnet.w3.eth.block_number


def amounts_of(token, w3, first, last):
    contract = w3.eth.contract(address=token.address, abi=token.abi)
    return [event["args"]["value"] for event in read_events(contract, ["Transfer"], first, last)]


@pytest.mark.parametrize("length", [1, 2, 5, 1000])
def test_ranges_of_any_length_give_all_events_in_order(devnet, token, minted, monkeypatch, length):
    monkeypatch.setattr(logs, "MAX_RANGE", length)
    amounts, first, last = minted

    assert amounts_of(token, devnet.w3, first, last) == amounts
    assert amounts_of(token, devnet.w3, first, first - 1) == []


def refusing(devnet, most):
    """A node that reads no more than `most` blocks at once, and what it was asked for."""
    asked = []

    def alter(request, answer):
        if request["method"] != "eth_getLogs":
            return answer
        wanted = request["params"][0]
        asked.append(int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) + 1)
        if asked[-1] > most:
            message = f"query returned more than {most} results"
            return {"id": answer["id"], "error": {"code": -32005, "message": message}}
        return answer

    return asked, altered(devnet.url, alter)


def test_a_range_that_the_node_finds_too_long_is_halved(devnet, token, minted):
    amounts, first, last = minted
    asked, answer = refusing(devnet, most=4)
    with proxy(answer) as url:
        assert amounts_of(token, connect(url), first, last) == amounts

    assert max(asked) == last - first + 1
    assert asked[-1] <= 4


def test_a_node_that_reads_no_block_at_all_is_an_error(devnet, token, minted):
    _, first, last = minted
    _, answer = refusing(devnet, most=0)
    with proxy(answer) as url, pytest.raises(ChainError, match="query returned more than 0"):
        amounts_of(token, connect(url), first, last)


def test_a_node_that_lacks_the_last_block_is_waited_for_not_believed(
    devnet, token, minted, monkeypatch
):
    amounts, first, last = minted
    monkeypatch.setattr(logs, "PATIENCE_S", 5)
    behind = [4]

    def alter(request, answer):
        if request["method"] == "eth_getLogs" and behind[0] > 0:
            return answer | {"result": []}
        if request["method"] == "eth_getBlockByNumber" and behind[0] > 0:
            behind[0] -= 1
            return answer | {"result": None}
        return answer

    with proxy(altered(devnet.url, alter)) as url:
        w3 = connect(url)
        assert amounts_of(token, w3, first, last) == amounts
        assert behind == [0]
        monkeypatch.setattr(logs, "PATIENCE_S", 0.1)
        with pytest.raises(LaggingRpcError, match="has no block"):
            amounts_of(token, w3, first, last + 1000)


def test_a_reorganisation_between_two_ranges_is_noticed_and_all_is_read_again(
    devnet, token, minted, monkeypatch
):
    """The chain changes below a range that was read already, between it and the next."""
    monkeypatch.setattr(logs, "MAX_RANGE", 8)
    _, first, last = minted
    reads = []

    def alter(request, answer):
        if request["method"] == "eth_getLogs":
            reads.append(int(request["params"][0]["fromBlock"], 16))
            if len(reads) == 1:
                # All blocks of the events are replaced by empty ones.
                depth = devnet.w3.eth.block_number - first + 1
                done = devnet.w3.provider.make_request("anvil_reorg", [depth, []])
                assert "error" not in done
                # Those of this batch that come later would show it at once.
        return answer

    kept = {}

    def late(request, answer):
        # The first batch is answered from before the change.
        if len(reads) == 1 and request["method"] == "eth_getBlockByNumber":
            return answer | {"result": kept["block"]}
        if request["method"] == "eth_getBlockByNumber":
            kept.setdefault("block", answer["result"])
        return alter(request, answer)

    with proxy(altered(devnet.url, late)) as url:
        found = amounts_of(token, connect(url), first, last)

    assert found == []
    assert reads.count(first) == 2
