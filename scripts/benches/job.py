"""Submit to settled: 30 jobs on a local chain, with separate provider processes.

The chain mines on every transaction, and for the two blocks before a draw at once on the bench's
request, so that the time is Touchstone's own. The requester coordinates its jobs itself.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track

from requester.client import Client
from touchstone.amounts import parse_tokens
from touchstone.chain.parameters import DeployParameters, DisputeParameters
from touchstone.localnet import Localnet, Offer, compiled_minilm
from touchstone.protocol.jobs import Parameters, Phase

ROOT = Path(__file__).resolve().parents[2]
PROVIDERS = 5
WARM_UP = 3
JOBS = 30
PRICE = "0.01"
TEXTS = ["A touchstone tells gold from brass by the streak it leaves."]
PARAMETERS = DeployParameters(
    market=Parameters(120, 60, 600, 300, 600, 64, 120, 10**12, 10**24),
    epoch_blocks=512,
    dispute=DisputeParameters(window=300, clock=75, judge_time=37, bond=10**18),
    unbonding_time=7200,
)


def run() -> dict[str, float]:
    """The figures: seconds from submitting to settled."""
    console = Console(stderr=True)
    model_folder = compiled_minilm(ROOT / ".touchstone" / "models")
    with (
        tempfile.TemporaryDirectory() as folder,
        Localnet(Path(folder), parameters=PARAMETERS, block_time=None) as net,
    ):
        model = net.publish(model_folder)
        console.print(f"starting {PROVIDERS} providers")
        for _ in range(PROVIDERS):
            net.add_provider([Offer(model, model_folder, PRICE, 200)])
        for node in net.nodes:
            node.wait_ready()
        net.next_epoch()
        requester = net.fund(1)
        requester.send(net.token.approve(net.market.contract.address, 2**255))
        client = Client(
            net.devnet.w3,
            net.deployment,
            net.devnet.account(1),
            Path(folder) / "requester",
            patience_s=0,
            poll_s=0.02,
        )
        for _ in range(WARM_UP):
            one_job(net, client, model, model_folder)
        times = [
            one_job(net, client, model, model_folder)
            for _ in track(range(JOBS), "jobs", console=console)
        ]
    times.sort()
    return {
        "p50_s": statistics.median(times),
        "p95_s": times[int(0.95 * len(times))],
        "min_s": times[0],
        "max_s": times[-1],
        "jobs": JOBS,
    }


def one_job(net: Localnet, client: Client, model: str, model_folder: Path) -> float:
    """Seconds that one job takes, from before it is submitted until it is settled on chain."""
    began = time.monotonic()
    job = client.submit(TEXTS, model, model_folder=model_folder, price=parse_tokens(PRICE))
    seed_block = client.state(job).since
    net.devnet.mine(max(0, seed_block - net.devnet.w3.eth.block_number))
    outcome = client.wait(job, timeout=60)
    elapsed = time.monotonic() - began
    if outcome.phase is not Phase.SETTLED:
        raise RuntimeError(f"a job of the bench is {outcome.phase.name} instead of SETTLED")
    return elapsed
