// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Evidence} from "./Evidence.sol";
import {IReferee} from "./IReferee.sol";
import {Opcodes} from "./Opcodes.sol";
import {Attention} from "./provers/Attention.sol";
import {Linear} from "./provers/Linear.sol";
import {Norms} from "./provers/Norms.sol";
import {Pointwise} from "./provers/Pointwise.sol";
import {Rows} from "./provers/Rows.sol";
import {Step} from "./Records.sol";
import {RefereeBase} from "./RefereeBase.sol";

/// Recomputes single elements as docs/arithmetic.md defines them, see IReferee. Operators up to `join` are judged here;
/// calls about others are handed on.
contract Referee is RefereeBase {
    /// Judges the operators from `rotate` on.
    IReferee public immutable causal;

    constructor(IReferee causal_) {
        causal = causal_;
    }

    function _requireOwn(uint256 opcode) internal view override {
        if (opcode <= Opcodes.JOIN) return;
        IReferee judge = causal;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let answered := staticcall(gas(), judge, free, calldatasize(), 0, 0)
            returndatacopy(free, 0, returndatasize())
            if answered { return(free, returndatasize()) }
            revert(free, returndatasize())
        }
    }

    function _partial(Step memory s, Evidence memory evidence, uint256 from, uint256 to)
        internal
        pure
        override
        returns (int256)
    {
        uint256 opcode = s.opcode;
        if (opcode == Opcodes.EMBED_TOKENS) return Linear.tokenElement(s, evidence);
        if (opcode == Opcodes.EMBED_POSITIONS) return Linear.positionElement(s, evidence);
        if (opcode == Opcodes.MATMUL) return Linear.partialOf(s, evidence, from, to);
        if (opcode == Opcodes.SCORES) return Attention.scores(s, evidence, from, to);
        if (opcode == Opcodes.PROBABILITIES) return Attention.probability(s, evidence);
        if (opcode == Opcodes.MIX) return Attention.mix(s, evidence, from, to);
        if (opcode == Opcodes.MEAN_SQUARE) return Norms.squares(s, evidence, from, to);
        if (opcode == Opcodes.INVERSE_ROOT) return Norms.inverseRoot(s, evidence);
        if (opcode == Opcodes.SCALE_ROW) return Norms.scaled(s, evidence);
        if (opcode >= Opcodes.PEAK && opcode <= Opcodes.COLUMN_MEAN) return Rows.partialOf(s, evidence, from, to);
        return Pointwise.elementOf(s, evidence);
    }

    function _finish(Step memory s, Evidence memory evidence, int256 total) internal pure override returns (int256) {
        uint256 opcode = s.opcode;
        if (opcode == Opcodes.MATMUL) return Linear.finish(s, evidence, total);
        if (opcode == Opcodes.SCORES) return Attention.finishScores(s, evidence, total);
        if (opcode == Opcodes.MIX) return Attention.finishMix(s, evidence, total);
        if (opcode == Opcodes.MEAN_SQUARE) return Norms.finishSquares(s, evidence, total);
        if (opcode >= Opcodes.PEAK && opcode <= Opcodes.COLUMN_MEAN) return Rows.finish(s, evidence, total);
        return total;
    }
}
