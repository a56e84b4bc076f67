// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {Endings} from "./Endings.sol";
import {RequesterMoves} from "./RequesterMoves.sol";
import {ThiefMoves} from "./ThiefMoves.sol";
import {TimeMoves} from "./TimeMoves.sol";

/// Random moves of requesters, providers, anyone and a thief. After each, nobody has been robbed; after all of them,
/// nothing is stuck.
contract InvariantsTest is RequesterMoves, Endings, ThiefMoves, TimeMoves {
    function setUp() public override {
        super.setUp();
        targetContract(address(this));
        targetSelectors(address(this), _moves());
        targetSender(watcher);
    }

    function _moves() internal pure returns (bytes4[] memory moves) {
        moves = new bytes4[](48);
        moves[0] = this.requester_opens.selector;
        moves[1] = this.requester_opens_and_is_drawn.selector;
        moves[2] = this.requester_acknowledges.selector;
        moves[3] = this.anyone_withdraws.selector;
        moves[4] = this.provider_commits.selector;
        moves[5] = this.providers_commit.selector;
        moves[6] = this.provider_reveals.selector;
        moves[7] = this.providers_reveal.selector;
        moves[8] = this.provider_signs_twice.selector;
        moves[9] = this.provider_pledges.selector;
        moves[10] = this.provider_unpledges.selector;
        moves[11] = this.provider_leaves.selector;
        moves[12] = this.provider_withdraws_stake.selector;
        moves[13] = this.anyone_draws.selector;
        moves[14] = this.anyone_ends_a_round.selector;
        moves[15] = this.anyone_advances.selector;
        moves[16] = this.anyone_expires.selector;
        moves[17] = this.anyone_concludes.selector;
        moves[18] = this.judge_speaks.selector;
        moves[19] = this.time_passes.selector;
        moves[20] = this.time_comes_to_a_deadline.selector;
        moves[21] = this.blocks_pass.selector;
        moves[22] = this.long_times_pass.selector;
        moves[23] = this.thief_tries.selector;
        moves[24] = this.providers_speak_until_the_deadline.selector;
        moves[25] = this.anyone_advances.selector;
        moves[26] = this.provider_demands.selector;
        moves[27] = this.provider_demands.selector;
        moves[28] = this.anyone_answers_an_input.selector;
        moves[29] = this.requester_demands.selector;
        moves[30] = this.anyone_answers_an_output.selector;
        moves[31] = this.anyone_closes_a_demand.selector;
        moves[32] = this.requester_opens_many.selector;
        moves[33] = this.judge_challenges.selector;
        moves[34] = this.requester_opens_audited.selector;
        moves[35] = this.requester_opens_audited.selector;
        moves[36] = this.requester_requests_an_audit.selector;
        moves[37] = this.anyone_draws_an_auditor.selector;
        moves[38] = this.anyone_draws_an_auditor.selector;
        moves[39] = this.anyone_advances_an_audit.selector;
        moves[40] = this.auditor_vouches.selector;
        moves[41] = this.auditor_demands.selector;
        moves[42] = this.anyone_answers_an_auditor.selector;
        moves[43] = this.anyone_refutes_a_seal.selector;
        moves[44] = this.anyone_refutes_a_seal.selector;
        moves[45] = this.auditor_vouches.selector;
        moves[46] = this.requester_fixes_an_input.selector;
        moves[47] = this.requester_fixes_an_input.selector;
    }

    function invariant_nobody_is_robbed_and_nothing_gets_stuck() external view {
        _checkMarket();
        _checkVault();
        _checkThief();
    }

    /// Read by the test runner, at the end of every run.
    function afterInvariant() external {
        _endAllJobs();
        _checkMarket();
        _checkVault();
        _emptyAll();
    }

    /// Else the invariants would say little.
    function test_short_lives_reach_every_phase_failure_and_refund() external {
        uint256 wanted = _everything();
        uint256 found;
        bytes4[] memory moves = _moves();
        for (uint256 life; life < 400 && found & wanted != wanted; ++life) {
            uint256 start = vm.snapshotState();
            uint256[48] memory before = _counts();
            for (uint256 step; step < 32; ++step) {
                uint256 seed = uint256(keccak256(abi.encode(life, step)));
                (bool done,) = address(this).call(abi.encodeWithSelector(moves[seed % moves.length], seed));
                assertTrue(done, "a move failed");
            }
            uint256[48] memory counts = _counts();
            for (uint256 i; i < 48; ++i) if (counts[i] > before[i]) found |= 1 << i;
            vm.revertToState(start);
        }
        assertEq(found & wanted, wanted, "not all that can happen has happened");
    }

    /// Bits of what `_counts` counts; nothing reaches `Phase.None`.
    function _everything() private pure returns (uint256) {
        return (1 << 47) - 2;
    }

    function _counts() private view returns (uint256[48] memory counts) {
        uint256 next;
        for (uint256 i; i <= uint256(type(Phase).max); ++i) counts[next++] = reached[Phase(i)];
        for (uint256 i; i <= uint256(type(IMarketTypes.Failure).max); ++i) {
            counts[next++] = failures[IMarketTypes.Failure(i)];
        }
        for (uint256 i; i <= uint256(type(IMarketTypes.RefundReason).max); ++i) {
            counts[next++] = refunds[IMarketTypes.RefundReason(i)];
        }
        for (uint256 i; i <= uint256(type(IMarketTypes.AuditEnd).max); ++i) {
            counts[next++] = ends[IMarketTypes.AuditEnd(i)];
        }
        bytes32[] memory names = _names();
        for (uint256 i; i < names.length; ++i) counts[next++] = seen[names[i]];
    }

    /// Events of which each must have been seen.
    function _names() private pure returns (bytes32[] memory names) {
        names = new bytes32[](20);
        names[0] = IMarketTypes.Acknowledged.selector;
        names[1] = IMarketTypes.SeatReplaced.selector;
        names[2] = IMarketTypes.RoundStarted.selector;
        names[3] = IMarketTypes.Revealed.selector;
        names[4] = IMarketTypes.Withdrawn.selector;
        names[5] = IMarketTypes.Demanded.selector;
        names[6] = IMarketTypes.DemandJoined.selector;
        names[7] = IMarketTypes.Answered.selector;
        names[8] = IMarketTypes.DemandClosed.selector;
        names[9] = IMarketTypes.Reserved.selector;
        names[10] = IMarketTypes.Unwound.selector;
        names[11] = IMarketTypes.Challenged.selector;
        names[12] = IMarketTypes.AuditDue.selector;
        names[13] = IMarketTypes.AuditorDrawn.selector;
        names[14] = IMarketTypes.Vouched.selector;
        names[15] = IStakeVault.Joined.selector;
        names[16] = IStakeVault.Unbonded.selector;
        names[17] = IStakeVault.BondReleased.selector;
        names[18] = IStakeVault.BondRelocked.selector;
        names[19] = IMarketTypes.InputFixed.selector;
    }
}
