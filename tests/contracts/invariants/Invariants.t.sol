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
        moves = new bytes4[](34);
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
            uint256[40] memory before = _counts();
            for (uint256 step; step < 32; ++step) {
                uint256 seed = uint256(keccak256(abi.encode(life, step)));
                (bool done,) = address(this).call(abi.encodeWithSelector(moves[seed % moves.length], seed));
                assertTrue(done, "a move failed");
            }
            uint256[40] memory counts = _counts();
            for (uint256 i; i < 40; ++i) if (counts[i] > before[i]) found |= 1 << i;
            vm.revertToState(start);
        }
        assertEq(found & wanted, wanted, "not all that can happen has happened");
    }

    /// Bits of what `_counts` counts; nothing reaches `Phase.None`.
    function _everything() private pure returns (uint256) {
        return (1 << 35) - 2;
    }

    function _counts() private view returns (uint256[40] memory counts) {
        uint256 next;
        for (uint256 i; i <= uint256(type(Phase).max); ++i) counts[next++] = reached[Phase(i)];
        for (uint256 i; i <= uint256(type(IMarketTypes.Failure).max); ++i) {
            counts[next++] = failures[IMarketTypes.Failure(i)];
        }
        for (uint256 i; i <= uint256(type(IMarketTypes.RefundReason).max); ++i) {
            counts[next++] = refunds[IMarketTypes.RefundReason(i)];
        }
        bytes32[16] memory names = [
            IMarketTypes.Acknowledged.selector,
            IMarketTypes.SeatReplaced.selector,
            IMarketTypes.RoundStarted.selector,
            IMarketTypes.Revealed.selector,
            IMarketTypes.Withdrawn.selector,
            IMarketTypes.Demanded.selector,
            IMarketTypes.DemandJoined.selector,
            IMarketTypes.Answered.selector,
            IMarketTypes.DemandClosed.selector,
            IMarketTypes.Reserved.selector,
            IMarketTypes.Unwound.selector,
            IMarketTypes.Challenged.selector,
            IStakeVault.Joined.selector,
            IStakeVault.Unbonded.selector,
            IStakeVault.BondReleased.selector,
            IStakeVault.BondRelocked.selector
        ];
        for (uint256 i; i < names.length; ++i) counts[next++] = seen[names[i]];
    }
}
