// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Evidence} from "./Evidence.sol";
import {Opcodes} from "./Opcodes.sol";
import {Causal} from "./provers/Causal.sol";
import {Pointwise} from "./provers/Pointwise.sol";
import {Rows} from "./provers/Rows.sol";
import {Sampling} from "./provers/Sampling.sol";
import {Step} from "./Records.sol";
import {RefereeBase} from "./RefereeBase.sol";

/// The part of the referee with the operators from `rotate` on: those of causal programs, and what came with them.
contract CausalReferee is RefereeBase {
    function _requireOwn(uint256 opcode) internal pure override {
        if (opcode < Opcodes.ROTATE) revert Opcodes.UnknownOpcode(opcode);
    }

    function _partial(Step memory s, Evidence memory evidence, uint256 from, uint256 to)
        internal
        pure
        override
        returns (int256)
    {
        uint256 opcode = s.opcode;
        if (opcode == Opcodes.ROTATE) return Causal.rotated(s, evidence);
        if (opcode == Opcodes.MULTIPLY) return Pointwise.product(s, evidence);
        if (opcode == Opcodes.CAUSAL_SCORES) return Causal.scores(s, evidence, from, to);
        if (opcode == Opcodes.CAUSAL_MIX) return Causal.mix(s, evidence, from, to);
        if (opcode == Opcodes.SLICE) return Pointwise.cut(s, evidence);
        if (opcode == Opcodes.CONCAT) return Pointwise.joined(s, evidence);
        if (opcode == Opcodes.TEMPER) return Sampling.tempered(s, evidence);
        if (opcode == Opcodes.PERTURB) return Sampling.perturbed(s, evidence);
        if (opcode == Opcodes.ARGMAX) return Rows.greatest(s, evidence, from, to);
        return Sampling.emitted(s, evidence);
    }

    function _finish(Step memory s, Evidence memory evidence, int256 total) internal pure override returns (int256) {
        uint256 opcode = s.opcode;
        if (opcode == Opcodes.CAUSAL_SCORES) return Causal.finishScores(s, evidence, total);
        if (opcode == Opcodes.CAUSAL_MIX) return Causal.finishMix(s, evidence, total);
        if (opcode == Opcodes.ARGMAX) return Rows.finishGreatest(total);
        return total;
    }
}
