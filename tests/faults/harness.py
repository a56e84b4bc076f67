"""A small market of real processes to break, and the books that must be right afterwards."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread

import httpx
import numpy as np

from requester.client import Client
from requester.store import Store
from tests.faults.proxy import Proxy
from tests.support import warm
from tests.support.tiny_model import compile_tiny
from touchstone.chain.parameters import DEVNET
from touchstone.localnet import Localnet, NodeProcess, Offer
from touchstone.localnet.node import touchstone_command
from touchstone.protocol.demands import answer_deposit
from touchstone.protocol.jobs import Phase, seats_in

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "tests" / "faults" / "site"
DEAD = "0x000000000000000000000000000000000000dEaD"
PRICE = "0.01"
TOKENS = [np.array([2, 4, 5, 3], np.int32)]
LONG = os.environ.get("TOUCHSTONE_LONG") == "1"
"""Whether the longest variants run as well."""

WINDOWS = replace(
    DEVNET,
    market=replace(
        DEVNET.market,
        commit_window=60,
        reveal_window=30,
        challenge_window=60,
        draw_blocks=64,
    ),
    epoch_blocks=256,
    unbonding_time=1200,
)
"""Long enough for a process to be killed and to come back on a busy machine."""


def until(condition, what: str, seconds: float = 60):
    """The first true value of `condition`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


@dataclass(frozen=True)
class Books:
    """Where every unit of the token was: in base units, by address."""

    supply: int
    wallets: dict[str, int]
    stakes: dict[str, int]
    earned: dict[str, int]
    in_market: int
    in_vault: int

    def held(self, account: str) -> int:
        """What an account has in its wallet or can withdraw."""
        return self.wallets[account] + self.earned[account]


@dataclass
class Market:
    """A running market: honest providers of one pool, a requester, perhaps a verifier."""

    net: Localnet
    folder: Path
    model: str
    model_folder: Path
    nodes: list[NodeProcess] = field(default_factory=list)
    verifier: NodeProcess | None = None
    proxy: Proxy | None = None
    _clients: int = 0
    _homes: dict[Client, Path] = field(default_factory=dict)

    # --- processes -------------------------------------------------------------------------------

    def add_providers(self, count: int, executor: str = "quick", **environment: str) -> None:
        for _ in range(count):
            offer = Offer(self.model, self.model_folder, PRICE)
            node = self.net.add_provider(
                [offer], executor=f"tests.faults.executors:{executor}", python_path=ROOT
            )
            if environment:
                self.restart(node, **environment)
            self.nodes.append(node)
        for node in self.nodes:
            node.wait_ready()
        self.net.next_epoch()

    def restart(self, node: NodeProcess, **environment: str) -> None:
        """Starts a process anew with other variables, or with none of them again."""
        node.kill()
        paths = [str(ROOT), *([str(SITE)] if environment else [])]
        plain = {
            k: v for k, v in node.environment.items()
            if k not in ("KILL_AT", "KILL_MARK", "CLOCK_SKEW_S")
        }  # fmt: skip
        node.environment = plain | environment | {"PYTHONPATH": os.pathsep.join(paths)}
        node.popen = _popen(environment)
        node.start()

    def doom(self, node: NodeProcess, point: str, *, ready: bool = True) -> Path:
        """Starts a process that kills itself at a point, once; returns the file that says so."""
        mark = self.folder / f"killed-{time.monotonic_ns()}"
        self.restart(node, KILL_AT=point, KILL_MARK=str(mark))
        if ready:
            node.wait_ready()
        return mark

    def job_at(self, node: NodeProcess, job) -> dict:
        """What a node says of a job; nothing while it does not answer."""
        try:
            return httpx.get(f"{node.url}/jobs/0x{job.id.hex()}", timeout=5).json()
        except httpx.HTTPError:
            return {}

    def verifier_says(self, job) -> dict:
        """What the verifier says of a job."""
        assert self.verifier is not None
        return self.job_at(self.verifier, job)

    def address(self, node: NodeProcess) -> str:
        return self.net.provider_account(self.nodes.index(node))

    def client(self, patience_s: float = 0.5, *, like: Client | None = None, **settings) -> Client:
        """The requester's client, with files of its own; or with those of another, as after a
        restart."""
        self._clients += 1
        home = self._homes[like] if like else self.folder / f"client-{self._clients}"
        made = Client(
            self.net.devnet.w3,
            self.net.deployment,
            self.net.devnet.account(1),
            home,
            patience_s=patience_s,
            poll_s=0.1,
            **settings,
        )
        self._homes[made] = home
        return made

    def submit(self, client: Client, **how):
        self.net.clear_of_epochs_end()
        return client.submit(TOKENS, self.model, **how)

    def command(
        self, *words: str, home: Path, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs `touchstone ...` as the requester, with files of its own, to its end."""
        key = home / "keys" / "requester.json"
        if not key.exists():
            key.parent.mkdir(parents=True)
            self.net.write_key(1, key)
        places = {
            "TOUCHSTONE_HOME": str(home),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(SITE)]),
        }
        command = [touchstone_command(), *words, "--json"]
        variables = {**os.environ, **self.net.environment(1), **places, **environment}
        return warm.run(command, env=variables, popen=_popen(environment))

    def kept(self, home: Path) -> Store:
        """What a requester's command has on disk."""
        return Store(home / "requester" / "requester.sqlite", self.net.market.contract.address)

    # --- the chain -------------------------------------------------------------------------------

    def state(self, job):
        return self.net.market.job(job.order)

    def phase(self, job) -> Phase:
        return self.state(job).phase

    def rpc(self, method: str, *parameters):
        answer = self.net.devnet.w3.provider.make_request(method, list(parameters))
        assert "error" not in answer, answer
        return answer["result"]

    # --- the books -------------------------------------------------------------------------------

    def books(self) -> Books:
        net = self.net
        accounts = [net.devnet.account(n).address for n in range(40)]
        holders = [*accounts, DEAD]
        return Books(
            supply=net.token.contract.functions.totalSupply().call(),
            wallets={a: net.token.balance_of(a) for a in holders},
            stakes={a: self._stake(a) for a in accounts},
            earned={a: sum(net.market.balance_of(a)) for a in accounts},
            in_market=net.token.balance_of(net.market.contract.address),
            in_vault=net.token.balance_of(net.vault.address),
        )

    def _stake(self, address: str) -> int:
        vault = self.net.vault
        total = vault.free_stake(address)
        joined = vault.contract.events.Joined().get_logs(
            from_block=0, argument_filters={"provider": address}
        )
        for event in joined:
            position = vault.position(event["args"]["pool"], address)
            total += position.slots * position.bond
        return total

    def check_books(self, before: Books, jobs) -> None:
        """Requires that nothing was lost, nobody slashed, and each job and each answer to a demand
        paid for once or not."""
        after = self.books()
        expected = dict.fromkeys(after.stakes, 0)
        escrow = 0
        for job in jobs:
            escrow += self._book(job, expected)
        assert after.supply == before.supply
        assert sum(after.wallets.values()) + after.in_market + after.in_vault == after.supply
        assert after.in_market == escrow + sum(after.earned.values())
        assert after.in_vault == sum(after.stakes.values())
        assert after.stakes == before.stakes, "an honest provider lost stake"
        assert after.wallets[DEAD] == before.wallets[DEAD]
        changes = {a: after.held(a) - before.held(a) for a in expected}
        assert changes == expected, "somebody was paid twice, or not at all"

    def _book(self, job, expected: dict[str, int]) -> int:
        """Adds to `expected` what a job moves; returns what the market holds of it."""
        state = self.state(job)
        if state.phase is Phase.NONE:
            return 0
        expected[self.net.devnet.account(1).address] -= job.order.payment
        held = job.order.payment
        last = self.net.devnet.w3.eth.block_number
        names = ("Refunded", "Reserved", "Demanded", "Answered", "DemandClosed")
        for event in self.net.market.events(0, last, job.id, names):
            what = event["args"]
            moved: dict[str, int] = {}
            match event["event"]:
                case "Refunded":
                    moved = {job.order.requester: what["amount"]}
                case "Reserved":
                    seats = list(seats_in(what["seats"]))
                    moved = {state.providers[seat]: what["fee"] for seat in seats}
                case "Demanded":
                    moved = {what["demander"]: -answer_deposit(self._answer_price)}
                case "Answered":
                    moved = {what["by"]: what["fee"]}
                case "DemandClosed":
                    moved = {what["demander"]: what["returned"]}
            for account, amount in moved.items():
                expected[account] += amount
                held -= amount
        if state.phase is Phase.SETTLED:
            for seat in state.active:
                expected[state.providers[seat]] += job.order.share
                held -= job.order.share
        return held

    @property
    def _answer_price(self) -> int:
        return self.net.parameters.market.answer_price

    def commits_of(self, node: NodeProcess, job) -> int:
        """For how many draws of a job a node has signed."""
        with closing(self._disk(node)) as db:
            query = "SELECT count(*) FROM commits WHERE job = ?"
            return db.execute(query, (job.id,)).fetchone()[0]

    @staticmethod
    def _disk(node: NodeProcess) -> sqlite3.Connection:
        path = node.log.parent / "data" / "node.sqlite"
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def signed_once(self, job) -> None:
        """Requires that no two commitments or claims by one provider for one draw exist on chain
        or on any node's disk."""
        for node in self.nodes:
            db = self._disk(node)
            for table in ("commits", "claims"):
                query = f"SELECT count(*) FROM {table} WHERE job = ? GROUP BY draw"
                assert all(n == 1 for (n,) in db.execute(query, (job.id,))), table
            (accused,) = db.execute(
                "SELECT count(*) FROM (SELECT 1 FROM shown WHERE job = ? GROUP BY draw, seat "
                "HAVING count(*) > 1)", (job.id,)
            ).fetchone()  # fmt: skip
            db.close()
            assert accused == 0, "a provider signed two commitments"


@contextmanager
def market(
    folder: Path,
    providers: int = 3,
    *,
    executor: str = "quick",
    parameters=WINDOWS,
    block_time: float | None = 0.25,
    proxied: bool = False,
    **environment: str,
):
    """A market with this many providers, all of them drawable; `proxied` puts a proxy between all
    processes and their chain."""
    model_folder = compile_tiny(folder / "tiny")
    with ExitStack() as stack:
        net = Localnet(folder / "net", parameters=parameters, block_time=block_time)
        net.popen = warm.popen
        stack.enter_context(net)
        built = Market(net, net.folder, net.publish(model_folder), model_folder)
        if proxied:
            built.proxy = stack.enter_context(Proxy(net.devnet.url))
            net.rpc_url = built.proxy.url
        net.fund(1)
        built.add_providers(providers, executor, **environment)
        yield built
        # Before the proxy: whoever still waits for an answer would not end.
        net.stop_nodes()


def _popen(environment: Mapping[str, str]):
    """A clock is moved before anything is imported."""
    return subprocess.Popen if "CLOCK_SKEW_S" in environment else warm.popen


def died(node: NodeProcess, mark: Path) -> bool:
    return mark.exists() and not node.running


def kill_group(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def one_json(done: subprocess.CompletedProcess) -> dict:
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@contextmanager
def waiting(client: Client, *jobs, seconds: float = 90):
    """Waits for jobs in threads while the block breaks things; then they must have ended.

    Yields the list that holds their outcomes after the block."""
    outcomes: dict[int, object] = {}

    def wait(number: int, job) -> None:
        try:
            outcomes[number] = client.wait(job, timeout=seconds)
        except Exception as error:
            outcomes[number] = error

    threads = [Thread(target=wait, args=(n, job), daemon=True) for n, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    found: list = []
    yield found
    for thread in threads:
        thread.join(seconds + 30)
    for number in range(len(jobs)):
        outcome = outcomes.get(number)
        if not hasattr(outcome, "phase"):
            raise AssertionError(f"job {number} has not ended: {outcome!r}")
        found.append(outcome)
