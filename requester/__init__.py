"""The requester: orders inference, follows its jobs and checks what comes back."""

from requester.client import Client
from requester.follow import Outcome, Progress
from requester.stages import Stage, prove, run_through
from requester.store import StoredJob as JobHandle
from touchstone.protocol.generation import Sampling

__all__ = [
    "Client",
    "JobHandle",
    "Outcome",
    "Progress",
    "Sampling",
    "Stage",
    "prove",
    "run_through",
]
