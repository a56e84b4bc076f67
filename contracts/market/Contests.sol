// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Contesting} from "./Contesting.sol";
import {Equivocating} from "./Equivocating.sol";
import {MarketBase, Setup} from "./MarketBase.sol";
import {MarketPart} from "./MarketPart.sol";

/// The part of the market for when somebody lies.
contract Contests is Contesting, Equivocating, MarketPart {
    constructor(Setup memory setup_) MarketBase(setup_) {}
}
