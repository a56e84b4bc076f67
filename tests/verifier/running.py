"""A verifier as a user starts it: the real command, with its own Redis and Celery workers."""

import json
from pathlib import Path

from eth_account import Account

from tests.support import warm
from tests.support.world import World
from touchstone.localnet.node import NodeProcess, free_port, touchstone_command

PASSWORD = "tests only"
VERIFIER = 9


def verifier_process(world: World, folder: Path, *options: str, rpc: str = "") -> NodeProcess:
    folder.mkdir(parents=True, exist_ok=True)
    key, deployment = folder / "key.json", folder / "deployment.json"
    secret = world.devnet.account(VERIFIER).key
    key.write_text(json.dumps(Account.encrypt(secret, PASSWORD, kdf="scrypt", iterations=2)))
    key.chmod(0o600)
    world.deployment.save(deployment)
    port = free_port()
    return NodeProcess(
        name="verifier",
        url=f"http://127.0.0.1:{port}",
        log=folder / "log.txt",
        command=[
            *(touchstone_command(), "verifier", "run", "--key", str(key), "--data", str(folder)),
            *("--listen", f"127.0.0.1:{port}", "--interval", "0.3", *options),
        ],
        environment={
            "TOUCHSTONE_RPC_URL": rpc or world.devnet.url,
            "TOUCHSTONE_DEPLOYMENT": str(deployment),
            "TOUCHSTONE_PASSWORD": PASSWORD,
            "TOUCHSTONE_HOME": str(folder),
        },
        popen=warm.popen,
    )


def children_of(pid: int) -> list[int]:
    """All descendants of a process."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if parent == pid:
            found += [int(entry.name), *children_of(int(entry.name))]
    return found


def command_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []
