"""A provider's life by its commands, on a real chain."""

import pytest

from tests.provider.process import Setup, toml
from tests.provider.world import World
from touchstone.chain.devnet import Devnet
from touchstone.chain.parameters import DEVNET


@pytest.fixture(scope="module")
def world():
    with Devnet() as devnet:
        yield World(devnet)


@pytest.fixture
def setup(world, tmp_path):
    return Setup(world, world.w3.eth.account.create(), tmp_path, 9000, slots=3)


def test_init_makes_a_key_and_a_configuration_once(world, setup, tmp_path):
    fresh = tmp_path / "fresh"
    made = setup.json("init", str(fresh), "--endpoint", "http://node.example:9")
    assert made["address"].startswith("0x")
    assert (fresh / "keys" / "provider.json").stat().st_mode & 0o077 == 0
    assert 'endpoint = "http://node.example:9"' in (fresh / "provider.toml").read_text()
    again = setup.command("init", str(fresh))
    assert (again.returncode, "exists already" in again.stderr) == (1, True)


def test_stake_offer_status_and_unstake_follow_one_another(world, setup):
    poor = setup.command("offer")
    assert poor.returncode == 1
    assert "touchstone provider stake 0.576" in poor.stderr.replace("\n", " ")

    assert setup.json("stake", "1", "--mint")["free"] == "1"
    offered = setup.json("offer")
    (offer,) = offered["offers"]
    assert (offer["slots_added"], offer["worst_loss_per_job"]) == (3, "0.192")
    assert offer["active_from_block"] % 64 == 0
    assert setup.json("offer")["offers"][0]["slots_added"] == 0

    status = setup.json("status")
    assert status["endpoint"] == "http://127.0.0.1:9000"
    assert status["free_stake"] == "0.424"
    (position,) = status["positions"]
    assert (position["slots"], position["drawn_with"], position["from_next_epoch"]) == (3, 0, 3)
    assert "doubling@1" in setup.command("status").stdout

    one = setup.json("unstake", "--slots", "1", "--model", "doubling@1")
    assert (one["slots_begun"], one["withdrawn"], one["slots_leaving"]) == (1, "0.424", 1)
    rest = setup.json("unstake", "--all")
    assert (rest["slots_begun"], rest["withdrawn"], rest["slots_leaving"]) == (2, "0", 3)
    world.devnet.increase_time(DEVNET.unbonding_time + 100)
    last = setup.json("unstake")
    assert (last["slots_finished"], last["withdrawn"], last["slots_leaving"]) == (3, "0.576", 0)


def test_nothing_is_withdrawn_before_something_is_earned(setup):
    done = setup.command("withdraw")
    assert (done.returncode, "nothing can be withdrawn yet" in done.stderr) == (1, True)


def test_an_amount_that_is_none_is_refused(setup):
    assert "write it like 12 or 0.05" in setup.command("stake", "all").stderr
    assert "positive amount" in setup.command("stake", "0").stderr


def test_a_wrong_password_is_said_in_one_line(setup):
    setup.environment["TOUCHSTONE_PASSWORD"] = "guess"
    done = setup.command("run")
    assert done.returncode == 1
    assert "wrong password" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_node_without_offers_does_not_start(setup):
    text = toml(9000)
    setup.config.write_text(text[: text.index("[[offers]]")])
    assert "a node must offer something" in setup.command("run").stderr
