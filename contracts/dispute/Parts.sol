// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Convicting} from "./Convicting.sol";
import {ConvictingAlone} from "./ConvictingAlone.sol";
import {DisputeSetup, DisputesBase} from "./DisputesBase.sol";
import {Playing} from "./Playing.sol";

/// A part of the engine's code that the engine runs on its own storage, since one contract could not hold it all.
/// Called directly it finds no contests.
abstract contract DisputePart is DisputesBase {
    /// What the part was made with; the engine takes it over from its parts, which must agree.
    function setup() external view returns (DisputeSetup memory) {
        return _setup();
    }
}

/// The part with the moves of a game.
contract Games is Playing, DisputePart {
    constructor(DisputeSetup memory setup_) DisputesBase(setup_) {}
}

/// The part in which the referee is asked.
contract Convictions is Convicting, ConvictingAlone, DisputePart {
    constructor(DisputeSetup memory setup_) DisputesBase(setup_) {}
}
