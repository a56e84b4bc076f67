// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MarketPart} from "./MarketPart.sol";
import {MarketBase, Setup} from "./MarketBase.sol";
import {SlowPath} from "./SlowPath.sol";

/// The part of the market for whatever must come within its time.
contract Deadlines is SlowPath, MarketPart {
    constructor(Setup memory setup_) MarketBase(setup_) {}
}
