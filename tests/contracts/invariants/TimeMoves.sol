// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Phase} from "../../../contracts/types/Job.sol";
import {Checks} from "./Checks.sol";

/// Time passes, and often ends just at, before or after some deadline.
abstract contract TimeMoves is Checks {
    function time_passes(uint256 seed) external {
        _pass(1 + _pick(seed, 90));
        _goBlocks(height + 1 + _pick(seed, 4));
    }

    function time_comes_to_a_deadline(uint256 seed) external {
        (bool found, uint256 index) = _pickJob(seed, Phase.Drawn);
        if (!found) return;
        Notes storage it = notes[index];
        uint256[8] memory deadlines = [
            it.roundAt + COMMIT,
            it.roundAt + COMMIT,
            it.completeAt + REVEAL,
            it.completeAt + REVEAL,
            it.completeAt + REVEAL,
            it.lockedUntil - CHALLENGE - REVEAL,
            it.lockedUntil - CHALLENGE,
            it.lockedUntil
        ];
        // One second before it, just then, or one second after.
        uint256 time = deadlines[_pick(seed, 8)] + _pick(seed, 3) - 1;
        _goTo(time > clock ? time : clock + 1);
        _goBlocks(height + 1);
    }

    function blocks_pass(uint256 seed) external {
        _goBlocks(_pick(seed, 3) == 0 ? (height / EPOCH + 1) * EPOCH : height + 3 + _pick(seed, DRAW_BLOCKS));
    }

    function long_times_pass(uint256 seed) external {
        _pass(_pick(seed, 2) == 0 ? CONTEST : DELIVERY);
        _goBlocks(height + 1);
    }
}
