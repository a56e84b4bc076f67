"""A real model, compiled to exact integers, served by the command as its owner runs it."""

import json
from pathlib import Path

import pytest

from provider.executor import ExactExecutor
from provider.offers import look_up
from tests.provider.process import Setup
from tests.provider.running import free_port, running_node
from tests.provider.test_whole_job import own
from tests.provider.world import World, config_for
from tests.support import warm
from touchstone.compilers import compile_bert, find_minilm
from touchstone.engines import TorchEngine
from touchstone.errors import WrongModelError
from touchstone.localnet.node import touchstone_command
from touchstone.programs import load_model, tokenize
from touchstone.protocol.ids import model_id
from touchstone.protocol.payload import encode_payload, payload_root


@pytest.fixture(scope="session")
def minilm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MiniLM, compiled by today's compiler."""
    folder = tmp_path_factory.mktemp("compiled") / "minilm"
    compile_bert(find_minilm(), folder, "minilm", "1")
    return folder


@pytest.fixture(scope="module")
def world_with_minilm(world: World, minilm) -> World:
    roots = load_model(minilm).roots()
    world.publish("minilm", "1", roots.program, roots.weights, 512, 128, list(roots.shards))
    for index in (2, 3):
        world.join(world.devnet.account(index), model=model_id("minilm", "1"))
    world.next_epoch()
    return world


def test_a_node_gives_what_the_engine_computes(world_with_minilm, minilm, peer, tmp_path):
    world = world_with_minilm
    setup = Setup(
        world,
        world.devnet.account(2),
        tmp_path,
        free_port(),
        label="minilm@1",
        model_folder=str(minilm),
        executor=None,
    )
    texts = tokenize(minilm, ["the stone knows gold", "a touch"])
    expected = encode_payload(TorchEngine(load_model(minilm)).run(texts))
    job = world.open(texts, model=model_id("minilm", "1"))
    with setup.node() as (_, node):
        assert node.client.get("/health").json()["engine"] == "torch on cpu"
        world.draw(job)
        assert node.deliver(world, job).status_code == 202
        commits = {
            setup.account.address: own(node.committed(job)),
            peer.account.address: peer.commit(world, job),
        }
        shown = world.commit_set(job, commits)
        claim = node.client.post(f"{job.path}/set", json=shown).json()
        assert claim["output_root"] == "0x" + payload_root(expected, job.salt).hex()
        output = node.client.get(f"{job.path}/output", headers=world.delivery(job))
        assert output.content == expected
        assert_anyone_can_fetch(world, setup, tmp_path / "fetched")


def assert_anyone_can_fetch(world, setup, to: Path) -> None:
    """By the model's name alone: the chain has its roots and who offers it."""
    url = f"http://127.0.0.1:{setup.port}"
    world.sender(setup.account).send(world.vault.set_endpoint(url))
    command = [touchstone_command(), "model", "fetch", "minilm@1", "--to", str(to), "--json"]
    done = warm.run(command, env=setup.environment)
    news = json.loads(done.stdout)
    assert [mirror["url"] for mirror in news["mirrors"]] == [url]
    assert news["of_a_stranger"]
    assert news["fetched"] == news["pieces"] > 20
    load_model(to)


@pytest.mark.parametrize(("rate", "rule"), [(1, "unknown_file"), (0, "unknown_path")])
def test_a_node_can_keep_its_files_to_itself(world, tmp_path, rate, rule):
    config = config_for(tmp_path, port=free_port(), mirror_mib_s=rate)
    with running_node(world, world.devnet.account(2), config) as node:
        answer = node.client.get(f"/models/0x{bytes(32).hex()}/manifest.json")
        assert (answer.status_code, answer.json()["error"]["rule"]) == (404, rule)


def test_a_model_with_other_roots_than_the_registrys_is_not_served(
    world_with_minilm, minilm, tmp_path
):
    world = world_with_minilm
    world.publish("minilm", "2", b"\x05" * 32, b"\x06" * 32, 512, 128)
    config = config_for(tmp_path)
    offer = config.offers[0].model_copy(update={"model": "minilm@2", "folder": minilm})
    config = config.model_copy(update={"offers": (offer,)})
    served = look_up(world.registry, config.resolved_offers())
    with pytest.raises(WrongModelError) as caught:
        ExactExecutor(config.node, served)
    assert "05" * 32 in str(caught.value)
    assert load_model(minilm).manifest.program_root.hex() in str(caught.value)


def test_a_model_that_nobody_published_is_named(world, tmp_path):
    config = config_for(tmp_path)
    offer = config.offers[0].model_copy(update={"model": "nothing@7"})
    config = config.model_copy(update={"offers": (offer,)})
    with pytest.raises(WrongModelError, match=r"nothing@7 is not published"):
        look_up(world.registry, config.resolved_offers())
