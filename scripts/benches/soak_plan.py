"""What goes wrong in the soak, drawn from a seed: to processes, and to the inputs of jobs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np


class Fault(Enum):
    """What happens to a process."""

    NODE_KILLED = "node_killed"
    NODE_STOPPED = "node_stopped"
    RPC_BROKEN = "rpc_broken"
    VERIFIER_KILLED = "verifier_killed"


class Conduct(Enum):
    """What the requester does with a job's input, and after it is settled."""

    PROMPT = "prompt"
    LATE = "input_late"
    PARTIAL = "input_partial"
    WITHHELD = "input_withheld"
    DEMANDS_OUTPUT = "output_demanded"


_CONDUCT = {
    Conduct.LATE: 0.03,
    Conduct.PARTIAL: 0.03,
    Conduct.WITHHELD: 0.02,
    Conduct.DEMANDS_OUTPUT: 0.03,
}
_JOBS_A_FAULT = 20
RPC_MODES = ("down", "flapping", "status 500", "garbage", "slow")


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault.

    Attributes:
        after: it happens once so many jobs were submitted.
        kind: what happens.
        pick: chooses among the processes that it may happen to.
    """

    after: int
    kind: Fault
    pick: int


def plan_faults(jobs: int, seed: int) -> list[Planned]:
    """Faults for a run of so many jobs, in their order: one for every twenty jobs and each kind at
    least once, none after nine tenths of the jobs."""
    rng = np.random.default_rng(seed)
    count = max(len(Fault), jobs // _JOBS_A_FAULT)
    found: list[Planned] = []
    kinds: list[Fault] = []
    for number in range(count):
        # In rounds of all kinds, so that even the shortest run has each.
        kinds = kinds or [list(Fault)[n] for n in rng.permutation(len(Fault))]
        after = int(0.9 * jobs * number / count)
        found.append(Planned(after, kinds.pop(), int(rng.integers(1 << 16))))
    return found


def plan_conduct(jobs: int, seed: int) -> list[Conduct]:
    """The requester's conduct in each job: mostly prompt, and each other kind at least once where
    there are jobs enough."""
    rng = np.random.default_rng(seed)
    found = [Conduct.PROMPT] * jobs
    places = rng.permutation(jobs).tolist()
    for conduct, share in _CONDUCT.items():
        for place in [places.pop() for _ in range(min(len(places), max(1, round(share * jobs))))]:
            found[place] = conduct
    return found
