import pytest

from tests.touchstone.chain.lossy import altered, proxy
from touchstone.chain.finality import FALLBACK_BLOCKS, Finality, final_block
from touchstone.chain.rpc import connect
from touchstone.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("latest", Finality(0)),
        ("12", Finality(12)),
        ("safe", Finality(FALLBACK_BLOCKS, "safe")),
        ("finalized", Finality(FALLBACK_BLOCKS, "finalized")),
    ],
)
def test_finality_is_a_word_or_a_number(text, meaning):
    assert Finality.parse(text) == meaning


@pytest.mark.parametrize("text", ["", "-1", "soon", "earliest", "²"])
def test_other_words_are_refused(text):
    with pytest.raises(SettingsError, match="write latest, safe, finalized or a number"):
        Finality.parse(text)


def test_development_chains_are_final_at_once_and_others_when_they_say_so(monkeypatch):
    monkeypatch.delenv("TOUCHSTONE_FINALITY", raising=False)
    assert Finality.of_chain(31337).immediate
    assert Finality.of_chain(1).tag == "finalized"
    monkeypatch.setenv("TOUCHSTONE_FINALITY", "7")
    assert Finality.of_chain(31337) == Finality.of_chain(1) == Finality(7)


def test_blocks_on_top_or_the_nodes_word_make_a_block_final(devnet):
    devnet.mine(100)
    head = devnet.w3.eth.block_number

    assert final_block(devnet.w3, Finality(0)) == head
    assert final_block(devnet.w3, Finality(5)) == head - 5
    assert final_block(devnet.w3, Finality(head + 1)) == -1
    for tag in ("safe", "finalized"):
        said = devnet.w3.eth.get_block(tag)["number"]
        assert said < head
        assert final_block(devnet.w3, Finality.parse(tag)) == said


def test_where_a_node_does_not_know_the_word_blocks_decide(devnet):
    def alter(request, answer):
        if request["params"][:1] == ["finalized"]:
            return {"id": answer["id"], "error": {"code": -32000, "message": "unknown block"}}
        return answer

    devnet.mine(100)
    with proxy(altered(devnet.url, alter)) as url:
        found = final_block(connect(url), Finality.parse("finalized"))

    assert found == devnet.w3.eth.block_number - FALLBACK_BLOCKS
