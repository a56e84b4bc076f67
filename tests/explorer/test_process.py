"""The explorer as a user starts it: the real command, ended in the hardest way."""

import json
import random
import signal
import sys
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from explorer.database.tables import CheckpointRow, EventRow
from tests.explorer.indexing import dump, fresh_database, rebuilt
from tests.explorer.world import explorable_world
from tests.support import warm
from touchstone.localnet.node import NodeProcess, free_port, touchstone_command

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def long_world():
    """A chain with jobs all along it."""
    with explorable_world() as world:
        for _ in range(6):
            world.settled()
            world.replaced()
            world.devnet.mine(20)
        yield world


def explorer(world, folder, command, *options) -> NodeProcess:
    folder.mkdir(exist_ok=True)
    world.deployment.save(folder / "deployment.json")
    port = free_port()
    serve = ["--host", "127.0.0.1", "--port", str(port)] if command == "run" else []
    return NodeProcess(
        name="explorer",
        url=f"http://127.0.0.1:{port}",
        log=folder / "log.txt",
        command=[
            *(touchstone_command(), "explorer", command, *serve, *options),
            *("--rpc", world.devnet.url, "--deployment", str(folder / "deployment.json")),
            *("--database", str(folder / "explorer.sqlite")),
        ],
        environment={"TOUCHSTONE_HOME": str(folder), "OMP_NUM_THREADS": "1"},
        popen=warm.popen,
    )


def checkpoint(database) -> int:
    with database.read() as session:
        return session.scalar(select(CheckpointRow.number)) or 0


def test_killed_again_and_again_it_loses_and_doubles_nothing(long_world, tmp_path):
    world, chance, folder = long_world, random.Random(11), tmp_path / "killed"
    folder.mkdir()
    world.deployment.save(folder / "deployment.json")
    database = fresh_database(folder / "explorer.sqlite")
    reached, ended = [], []

    while not ended or ended[-1] != 0:
        assert len(ended) < 40, reached
        files = [folder / "deployment.json", folder / "explorer.sqlite"]
        numbers = [25, chance.randint(40, 120)]
        arguments = [world.devnet.url, *map(str, [*files, *numbers])]
        done = warm.run([sys.executable, "-m", "tests.explorer.dying", *arguments], cwd=ROOT)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        ended.append(done.returncode)
        reached.append(checkpoint(database))

    assert ended.count(-signal.SIGKILL) >= 4
    assert reached == sorted(reached)
    assert reached[-1] == world.head
    assert dump(database) == rebuilt(world, tmp_path / "rebuilt.sqlite")
    database.close()


def test_killed_and_then_overtaken_by_a_reorganisation_it_finds_its_way(long_world, tmp_path):
    world, folder = long_world, tmp_path / "overtaken"
    done = warm.run(explorer(world, folder, "index", "--once", "--json").command)
    assert json.loads(done.stdout) == {"indexed_block": world.head, "head_block": world.head}
    process = explorer(world, folder, "index", "--interval", "0.05")
    process.start()
    world.contested()
    process.kill()
    world.request("anvil_reorg", 5, [])
    world.settled()

    done = warm.run(explorer(world, folder, "index", "--once").command)
    assert done.returncode == 0, done.stderr

    database = fresh_database(folder / "explorer.sqlite")
    assert dump(database) == rebuilt(world, tmp_path / "rebuilt.sqlite")
    with database.read() as session:
        assert session.query(EventRow).filter_by(name="Contested").count() == 0
    database.close()


def test_it_serves_follows_and_says_when_it_is_behind(long_world, tmp_path):
    world = long_world
    process = explorer(world, tmp_path / "served", "run", "--interval", "0.1")
    process.start()
    try:
        first = httpx.get(f"{process.url}/health") if _listens(process) else None
        assert first is not None
        assert first.status_code in (200, 503)
        health = process.wait_ready()
        assert health["caught_up"] is True
        assert health["behind"] == 0

        order = world.settled()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answer = httpx.get(f"{process.url}/api/jobs/{world.hex_of(order)}")
            if answer.status_code == 200 and answer.json()["summary"]["phase"] == "settled":
                break
            time.sleep(0.05)
        assert (
            "each earned 0.01 tokens" in httpx.get(f"{process.url}/jobs/{world.hex_of(order)}").text
        )
        assert httpx.get(f"{process.url}/").headers["content-security-policy"]
    finally:
        process.stop()
    assert "Traceback" not in process.tail(200)


def test_without_a_chain_it_says_so_in_one_line(long_world, tmp_path):
    world, folder = long_world, tmp_path / "alone"
    command = list(explorer(world, folder, "index", "--once").command)
    command[command.index("--rpc") + 1] = f"http://127.0.0.1:{free_port()}"
    done = warm.run(command)

    assert done.returncode == 1
    assert "no chain answers at http://127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr


def test_rebuild_begins_with_an_empty_data_base(long_world, tmp_path):
    world, folder = long_world, tmp_path / "rebuild"
    folder.mkdir()
    database = fresh_database(folder / "explorer.sqlite")
    with database.writer.begin() as connection:
        connection.execute(
            EventRow.__table__.insert(),
            {
                "block": 1,
                "log_index": 0,
                "transaction": "0x",
                "contract": "",
                "name": "",
                "args": "{}",
            },
        )
    command = list(explorer(world, folder, "rebuild", "--json").command)
    done = warm.run(command)

    assert json.loads(done.stdout)["indexed_block"] == world.head
    assert dump(database) == rebuilt(world, tmp_path / "rebuilt.sqlite")
    database.close()


def _listens(process) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{process.url}/health", timeout=2)
        except httpx.HTTPError:
            time.sleep(0.02)
        else:
            return True
    return False
