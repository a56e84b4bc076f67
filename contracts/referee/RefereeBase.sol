// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Constants} from "./Constants.sol";
import {Evidence, EvidenceReader} from "./Evidence.sol";
import {IReferee, Question} from "./IReferee.sol";
import {Numbers} from "./Numbers.sol";
import {Opcodes} from "./Opcodes.sol";
import {Records, Step} from "./Records.sol";
import {Shapes} from "./Shapes.sol";
import {Values} from "./Values.sol";
import {Chunks, Openings} from "../transcript/Openings.sol";

/// How an element is recomputed, whatever its operator: what is opened is checked first, and every address follows from
/// the operator's record, its shape and the element; nothing is pointed at by whoever opens. One contract could not
/// hold all operators, so there are two, each with its own.
abstract contract RefereeBase is IReferee {
    using EvidenceReader for bytes;
    using EvidenceReader for Evidence;
    using Records for Step;

    error BadSegment(uint256 from, uint256 to, uint256 terms);
    error NoParts();

    /// Ends the call, with its answer or a refusal, where the operator is not one of this contract's.
    function _requireOwn(uint256 opcode) internal view virtual;

    /// The reduction of the terms [from, to).
    function _partial(Step memory s, Evidence memory evidence, uint256 from, uint256 to)
        internal
        pure
        virtual
        returns (int256);

    /// The element that a whole reduction gives.
    function _finish(Step memory s, Evidence memory evidence, int256 total) internal pure virtual returns (int256);

    /// @inheritdoc IReferee
    function reduction(Question calldata question, bytes calldata records)
        external
        view
        returns (uint256 terms, uint256 most)
    {
        (Step memory s, Chunks memory opened) = _step(question, records);
        return Shapes.reduction(s, opened);
    }

    /// @inheritdoc IReferee
    function claimed(Question calldata question, bytes calldata evidence) external view returns (int256) {
        (Step memory s, Evidence memory opened) = _opened(question, evidence);
        return Values.element(opened, s.leaf(), s.element);
    }

    /// @inheritdoc IReferee
    function partialOf(Question calldata question, bytes calldata evidence, uint256 from, uint256 to)
        external
        view
        returns (int256)
    {
        (Step memory s, Evidence memory opened) = _opened(question, evidence);
        Constants.check(s, opened);
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
        (Step memory s,) = _step(question, records);
        bool maximum = Opcodes.isMaximum(s.opcode);
        total = Numbers.bounded(parts[0]);
        for (uint256 i = 1; i < parts.length; ++i) {
            int256 part = Numbers.bounded(parts[i]);
            if (!maximum) total += part;
            else if (part > total) total = part;
        }
    }

    /// @inheritdoc IReferee
    function finish(Question calldata question, bytes calldata evidence, int256 total) external view returns (int256) {
        (Step memory s, Evidence memory opened) = _opened(question, evidence);
        Constants.check(s, opened);
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
        (Step memory s, Evidence memory opened) = _opened(question, evidence);
        Constants.check(s, opened);
        (uint256 terms,) = Shapes.reduction(s, opened.records);
        if (both) found = Values.element(opened, s.leaf(), s.element);
        needed = _finish(s, opened, _partial(s, opened, 0, terms));
    }

    /// The step that a question is about, and what is opened, of which all but the constants has been checked.
    function _opened(Question calldata question, bytes calldata evidence)
        private
        view
        returns (Step memory s, Evidence memory opened)
    {
        (uint256 from, uint256 end) = Openings.bounds(evidence);
        (opened.records, from) = Openings.next(from, end);
        s = Records.step(question, opened.records);
        _requireOwn(s.opcode);
        opened.complete(from, end);
        Values.check(s, question, opened);
    }

    /// The same where records are all that is opened.
    function _step(Question calldata question, bytes calldata records)
        private
        view
        returns (Step memory s, Chunks memory opened)
    {
        opened = records.records();
        s = Records.step(question, opened);
        _requireOwn(s.opcode);
    }
}
