// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Demanding} from "./Demanding.sol";
import {MarketBase, Setup} from "./MarketBase.sol";
import {MarketPart} from "./MarketPart.sol";
import {Serving} from "./Serving.sol";

/// The part of the market for when somebody withholds bytes.
contract Demands is Demanding, Serving, MarketPart {
    constructor(Setup memory setup_) MarketBase(setup_) {}
}
