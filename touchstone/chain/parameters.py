"""What a deployment is made with. Fixed for its life: no contract has an owner."""

from __future__ import annotations

from dataclasses import dataclass

from touchstone.errors import DeploymentError
from touchstone.protocol.jobs import Parameters

LOCK_BUCKETS = 10
"""A bond's longest lock spans this many buckets of the vault."""


@dataclass(frozen=True, slots=True)
class DisputeParameters:
    """The dispute engine's times, in seconds, and its bond.

    Attributes:
        window: how long a contest lasts at most; longer than twice the clock and three judge times.
        clock: what each side of a game has for all its moves together.
        judge_time: how long an element can be recomputed.
        bond: what a challenger puts up, in base units of the token.
    """

    window: int
    clock: int
    judge_time: int
    bond: int


@dataclass(frozen=True, slots=True)
class DeployParameters:
    """Parameters of the vault, the resolver and the market.

    Attributes:
        market: the market's windows.
        epoch_blocks: blocks between two changes of weights.
        dispute: of the dispute engine.
        unbonding_time: seconds that stake on its way out stays slashable.
    """

    market: Parameters
    epoch_blocks: int
    dispute: DisputeParameters
    unbonding_time: int

    def __post_init__(self) -> None:
        # A verdict that comes after the market has given up would free the liar.
        if self.dispute.window >= self.market.contest_window:
            raise DeploymentError(
                f"dispute.window is {self.dispute.window} s, but the market waits "
                f"{self.market.contest_window} s for a verdict: contest_window must be longer"
            )

    @property
    def lock_time(self) -> int:
        """Seconds for which a draw locks a bond, unless the order is deferred."""
        return self.market.lock_time

    @property
    def bucket_seconds(self) -> int:
        """Seconds of one lock bucket, the least that the market accepts."""
        return -(-self.market.longest_lock // LOCK_BUCKETS)


DEVNET = DeployParameters(
    market=Parameters(
        commit_window=20,
        reveal_window=20,
        challenge_window=60,
        delivery_window=30,
        contest_window=240,
        draw_blocks=32,
        answer_window=20,
        answer_price=10**12,
        seed_cap=10**24,
    ),
    epoch_blocks=64,
    dispute=DisputeParameters(window=230, clock=30, judge_time=15, bond=10**18),
    unbonding_time=720,
)
"""Short windows, for development chains."""

PUBLIC = DeployParameters(
    market=Parameters(
        commit_window=10 * 60,
        reveal_window=10 * 60,
        challenge_window=24 * 3600,
        delivery_window=6 * 3600,
        contest_window=7 * 24 * 3600,
        draw_blocks=64,
        answer_window=30 * 60,
        answer_price=10**12,
        seed_cap=10**21,
    ),
    epoch_blocks=1800,
    dispute=DisputeParameters(
        window=6 * 24 * 3600, clock=24 * 3600, judge_time=8 * 3600, bond=20 * 10**18
    ),
    unbonding_time=14 * 24 * 3600,
)
"""A starting point for public chains with blocks of about twelve seconds."""
