"""A node as its owner runs it: the command, in a process of its own."""

import json
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

from eth_account import Account

from tests.provider.running import Running, wait_until
from tests.provider.world import ENVIRONMENT, TIER
from tests.support import warm
from touchstone.amounts import format_tokens
from touchstone.localnet.node import touchstone_command
from touchstone.protocol.prices import price

ROOT = Path(__file__).resolve().parents[2]


class Setup:
    """A folder with key, configuration and deployment of one provider."""

    def __init__(self, world, account, folder: Path, port: int, **options) -> None:
        self.account = account
        self.folder = folder
        self.port = port
        self.config = folder / "provider.toml"
        (folder / "keys").mkdir(exist_ok=True)
        key = folder / "keys" / "provider.json"
        password = ENVIRONMENT["TOUCHSTONE_PASSWORD"]
        key.write_text(json.dumps(Account.encrypt(account.key, password, iterations=2)))
        key.chmod(0o600)
        world.deployment.save(folder / "deployment.json")
        self.environment = {
            **ENVIRONMENT,
            "TOUCHSTONE_RPC_URL": world.devnet.url,
            "TOUCHSTONE_DEPLOYMENT": str(folder / "deployment.json"),
            "PYTHONPATH": str(ROOT),
        }
        self.config.write_text(toml(port, **options))

    def command(self, *words: str) -> subprocess.CompletedProcess:
        """Runs `touchstone provider ...` to its end."""
        return warm.run(
            [touchstone_command(), "provider", *words], env=self.environment, cwd=self.folder
        )

    def json(self, *words: str) -> dict:
        """The same, with --json."""
        done = self.command(*words, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def node(self):
        """`touchstone provider run`, until the block ends."""
        with (self.folder / "log").open("ab") as log:
            process = warm.popen(
                [touchstone_command(), "provider", "run", "--json"],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        running = Running(None, self.account, self.port)
        try:
            wait_until(lambda: self._answers(process, running), 150, "the node's start")
            yield process, running
        finally:
            running.client.close()
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(20)

    def _answers(self, process, running) -> bool:
        log = (self.folder / "log").read_text()
        assert process.poll() is None, log
        try:
            return running.client.get("/health").status_code == 200
        except OSError:
            return False
        except Exception as error:
            if type(error).__name__ in ("ConnectError", "ReadError"):
                return False
            raise


def toml(
    port: int,
    *,
    label: str = "doubling@1",
    model_folder: str = "none",
    tier: int = TIER,
    slots: int = 50,
    executor: str | None = "tests.provider.executors:doubling",
) -> str:
    """A configuration file."""
    chosen = f'executor = "{executor}"' if executor else ""
    return f"""
[node]
key = "keys/provider.json"
endpoint = "http://127.0.0.1:{port}"
listen = "127.0.0.1:{port}"
poll_seconds = 0.05
{chosen}

[[offers]]
model = "{label}"
folder = "{model_folder}"
price = "{format_tokens(price(tier))}"
slots = {slots}
"""
