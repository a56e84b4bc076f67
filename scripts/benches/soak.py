"""A long day of a market: 1,000 jobs, twenty provider processes, and faults from a fixed seed.

Chain, nodes, verifier and requester are real parts. Nodes are killed and come back, are stopped for
longer than a commit window, lose their chain; the verifier is killed; one node lies and one is
silent; inputs come late, to one seat only or never, and outputs are demanded. In the end, each job
must have ended, each demand must be closed, and each unit of the token be where it belongs.

The nodes serve a tiny model. So that twenty of them start soon, they compute a deterministic
function in its place, without torch; TOUCHSTONE_SOAK_EXACT=1 has them execute the model exactly.
TOUCHSTONE_SOAK_JOBS is the number of jobs, TOUCHSTONE_SOAK_PROVIDERS the number of nodes.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.progress import Progress, TextColumn

ROOT = Path(__file__).resolve().parents[2]
# The faults and the tiny model are those of the tests.
sys.path.insert(0, str(ROOT))

from soak_books import read_books  # noqa: E402
from soak_market import PARAMETERS, Town  # noqa: E402
from soak_plan import Conduct, plan_conduct, plan_faults  # noqa: E402

from requester.client import Client  # noqa: E402
from requester.delivery import Courier  # noqa: E402
from requester.patience import TRANSIENT  # noqa: E402
from tests.faults.proxy import Proxy  # noqa: E402
from tests.support.tiny_model import compile_tiny  # noqa: E402
from touchstone.errors import TouchstoneError  # noqa: E402
from touchstone.localnet import Localnet  # noqa: E402
from touchstone.protocol.jobs import REFUND_REASONS, JobState, Phase  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from requester.store import StoredJob

SEED = 20
ACCOUNTS = 40
IN_FLIGHT, BATCH = 40, 20
JOB_TIMEOUT_S = 420
END_STATES = (Phase.SETTLED, Phase.CONCLUDED, Phase.REFUNDED)
STEP_S, STEPS = 60, 60
"""In the end, time is advanced by so many seconds, so many times at most."""


def run() -> dict[str, float]:
    """The figures: settled jobs per second of the loaded phase, what is stuck, what is missing."""
    count = int(os.environ.get("TOUCHSTONE_SOAK_JOBS", "1000"))
    providers = int(os.environ.get("TOUCHSTONE_SOAK_PROVIDERS", "20"))
    exact = os.environ.get("TOUCHSTONE_SOAK_EXACT") == "1"
    console = Console(stderr=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        model_folder = compile_tiny(folder / "tiny")
        net = stack.enter_context(Localnet(folder / "net", parameters=PARAMETERS, block_time=1))
        model = net.publish(model_folder)
        town = Town(net, stack.enter_context(Proxy(net.devnet.url)))
        # Before the proxy: whoever still waits for an answer would not end.
        stack.callback(net.stop_nodes)
        console.print(f"starting {providers} providers and a verifier")
        town.populate(model, model_folder, providers, exact=exact)
        net.fund(1)
        supply = net.token.contract.functions.totalSupply().call()
        client = Client(
            net.devnet.w3,
            net.deployment,
            net.devnet.account(1),
            folder / "requester",
            patience_s=30,
            poll_s=2,
        )
        soak = Soak(client, town, model, count)
        began = time.monotonic()
        soak.load(console)
        loaded = time.monotonic() - began
        town.recover()
        console.print(f"{count} jobs in {loaded:.0f} s; what is open is brought to an end")
        states = soak.finish(console)
        net.stop_nodes()
        books = read_books(net, [net.devnet.account(n).address for n in range(ACCOUNTS)])
        console.print(str(books))
        ended = Counter(state.phase for state in states)
        return {
            "jobs_per_s": ended[Phase.SETTLED] / loaded,
            "stuck": sum(not has_ended(state) for state in states),
            "wei_missing": books.missing(supply),
            "jobs": count,
            "providers": providers,
            "loaded_s": loaded,
            "settled": ended[Phase.SETTLED],
            "refunded": ended[Phase.REFUNDED],
            "concluded": ended[Phase.CONCLUDED],
            "wei_burned": books.burned,
            **soak.counts(),
        }


def has_ended(state: JobState) -> bool:
    """Whether nothing is left to do for a job: it is in an end state and no demand is pending."""
    pending = state.input_demand.pending or state.output_demand.pending
    return state.phase in END_STATES and not pending


class Soak:
    """The requester's side: submits, follows, and in the end clears up."""

    def __init__(self, client: Client, town: Town, model: str, count: int) -> None:
        self._client, self._town, self._model = client, town, model
        self._conduct = plan_conduct(count, SEED)
        self._faults = plan_faults(count, SEED)
        self._count = count
        self._rng = np.random.default_rng(SEED)
        self._jobs: list[StoredJob] = []
        self._seen: Counter[str] = Counter()

    # --- under load ------------------------------------------------------------------------------

    def load(self, console: Console) -> None:
        """Submits all jobs, some of them in flight at any time, and returns once all have ended or
        were given up."""
        running: set[Future[Phase | None]] = set()
        columns = (*Progress.get_default_columns(), TextColumn("{task.fields[state]}"))
        with (
            ThreadPoolExecutor(IN_FLIGHT) as pool,
            Progress(*columns, console=console) as progress,
        ):
            task = progress.add_task("jobs", total=self._count, state="")
            while running or len(self._jobs) < self._count:
                if len(self._jobs) < self._count and len(running) <= IN_FLIGHT - BATCH:
                    first = len(self._jobs)
                    for place, job in enumerate(self._submit(), first):
                        running.add(pool.submit(self._follow, job, self._conduct[place]))
                    while self._faults and self._faults[0].after <= len(self._jobs):
                        self._town.strike(self._faults.pop(0))
                for done in [future for future in running if future.done()]:
                    running.remove(done)
                    phase = done.result()
                    self._seen["given_up" if phase is None else phase.name.lower()] += 1
                shown = {**self._seen, **self._town.happened}
                progress.update(
                    task,
                    completed=len(self._jobs) - len(running),
                    state=" ".join(f"{name} {number}" for name, number in shown.items()),
                )
                time.sleep(0.2)

    def _submit(self) -> list[StoredJob]:
        size = min(BATCH, self._count - len(self._jobs))
        batches = [[self._rng.integers(4, 40, 6, dtype=np.int32)] for _ in range(size)]
        jobs = self._client.submit_many(batches, self._model)
        self._jobs += jobs
        return jobs

    def _follow(self, job: StoredJob, conduct: Conduct) -> Phase | None:
        """The phase in which the job has ended, or None where it has not in time."""
        try:
            match conduct:
                case Conduct.LATE:
                    self._await(job, lambda state: state.input_demand.pending)
                case Conduct.PARTIAL:
                    self._deliver_to_one(job)
                case Conduct.WITHHELD:
                    self._await(job, lambda state: False)
                    return self._client.state(job).phase
            outcome = self._client.wait(job, timeout=JOB_TIMEOUT_S)
            if conduct is Conduct.DEMANDS_OUTPUT and outcome.settled:
                self._client.demand(job)
        except (TouchstoneError, *TRANSIENT) as error:
            print(f"0x{job.id.hex()[:8]} ({conduct.value}): {type(error).__name__}: {error}")
            return None
        return outcome.phase

    def _await(self, job: StoredJob, condition: Callable[[JobState], bool]) -> JobState:
        """The job's state once the condition holds or it has ended."""
        end = time.monotonic() + JOB_TIMEOUT_S
        while time.monotonic() < end:
            state = self._client.state(job)
            if state.phase.ended or condition(state):
                return state
            time.sleep(2)
        return self._client.state(job)

    def _deliver_to_one(self, job: StoredJob) -> None:
        """Delivers the input to one seat and waits until another one demands it."""
        state = self._await(job, lambda state: state.phase is Phase.DRAWN)
        if state.phase is Phase.DRAWN:
            seat = state.active[0]
            client = self._client
            courier = Courier(job, client.vault, client.market.domain, client.account, ())
            courier.deliver(replace(state, providers={seat: state.providers[seat]}))
            self._await(job, lambda state: state.input_demand.pending)

    # --- afterwards ------------------------------------------------------------------------------

    def finish(self, console: Console) -> list[JobState]:
        """Advances the time and takes every exit until all jobs have ended; their states then."""
        found: dict[bytes, JobState] = {}
        for step in range(STEPS):
            for job in self._jobs:
                if job.id not in found and has_ended(state := self._exit(job)):
                    found[job.id] = state
            left = len(self._jobs) - len(found)
            console.print(f"{left} jobs have not ended after {step * STEP_S} s more")
            if not left:
                break
            # Nodes and verifier have a moment for what they would do themselves.
            time.sleep(5)
            self._town.net.devnet.increase_time(STEP_S)
        return [found.get(job.id) or self._client.state(job) for job in self._jobs]

    def _exit(self, job: StoredJob) -> JobState:
        try:
            return self._client.reclaim(job)
        except (TouchstoneError, *TRANSIENT) as error:
            print(f"0x{job.id.hex()[:8]}: {type(error).__name__}: {error}")
            return self._client.state(job)

    def counts(self) -> dict[str, float]:
        """Faults by kind, and what the chain tells of them."""
        net = self._town.net
        last = net.devnet.w3.eth.block_number
        names = ("Refunded", "SeatFailed", "Demanded", "Answered", "Reserved", "Contested")
        counted: Counter[str] = Counter()
        for event in net.market.events(0, last, names=names):
            args, name = event["args"], event["event"]
            if name == "Refunded":
                counted[f"refund_{REFUND_REASONS[args['reason']]}"] += 1
            elif name in ("Demanded", "Answered"):
                counted[f"{'output' if args['output'] else 'input'}_{name.lower()}_on_chain"] += 1
            else:
                counted[{"SeatFailed": "seats_failed"}.get(name, name.lower())] += 1
        slashed = net.vault.contract.events.Slashed().get_logs(from_block=0)
        given = Counter(conduct.value for conduct in self._conduct)
        del given[Conduct.PROMPT.value]
        return {
            "slashed": len(slashed),
            "given_up_under_load": self._seen["given_up"],
            **dict(sorted(counted.items())),
            **{f"fault_{kind}": number for kind, number in self._town.happened.items()},
            **{f"fault_{kind}": number for kind, number in given.items()},
            "liars": 1,
            "silent_nodes": 1,
        }
