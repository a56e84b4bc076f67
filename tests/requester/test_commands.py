"""The requester's commands as a user types them, from compiling a model to checking a receipt."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from requester.store import Store
from tests.support.commands import Commands
from tests.support.tiny_model import exact
from tests.support.world import World, small_world
from tests.touchstone.compilers.tiny_bert import write_tiny_bert
from touchstone.protocol.ids import JobId, model_id


@dataclass
class Scene:
    world: World
    commands: Commands
    model: Path
    job: str


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A model compiled and published by command, providers, and one settled job."""
    folder = tmp_path_factory.mktemp("scene")
    source, model = folder / "source", folder / "model"
    source.mkdir()
    write_tiny_bert(source)
    made = []

    def publish(devnet, deployment):
        commands = Commands(folder / "home", devnet, deployment)
        made.append(commands)
        compiled = commands.json("model", "compile", source, model, "--name", "tiny")
        assert compiled["model"] == "tiny@1"
        published = commands.json("model", "publish", model, "--unit-rows", "8")
        assert published["program_root"] == compiled["program_root"]
        nodes.append(exact(model))
        return model_id("tiny", "1")

    nodes = []
    lazy = [lambda batch: nodes[0](batch)] * 3
    with small_world(lazy, publish=publish) as world:
        (commands,) = made
        told = commands.json(
            *("job", "submit", "a b", "c", "--model", "tiny@1", "--folder", model),
            *("--max-price", "0.01"),
        )
        assert told["phase"] == "settled"
        assert told["payment"] == "0.03"
        yield Scene(world, commands, model, told["job"])


def test_published_models_are_listed(scene):
    (listed,) = scene.commands.json("model", "list")
    assert listed["model"] == "tiny@1"
    assert listed["unit_rows"] == 8
    assert "tiny@1" in scene.commands.run("model", "list").stdout


def test_a_version_is_published_once(scene):
    done = scene.commands.run("model", "publish", scene.model)
    assert done.returncode == 1
    assert "compile with another --version" in done.stderr


def test_a_result_is_printed_as_real_numbers_and_written_to_a_file(scene, tmp_path):
    told = scene.commands.json("job", "result", scene.job[:12])
    assert told["unit"] == "real"
    assert len(told["result"]) == 2
    assert np.linalg.norm(told["result"][0]) == pytest.approx(1, abs=0.01)

    out = tmp_path / "rows.npz"
    assert scene.commands.run("job", "result", scene.job, "--out", out).returncode == 0
    with np.load(out) as arrays:
        np.testing.assert_array_equal(arrays["arr_0"], told["result"][0])


def test_jobs_are_shown(scene):
    (shown,) = scene.commands.json("job", "show")
    assert shown["job"] == scene.job
    assert "settled" in scene.commands.run("job", "show", scene.job).stdout


def test_an_unknown_job_is_one_line_and_status_1(scene):
    done = scene.commands.run("job", "show", "0xffff")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "no job of this requester begins" in done.stderr


def test_nothing_to_refund_withdraws_nothing(scene):
    told = scene.commands.json("job", "refund", scene.job)
    assert told["withdrawn"] == "0"


def test_a_receipt_is_built_and_checked_by_command(scene, tmp_path):
    file = tmp_path / "receipt.json"
    built = scene.commands.json("receipt", "build", scene.job, "--out", file, "--disclose")
    assert built["verdict"]["phase"] == "settled"

    told = scene.commands.json("receipt", "check", file, "--rpc", scene.world.devnet.url)
    assert told["ok"] is True
    assert told["market_trusted"] is True
    assert "the receipt holds" in scene.commands.run("receipt", "check", file, "--offline").stdout


def test_a_forged_receipt_has_status_1_and_says_what_does_not_hold(scene, tmp_path):
    file = tmp_path / "receipt.json"
    scene.commands.json("receipt", "build", scene.job, "--out", file)
    receipt = json.loads(file.read_text())
    receipt["verdict"]["payments"][0]["amount"] += "0"
    file.write_text(json.dumps(receipt))

    told = scene.commands.json("receipt", "check", file, status=1)
    assert [found["name"] for found in told["checks"] if not found["ok"]] == ["verdict"]
    file.write_text("not json")
    assert scene.commands.run("receipt", "check", file).returncode == 1


def test_texts_of_another_model_folder_are_refused(scene, tmp_path):
    done = scene.commands.run(
        *("job", "submit", "a", "--model", "tiny@1", "--folder", tmp_path / "nothing")
    )
    assert done.returncode == 1
    assert "is not a compiled model" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["", "--max-price", "1"], "a text is empty"),
        (["a text", "--max-price", "-1"], "not a positive amount"),
        (["--file", "none.txt"], "cannot read the texts in none.txt"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_in_one_line(scene, arguments, advice):
    done = scene.commands.run(
        "job", "submit", "--model", "tiny@1", "--folder", scene.model, *arguments
    )

    assert done.returncode == 1
    assert advice in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_stands_on_chain_is_told_and_published_once(scene):
    told = scene.commands.json(
        *("job", "submit", "a b", "--model", "tiny@1", "--folder", scene.model, "--no-wait")
    )
    market, devnet = scene.world.market, scene.world.devnet
    job = JobId(bytes.fromhex(told["job"][2:]))
    order = market.order_of(job)
    devnet.mine(market.job(order).since + 2 - devnet.w3.eth.block_number)
    scene.world.sender(0).send(market.draw([order]))
    home = Path(scene.commands.environment["TOUCHSTONE_HOME"])
    store = Store(home / "requester" / "requester.sqlite", market.contract.address)
    stored = store.get(job)
    scene.world.sender(1).send(market.answer_input(order, stored.payload, stored.salt))

    # Whoever comes later has nothing more to do, and is told so.
    delivered = scene.commands.json("job", "deliver", told["job"])
    assert delivered["input_demand"]["state"] == "answered"
    shown = scene.commands.run("job", "show", told["job"]).stdout
    assert "the input stands on chain, for everyone to read" in shown
    done = scene.commands.run("job", "demand", told["job"])
    assert done.returncode == 1
    assert "the output cannot be demanded: the job is drawn" in done.stderr
