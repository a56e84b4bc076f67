"""The requester: orders inference, follows its jobs and checks what comes back."""

from requester.client import Client
from requester.follow import Outcome, Progress
from requester.store import StoredJob as JobHandle

__all__ = ["Client", "JobHandle", "Outcome", "Progress"]
