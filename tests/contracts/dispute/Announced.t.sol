// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {IDisputeTypes} from "../../../contracts/dispute/IDisputeTypes.sol";
import {JobId} from "../../../contracts/types/Ids.sol";
import {StrongAccusing} from "./Accusing.sol";
import {Match} from "./DisputeWorld.sol";
import {Toy} from "./Toy.sol";

/// Convictions that challengers announce before they make them, so that nobody copies them from the pool.
contract AnnouncedTest is StrongAccusing {
    /// Two seats that were paid for one lie, and one that has found it.
    function _found() private returns (Match memory m, uint256 party) {
        m = _settledBy(_boundLie(), 2);
        _note();
        party = _challenge(m, finder, _bound(Toy.honest(_lengths())));
        _describe(m);
        _pass(1);
    }

    function _announce(Match memory m, address who, uint256 party, uint256 against, bytes memory call) private {
        vm.prank(who);
        engine.announce(m.job, party, against, keccak256(call));
    }

    function _notAnnounced(Match memory m, uint256 party, uint256 against, bytes memory call)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            IDisputeTypes.NotAnnounced.selector, m.job, party, against, keccak256(call)
        );
    }

    function _made(bytes memory call) private {
        (bool done,) = address(engine).call(call);
        assertTrue(done, "made");
    }

    // --- what is announced -------------------------------------------------------------------------------------

    function test_a_challenger_announces_what_it_convicts_with() external {
        (Match memory m, uint256 party) = _found();
        bytes memory call = _accusing(m, 0, party);
        bytes memory refused = _notAnnounced(m, 0, party, call);
        _refuses(call, refused);
        _refusesFrom(finder, call, refused);
        // Another conviction, or the same under another number.
        _announce(m, finder, 0, party, _accusing(m, 1, party));
        _announce(m, finder, 1, party, call);
        _pass(1);
        _refuses(call, refused);
        // The same with a byte behind its end.
        _announce(m, finder, 0, party, bytes.concat(call, hex"00"));
        _pass(1);
        _refuses(call, refused);
        assertEq(engine.contestOf(m.job).guilty, 0, "nobody is convicted");
    }

    function test_a_conviction_is_announced_in_an_earlier_block() external {
        (Match memory m, uint256 party) = _found();
        bytes memory call = _accusing(m, 0, party);
        vm.expectEmit(address(engine));
        emit IDisputeTypes.Announced(m.job, 0, party, keccak256(call));
        _announce(m, finder, 0, party, call);
        _refuses(call, _notAnnounced(m, 0, party, call));
        (bytes28 digest, uint256 time) = engine.announcedOf(m.job, 0, party);
        assertEq(bytes32(digest), bytes32(bytes28(keccak256(call))), "digest");
        assertEq(time, clock, "time");
        _pass(1);
        // By anyone: the bounty is the challenger's.
        vm.prank(thief);
        _made(call);
        _assertVerdict(m, false, 1, finder);
    }

    /// Only the last announcement counts.
    function test_an_announcement_replaces_the_one_before() external {
        (Match memory m, uint256 party) = _found();
        bytes memory call = _accusing(m, 0, party);
        _announce(m, finder, 0, party, call);
        _pass(1);
        _announce(m, finder, 0, party, call);
        _refuses(call, _notAnnounced(m, 0, party, call));
        _pass(1);
        _announce(m, finder, 0, party, "");
        _pass(1);
        _refuses(call, _notAnnounced(m, 0, party, call));
    }

    // --- who announces -----------------------------------------------------------------------------------------

    function test_only_the_party_itself_announces() external {
        (Match memory m, uint256 party) = _found();
        bytes memory call = abi.encodeCall(engine.announce, (m.job, 0, party, bytes32("digest")));
        _refusesFrom(thief, call, abi.encodeWithSelector(IDisputeTypes.NotTheParty.selector, thief, finder));
        call = abi.encodeCall(engine.announce, (m.job, 0, party + 1, bytes32("digest")));
        _refusesFrom(finder, call, _unknownParty(m, party + 1));
        (, uint256 time) = engine.announcedOf(m.job, 0, party);
        assertEq(time, 0, "nothing is announced");
    }

    function test_who_has_lost_announces_nothing() external {
        Match memory m = _claims();
        uint256 party = _joinAs(m, thief, _boundLie());
        _pass(1);
        _made(_accusing(m, party, 0));
        bytes memory call = abi.encodeCall(engine.announce, (m.job, 1, party, bytes32("digest")));
        _refusesFrom(thief, call, _partyLost(m, party));
    }

    function test_nothing_is_announced_where_there_is_no_contest() external {
        (Match memory m, uint256 party) = _found();
        bytes memory call = abi.encodeCall(engine.announce, (m.job, 0, party, bytes32("digest")));
        _goTo(engine.contestOf(m.job).endsAt);
        _refusesFrom(finder, call, _over(m));
        (m.job, party) = (JobId.wrap("no job of the market"), 0);
        call = abi.encodeCall(engine.announce, (m.job, 0, party, bytes32("digest")));
        _refusesFrom(finder, call, abi.encodeWithSelector(IDisputeTypes.NotContested.selector, m.job));
    }

    /// What a seat wins needs none: it goes before whoever copies it.
    function test_a_conviction_in_favour_of_a_seat_needs_none() external {
        Match memory m = _claims();
        vm.prank(thief);
        _made(_accusing(m, 1, 0));
        (, uint256 time) = engine.announcedOf(m.job, 1, 0);
        assertEq(time, 0, "nothing is announced");
        _assertVerdict(m, true, 2, _account(m, 0));
    }

    // --- who copies --------------------------------------------------------------------------------------------

    /// A thief that has long taken part, with an output that means nothing, sees all that the finder sends.
    function test_who_copies_a_conviction_wins_nothing() external {
        (Match memory m, uint256 party) = _found();
        vm.prank(thief);
        uint256 copying = engine.join(m.job, "an output that means nothing");
        _pass(1);
        bytes[2] memory calls = [_accusing(m, 0, party), _accusing(m, 1, party)];
        for (uint256 seat; seat < 2; ++seat) {
            _announce(m, finder, seat, party, calls[seat]);
            // Nobody can tell what a digest stands for, and under another's number it says something else.
            _announce(m, thief, seat, copying, calls[seat]);
        }
        _pass(1);
        for (uint256 seat; seat < 2; ++seat) {
            // The conviction is in the pool: the thief's are earlier in the block.
            bytes memory copied = _accusing(m, seat, copying);
            bytes memory refused = _notAnnounced(m, seat, copying, copied);
            _refusesFrom(thief, copied, refused);
            _announce(m, thief, seat, copying, copied);
            _refusesFrom(thief, copied, refused);
            _made(calls[seat]);
        }
        _pass(1);
        for (uint256 seat; seat < 2; ++seat) _refusesFrom(thief, _accusing(m, seat, copying), _partyLost(m, seat));
        _assertVerdict(m, true, 3, finder);
        market.conclude(m.order);
        engine.settleBond(m.job, party);
        engine.settleBond(m.job, copying);
        _assertGain(finder, 2 * int256(CEILING), "both bounties");
        _assertGain(thief, 0, "its bond alone");
    }

    // --- several moves at once ---------------------------------------------------------------------------------

    /// The digest is that of the move, not of the transaction that makes several.
    function test_moves_made_together_are_announced_each() external {
        (Match memory m, uint256 party) = _found();
        Multicall together = Multicall(address(engine));
        bytes[] memory calls = new bytes[](2);
        bytes[] memory announcements = new bytes[](2);
        for (uint256 seat; seat < 2; ++seat) {
            calls[seat] = _accusing(m, seat, party);
            announcements[seat] =
                abi.encodeCall(engine.announce, (m.job, seat, party, keccak256(calls[seat])));
        }
        bytes memory call = abi.encodeCall(together.multicall, (calls));
        for (uint256 seat; seat < 2; ++seat) _announce(m, finder, seat, party, call);
        _pass(1);
        _refusesFrom(finder, call, _notAnnounced(m, 0, party, calls[0]));
        vm.prank(finder);
        together.multicall(announcements);
        _pass(1);
        vm.prank(finder);
        together.multicall(calls);
        _assertVerdict(m, true, 3, finder);
    }
}
