// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MarketBase, Setup} from "./MarketBase.sol";

/// A part of the market's code that the market runs on its own storage, since one contract could not hold it all.
/// Called directly it finds no jobs and can move nothing: the vault obeys the market alone.
abstract contract MarketPart is MarketBase {
    /// What the part was made with; the market takes it over from its parts, which must agree.
    function setup() external view returns (Setup memory) {
        return Setup(token, vault, beacon, resolver, _parameters());
    }
}
