"""Gas of every transaction of a redundant job of three, calldata included.

Ten providers with plain keys, no nodes: the contracts alone are measured; then 100,000 more join
the same pool. Steady state means that every storage word of a party has been written before: the
first jobs are not counted.
"""

from __future__ import annotations

import statistics
from collections import ChainMap
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import track

from scripts.benches import crowd
from scripts.benches.gas_world import SLOTS, Gas, World
from touchstone.chain.devnet import Devnet

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

PROVIDERS = 10
MANY = 100_000
WARM_UP = 20
COUNTED = 20
COUNTED_AMONG_MANY = 11
BATCH = 32
BATCHES = 3


def run() -> dict[str, float]:
    """The figures: gas, medians over the counted jobs."""
    console = Console(stderr=True)
    with Devnet(accounts=PROVIDERS + 1, block_gas=10**9, history=8) as devnet:
        world = World(devnet, PROVIDERS)
        console.print("warming up")
        world.warm_up()
        for _ in range(WARM_UP):
            world.run()
        single = _repeat(console, "single jobs", COUNTED, world.run)
        world.run(BATCH)
        batches = _repeat(console, f"batches of {BATCH}", BATCHES, lambda: world.run(BATCH))
        slow = _repeat(console, "jobs without anything off chain", COUNTED, world.run_slowly)
        alone = _repeat(console, "optimistic jobs", COUNTED, lambda: world.run_optimistic(0))
        world.run_optimistic(1)
        audited = _repeat(console, "audited jobs", COUNTED, lambda: world.run_optimistic(1))
        world.keys = ChainMap(world.keys, crowd.join(world, MANY, SLOTS, console))
        many = _repeat(
            console, f"single jobs among {MANY} providers", COUNTED_AMONG_MANY, world.run
        )
    totals = [job.total for job in single]
    among_many = _median(many, lambda job: job.total)
    return {
        "open": _median(single, lambda job: job.open),
        "draw": _median(single, lambda job: job.draw),
        "settle": _median(single, lambda job: job.settle),
        "job_total": statistics.median(totals),
        "job_total_min": min(totals),
        "job_total_max": max(totals),
        "open_batch32": _median(batches, lambda job: job.open),
        "draw_batch32": _median(batches, lambda job: job.draw),
        "settle_batch32": _median(batches, lambda job: job.settle),
        "job_total_batch32": _median(batches, lambda job: job.total),
        "slow_path_total": statistics.median(slow),
        "optimistic_total": statistics.median(job for job, _ in alone),
        "audited_total": statistics.median(job for job, _ in audited),
        "audit": statistics.median(audit for _, audit in audited),
        "draw_100k_providers": _median(many, lambda job: job.draw),
        "job_total_100k_providers": among_many,
        "ratio_100k_providers": round(among_many / statistics.median(totals), 4),
    }


def _repeat(console: Console, what: str, times: int, once: Callable[[], T]) -> list[T]:
    return [once() for _ in track(range(times), what, console=console)]


def _median(jobs: list[Gas], part: Callable[[Gas], float]) -> float:
    return statistics.median(part(job) for job in jobs)
