// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// The discrete ladder of prices: 1, 2, 5, 10, 20, 50, ... base units of the token per unit of work.
library PriceLadder {
    uint8 internal constant TIERS = 90;

    /// An order may ask for at most this many units of work, so that a bond of fixed size covers it.
    uint16 internal constant MAX_UNITS = 16;

    error TierOutOfRange(uint8 tier, uint8 tiers);

    /// Price of one unit of work, in base units of the token.
    function price(uint8 tier) internal pure returns (uint256) {
        if (tier >= TIERS) revert TierOutOfRange(tier, TIERS);
        uint256 mantissa = tier % 3 == 0 ? 1 : tier % 3 == 1 ? 2 : 5;
        return mantissa * 10 ** (tier / 3);
    }

    /// The most that one slot of this tier can be owed for one job.
    function slotCeiling(uint8 tier) internal pure returns (uint256) {
        return price(tier) * MAX_UNITS;
    }
}
