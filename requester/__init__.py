"""The requester: orders inference, follows its jobs and checks what comes back."""

from requester.client import Client
from requester.follow import Outcome, Progress
from requester.stages import Stage, prove
from requester.store import StoredJob as JobHandle
from requester.writing import Written, write
from touchstone.protocol.generation import Prompt, Sampling

__all__ = [
    "Client",
    "JobHandle",
    "Outcome",
    "Progress",
    "Prompt",
    "Sampling",
    "Stage",
    "Written",
    "prove",
    "write",
]
