"""What one key sends: on disk before it is broadcast, followed until it is irrevocable."""

from touchstone.chain.outbox.outbox import Outbox
from touchstone.chain.outbox.policy import Policy
from touchstone.chain.outbox.rows import Attempt, Mined, Row, State

__all__ = ["Attempt", "Mined", "Outbox", "Policy", "Row", "State"]
