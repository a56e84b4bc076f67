"""The real `touchstone` command in a process of its own, with the keys of a development chain."""

import json
import os
import subprocess
from pathlib import Path

from eth_account import Account

from tests.support import warm
from touchstone.chain.deployment import Deployment
from touchstone.chain.devnet import Devnet
from touchstone.localnet.node import touchstone_command

PASSWORD = "tests only"


class Commands:
    """Runs commands in one home folder, with keys called as their roles expect them."""

    def __init__(self, home: Path, devnet: Devnet, deployment: Deployment) -> None:
        home.mkdir(parents=True, exist_ok=True)
        deployment.save(home / "deployment.json")
        for index, name in enumerate(("publisher", "requester")):
            self._write_key(home / "keys" / f"{name}.json", devnet.account(index).key)
        self.environment = {
            **os.environ,
            "TOUCHSTONE_HOME": str(home),
            "TOUCHSTONE_RPC_URL": devnet.url,
            "TOUCHSTONE_PASSWORD": PASSWORD,
            "OMP_NUM_THREADS": "1",
        }

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return warm.run([touchstone_command(), *map(str, arguments)], env=self.environment)

    def json(self, *arguments: object, status: int = 0):
        """What a command prints with --json."""
        done = self.run(*arguments, "--json")
        assert done.returncode == status, done.stdout + done.stderr
        return json.loads(done.stdout)

    @staticmethod
    def _write_key(path: Path, secret: bytes) -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(Account.encrypt(secret, PASSWORD, kdf="scrypt", iterations=2)))
        path.chmod(0o600)
