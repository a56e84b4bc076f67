"""How patient and how generous an outbox is."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from touchstone.settings import load_settings

_GWEI = 10**9
_ETHER = 10**18


@dataclass(frozen=True, slots=True)
class Policy:
    """Times are seconds.

    Attributes:
        max_fee: the most to offer for one unit of gas, in wei.
        max_cost: the most that a transaction may cost for gas, in wei; None sets no limit.
        replace_after: a transaction that is not mined after this is replaced by a dearer one.
        look_every: between two closer looks at transactions that are not mined.
        keep: rows that are final are forgotten after this.
    """

    max_fee: int = 500 * _GWEI
    max_cost: int | None = None
    replace_after: float = 30.0
    look_every: float = 2.0
    keep: float = 30 * 86_400.0

    @classmethod
    def from_settings(cls) -> Policy:
        """With the fee caps of the environment.

        Raises:
            SettingsError: a variable has a value of the wrong form.
        """
        settings = load_settings()
        cost = settings.max_cost_ether
        return cls(
            max_fee=int(settings.max_fee_gwei * _GWEI),
            max_cost=None if cost is None else int(cost * Decimal(_ETHER)),
        )

    def fee_cap(self, gas: int) -> int:
        """The most that a call of `gas` may offer. Room for one more raise is left, so that it can
        still be cancelled, which needs less gas."""
        return self.cancel_cap(gas) * 8 // 9

    def cancel_cap(self, gas: int) -> int:
        """The most that the cancellation of a call of `gas` may offer."""
        return self.max_fee if self.max_cost is None else min(self.max_fee, self.max_cost // gas)
