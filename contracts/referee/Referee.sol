// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Constants} from "./Constants.sol";
import {Evidence, EvidenceReader} from "./Evidence.sol";
import {IReferee, Question} from "./IReferee.sol";
import {Numbers} from "./Numbers.sol";
import {Opcodes} from "./Opcodes.sol";
import {Attention} from "./provers/Attention.sol";
import {Linear} from "./provers/Linear.sol";
import {Norms} from "./provers/Norms.sol";
import {Pointwise} from "./provers/Pointwise.sol";
import {Rows} from "./provers/Rows.sol";
import {Records, Step} from "./Records.sol";
import {Shapes} from "./Shapes.sol";
import {Values} from "./Values.sol";
import {Chunks} from "../transcript/Openings.sol";

/// Recomputes single elements as docs/arithmetic.md defines them. What is opened is checked first, and every address
/// follows from the operator's record, its shape and the element: nothing is pointed at by whoever opens.
contract Referee is IReferee {
    using EvidenceReader for bytes;

    error BadSegment(uint256 from, uint256 to, uint256 terms);
    error NoParts();

    /// @inheritdoc IReferee
    function reduction(Question calldata question, bytes calldata records)
        external
        view
        returns (uint256 terms, uint256 most)
    {
        Chunks memory opened = records.records();
        return Shapes.reduction(Records.step(question, opened), opened);
    }

    /// @inheritdoc IReferee
    function claimed(Question calldata question, bytes calldata evidence) external view returns (int256) {
        Evidence memory opened = evidence.read();
        Values.check(Records.step(question, opened.records), question, opened);
        return Values.element(opened, question.value, question.element);
    }

    /// @inheritdoc IReferee
    function partialOf(Question calldata question, bytes calldata evidence, uint256 from, uint256 to)
        external
        view
        returns (int256)
    {
        (Step memory s, Evidence memory opened) = _checked(question, evidence);
        (uint256 terms,) = Shapes.reduction(s, opened.records);
        if (from >= to || to > terms) revert BadSegment(from, to, terms);
        return _partial(s, opened, from, to);
    }

    /// @inheritdoc IReferee
    function combined(Question calldata question, bytes calldata records, int256[] calldata parts)
        external
        view
        returns (int256 total)
    {
        if (parts.length == 0) revert NoParts();
        bool maximum = Opcodes.isMaximum(Records.step(question, records.records()).opcode);
        total = Numbers.bounded(parts[0]);
        for (uint256 i = 1; i < parts.length; ++i) {
            int256 part = Numbers.bounded(parts[i]);
            if (!maximum) total += part;
            else if (part > total) total = part;
        }
    }

    /// @inheritdoc IReferee
    function finish(Question calldata question, bytes calldata evidence, int256 total) external view returns (int256) {
        (Step memory s, Evidence memory opened) = _checked(question, evidence);
        return _finish(s, opened, Numbers.bounded(total));
    }

    /// @inheritdoc IReferee
    function expected(Question calldata question, bytes calldata evidence) external view returns (int256 needed) {
        (, needed) = _judged(question, evidence, false);
    }

    /// @inheritdoc IReferee
    function judged(Question calldata question, bytes calldata evidence)
        external
        view
        returns (int256 found, int256 needed)
    {
        return _judged(question, evidence, true);
    }

    /// The element as it must be, and where asked for as the transcript has it.
    function _judged(Question calldata question, bytes calldata evidence, bool both)
        private
        view
        returns (int256 found, int256 needed)
    {
        (Step memory s, Evidence memory opened) = _checked(question, evidence);
        (uint256 terms,) = Shapes.reduction(s, opened.records);
        if (both) found = Values.element(opened, question.value, question.element);
        needed = _finish(s, opened, _partial(s, opened, 0, terms));
    }

    /// The step that a question is about, once all that is opened has been checked.
    function _checked(Question calldata question, bytes calldata evidence)
        private
        view
        returns (Step memory s, Evidence memory opened)
    {
        opened = evidence.read();
        s = Records.step(question, opened.records);
        Values.check(s, question, opened);
        Constants.check(s, opened);
    }

    function _partial(Step memory s, Evidence memory evidence, uint256 from, uint256 to)
        private
        pure
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

    function _finish(Step memory s, Evidence memory evidence, int256 total) private pure returns (int256) {
        uint256 opcode = s.opcode;
        if (opcode == Opcodes.MATMUL) return Linear.finish(s, evidence, total);
        if (opcode == Opcodes.SCORES) return Attention.finishScores(s, evidence, total);
        if (opcode == Opcodes.MIX) return Attention.finishMix(s, evidence, total);
        if (opcode == Opcodes.MEAN_SQUARE) return Norms.finishSquares(s, evidence, total);
        if (opcode >= Opcodes.PEAK && opcode <= Opcodes.COLUMN_MEAN) return Rows.finish(s, evidence, total);
        return total;
    }
}
