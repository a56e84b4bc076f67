"""What a deployment is made with. Fixed for its life: no contract has an owner."""

from __future__ import annotations

from dataclasses import dataclass

from touchstone.protocol.jobs import RESERVES, Parameters

LOCK_BUCKETS = 10
"""A bond's longest lock spans this many buckets of the vault."""


@dataclass(frozen=True, slots=True)
class DeployParameters:
    """Parameters of the vault, the resolver and the market.

    Attributes:
        market: the market's windows.
        epoch_blocks: blocks between two changes of weights.
        resolver_window: seconds after which the resolver without a referee lets bonds go.
        unbonding_time: seconds that stake on its way out stays slashable.
    """

    market: Parameters
    epoch_blocks: int
    resolver_window: int
    unbonding_time: int

    @property
    def lock_time(self) -> int:
        """Seconds for which a draw locks a bond: as `MarketBase.LOCK_TIME`."""
        rounds = RESERVES + 2
        one = self.market.commit_window + self.market.reveal_window
        return rounds * one + self.market.answer_window + self.market.challenge_window

    @property
    def bucket_seconds(self) -> int:
        """Seconds of one lock bucket, the least that the market accepts."""
        return -(-self.lock_time // LOCK_BUCKETS)


DEVNET = DeployParameters(
    market=Parameters(
        commit_window=20,
        reveal_window=20,
        challenge_window=60,
        delivery_window=30,
        contest_window=120,
        draw_blocks=32,
        answer_window=20,
        answer_price=10**12,
        seed_cap=10**24,
    ),
    epoch_blocks=64,
    resolver_window=60,
    unbonding_time=600,
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
    resolver_window=5 * 24 * 3600,
    unbonding_time=14 * 24 * 3600,
)
"""A starting point for public chains with blocks of about twelve seconds."""
