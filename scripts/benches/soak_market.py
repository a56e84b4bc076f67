"""The market of the soak: twenty provider processes, some of them bad, and what befalls them."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from soak_plan import RPC_MODES, Fault, Planned

from tests.faults.proxy import Proxy
from touchstone.chain.parameters import DEVNET
from touchstone.errors import LocalnetError
from touchstone.localnet import Offer

if TYPE_CHECKING:
    from touchstone.localnet import Localnet, NodeProcess

ROOT = Path(__file__).resolve().parents[2]
PRICE = "0.01"
BAD = ("liar", "silent")
SLOTS, BAD_SLOTS = 400, 100
"""The liar and the silent node have fewer slots, so that they are drawn into few jobs only."""

PARAMETERS = replace(
    DEVNET,
    market=replace(
        DEVNET.market,
        commit_window=60,
        reveal_window=30,
        answer_window=40,
        delivery_window=100,
        challenge_window=220,
        draw_blocks=128,
    ),
    epoch_blocks=1024,
    unbonding_time=1300,
)
STOPPED_S = PARAMETERS.market.commit_window + 15
DOWN_S = 3
HICCUP_S = 10
READY_S = 300
INTERVAL_S = 2


@dataclass(slots=True)
class Town:
    """All processes of the soak.

    Attributes:
        net: the chain and the processes.
        proxy: stands between some of the nodes and the chain.
        honest: nodes that faults happen to.
        verifier: the only one.
        happened: faults so far, by kind.
    """

    net: Localnet
    proxy: Proxy
    honest: list[NodeProcess] = field(default_factory=list)
    verifier: NodeProcess | None = None
    happened: Counter[str] = field(default_factory=Counter)
    _busy: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(16))
    _running: list[Future[None]] = field(default_factory=list)

    def populate(self, model: str, model_folder: Path, providers: int, *, exact: bool) -> None:
        """Starts all nodes, two of them bad, and the verifier, and waits until they answer."""
        offer = Offer(model, model_folder, PRICE, SLOTS)
        executor = None if exact else "tests.faults.executors:quick"
        honest = providers - len(BAD)
        for number in range(honest):
            self.net.rpc_url = self.proxy.url if number < honest // 4 else ""
            self.honest.append(self.net.add_provider([offer], executor=executor, python_path=ROOT))
        self.net.rpc_url = ""
        for conduct in BAD:
            self.net.add_provider(
                [replace(offer, slots=BAD_SLOTS)],
                executor=f"tests.cheats.executors:{conduct}",
                python_path=ROOT,
            )
        self.verifier = self._add_verifier()
        for node in self.net.nodes:
            node.wait_ready(READY_S)
        self.net.next_epoch()

    def _add_verifier(self) -> NodeProcess:
        node = self.net.add_verifier()
        node.kill()
        words = list(node.command)
        # What it schedules expires after five intervals, which on a busy machine is soon.
        words[words.index("--interval") + 1] = str(INTERVAL_S)
        node.command = words
        node.start()
        return node

    def strike(self, planned: Planned) -> None:
        """Lets a fault begin; it passes by itself."""
        self._running.append(self._pool.submit(self._strike, planned))

    def recover(self) -> None:
        """Waits until all faults have passed. Raises what went wrong with them."""
        for running in self._running:
            running.result()
        self._running.clear()
        self._pool.shutdown()

    def _strike(self, planned: Planned) -> None:
        match planned.kind:
            case Fault.RPC_BROKEN:
                target = "proxy"
            case Fault.VERIFIER_KILLED:
                target = "verifier"
            case _:
                target = ""
        with self._lock:
            free = [node for node in self.honest if node.name not in self._busy]
            if target in self._busy or (not target and not free):
                self.happened["skipped"] += 1
                return
            node = self.verifier if target == "verifier" else free[planned.pick % len(free)]
            assert node is not None
            name = target or node.name
            self._busy.add(name)
            self.happened[planned.kind.value] += 1
        try:
            self._do(planned, node)
        finally:
            with self._lock:
                self._busy.discard(name)

    def _do(self, planned: Planned, node: NodeProcess) -> None:
        match planned.kind:
            case Fault.NODE_KILLED | Fault.VERIFIER_KILLED:
                node.kill()
                time.sleep(DOWN_S)
                node.start()
                node.wait_ready(READY_S)
            case Fault.NODE_STOPPED:
                os.killpg(node.pid, signal.SIGSTOP)
                try:
                    time.sleep(STOPPED_S)
                finally:
                    with suppress(ProcessLookupError, LocalnetError):
                        os.killpg(node.pid, signal.SIGCONT)
            case Fault.RPC_BROKEN:
                self.proxy.mode = RPC_MODES[planned.pick % len(RPC_MODES)]
                time.sleep(HICCUP_S)
                self.proxy.mode = "pass"
