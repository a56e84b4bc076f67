// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Auditing} from "./Auditing.sol";
import {Challenging} from "./Challenging.sol";
import {MarketBase, Setup} from "./MarketBase.sol";
import {MarketPart} from "./MarketPart.sol";

/// The part of the market for a second look at what was settled.
contract Audits is Auditing, Challenging, MarketPart {
    constructor(Setup memory setup_) MarketBase(setup_) {}
}
