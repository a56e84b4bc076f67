"""What is wrong in a configuration is said with its place, its value and a fix."""

import pytest

from provider.config import load_config
from provider.executor import make_executor
from tests.provider.process import toml
from tests.provider.world import config_for
from touchstone.errors import NodeConfigError
from touchstone.protocol.ids import model_id


def load(tmp_path, text):
    path = tmp_path / "provider.toml"
    path.write_text(text)
    return load_config(path)


def test_a_good_file_is_read_with_paths_from_its_folder(tmp_path):
    config = load(tmp_path, toml(9000))
    assert config.node.key == tmp_path / "keys" / "provider.json"
    assert (config.node.host, config.node.port) == ("127.0.0.1", 9000)
    (offer,) = config.resolved_offers()
    assert (offer.model, offer.tier, offer.slots) == (model_id("doubling", "1"), 45, 50)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('price = "0.001"', 'price = "0.003"', ["offers.0.price", "0.003", "0.01 or 0.05"]),
        ('price = "0.001"', 'price = "much"', ["offers.0.price", "much"]),
        ("slots = 50", "slots = 0", ["offers.0.slots", "greater than or equal to 1"]),
        ('"doubling@1"', '"doubling"', ["offers.0.model", "name@version", "'doubling'"]),
        ('"http://127', '"ftp://127', ["node.endpoint", "http or https"]),
        ("listen = ", "lisen = ", ["node.lisen", "not permitted"]),
        ('"127.0.0.1:9000"', '"9000"', ["node.listen", "host:port"]),
        ('key = "keys/provider.json"', "", ["node.key", "required"]),
        ("[node]", "[node", ["cannot be read as TOML"]),
    ],
)
def test_what_is_wrong_is_named(tmp_path, old, new, words):
    text = toml(9000)
    assert old in text
    with pytest.raises(NodeConfigError) as caught:
        load(tmp_path, text.replace(old, new, 1))
    for word in words:
        assert word in str(caught.value)


def test_one_offer_twice_is_refused(tmp_path):
    text = toml(9000)
    with pytest.raises(NodeConfigError, match="offered twice"):
        load(tmp_path, text + text[text.index("[[offers]]") :])


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(NodeConfigError, match="touchstone provider init"):
        load_config(tmp_path / "none.toml")


@pytest.mark.parametrize("name", ["nothing_there", "no.such.module:factory", "tests:no_factory"])
def test_an_executor_that_is_not_there_is_named(tmp_path, name):
    node = config_for(tmp_path).node.model_copy(update={"executor": name})
    with pytest.raises(NodeConfigError, match=r"node\.executor"):
        make_executor(node, [])
