// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Auditors} from "../lib/Auditors.sol";
import {Wallet} from "../lib/Doubles.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Audit, AuditState} from "../../../contracts/types/Audit.sol";
import {ClaimLib} from "../../../contracts/types/Claim.sol";
import {JobId} from "../../../contracts/types/Ids.sol";
import {Modes, Order} from "../../../contracts/types/Order.sol";
import {Phase, Seats} from "../../../contracts/types/Job.sol";

/// Deferred orders: the input is fixed after the draw, once, in time and by the requester; until then nothing binds
/// anybody, and an input that never comes costs its requester and nobody else.
contract WaitingTest is Auditors {
    function setUp() public override {
        super.setUp();
        _join(12, 2);
    }

    // --- the input is fixed ----------------------------------------------------------------------------------

    function test_a_deferred_job_settles_on_the_input_that_was_fixed() external {
        Order memory order = _waiting(3);
        _assertPhase(order, Phase.Waiting);
        assertEq(market.inputOf(order), bytes32(0), "no input yet");
        bytes32 seed = market.seedOf(_id(order));
        _pass(100);
        _fix(order, _result());
        _assertPhase(order, Phase.Drawn);
        assertEq(market.inputOf(order), _result(), "the input");
        assertEq(market.seedOf(_id(order)), ClaimLib.seedWith(seed, _result()), "the seed");
        assertEq(_job(order).since, clock, "the commit window begins here");
        market.settle(_settlement(order, RESULT));
        _assertPhase(order, Phase.Settled);
    }

    function test_it_is_fixed_until_its_window_is_over_and_can_still_be_settled_then() external {
        Order memory order = _waiting(3);
        Order memory late = _waiting(3);
        uint256 until = clock + INPUT_WINDOW;
        _goTo(until);
        _fix(order, _result());
        _goTo(until + 1);
        vm.prank(requester);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooLate.selector, _id(late), until));
        market.fixInput(late, _result(), "");
        // Two reserves are named, and each may be needed in turn, as if the job had been drawn now.
        for (uint256 round; round < 2; ++round) {
            _goTo(_job(order).since + COMMIT + 1);
            _commit(order, _firstSeat(order), RESULT);
            _commit(order, _firstSeat(order) + 1, RESULT);
            market.advance(order);
            assertEq(_job(order).round, round + 1, "another round");
        }
        _demandAndAnswer(order);
        _pass(COMMIT + REVEAL);
        market.settle(_settlement(order, RESULT));
    }

    function _firstSeat(Order memory order) private view returns (uint256) {
        (uint256[] memory seats,) = market.activeSeats(order);
        return seats[0];
    }

    function _demandAndAnswer(Order memory order) private {
        _pass(COMMIT);
        _demandInput(order, _firstSeat(order));
        _pass(ANSWER);
        market.answerInput(order, PAYLOAD, SALT);
    }

    function test_it_is_fixed_once() external {
        Order memory order = _waiting(3);
        _fix(order, _result());
        bytes memory refusal = abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), Phase.Drawn);
        vm.startPrank(requester);
        vm.expectRevert(refusal);
        market.fixInput(order, _result(), "");
        vm.expectRevert(refusal);
        market.fixInput(order, OTHER, "");
        vm.stopPrank();
    }

    function test_only_a_drawn_and_deferred_job_is_fixed() external {
        Order memory ordinary = _drawn(3);
        vm.startPrank(requester);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(ordinary), Phase.Drawn)
        );
        market.fixInput(ordinary, _result(), "");
        Order memory order = _order(3);
        order.inputRoot = 0;
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), Phase.None));
        market.fixInput(order, _result(), "");
        market.open(order, "");
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), Phase.Open));
        market.fixInput(order, _result(), "");
        vm.stopPrank();
    }

    function test_no_input_is_zero() external {
        Order memory order = _waiting(3);
        vm.prank(requester);
        vm.expectRevert(IMarketTypes.ZeroInput.selector);
        market.fixInput(order, 0, "");
    }

    // --- whose word it is ------------------------------------------------------------------------------------

    function test_anyone_brings_the_requesters_word() external {
        Order memory order = _waiting(3);
        market.fixInput(order, _result(), _signInput(requester, order, _result()));
        assertEq(market.inputOf(order), _result(), "fixed");
    }

    function test_another_word_fixes_nothing() external {
        Order memory order = _waiting(3);
        Order memory other = _waiting(3);
        bytes memory refusal = abi.encodeWithSelector(IMarketTypes.BadOrderSignature.selector, requester);
        bytes[4] memory words = [
            bytes(""),
            _signInput(providers[0], order, _result()),
            _signInput(requester, order, OTHER),
            _signInput(requester, other, _result())
        ];
        for (uint256 i; i < words.length; ++i) {
            vm.expectRevert(refusal);
            market.fixInput(order, _result(), words[i]);
        }
    }

    function test_a_wallet_without_a_key_fixes_by_its_own_rule() external {
        Wallet wallet = new Wallet(requester);
        token.mint(address(wallet), 1e6);
        wallet.run(address(token), abi.encodeCall(token.approve, (address(market), 1e6)));
        Order memory order = _order(3);
        (order.inputRoot, order.requester) = (0, address(wallet));
        wallet.run(address(market), abi.encodeCall(market.open, (order, "")));
        _draw(order);
        market.fixInput(order, _result(), _signInput(requester, order, _result()));
        assertEq(market.inputOf(order), _result(), "fixed");
    }

    // --- until then ------------------------------------------------------------------------------------------

    function test_nothing_can_be_done_before_it_is_fixed() external {
        Order memory order = _waiting(3);
        _prepay(_provider(order, 0));
        IMarketTypes.Settlement memory settlement = _settlement(order, RESULT);
        (bytes32[] memory outputs, IMarketTypes.Reveal[] memory reveals) = _split(order);
        uint256[] memory none = new uint256[](0);
        bytes[8] memory calls = [
            abi.encodeCall(market.commit, (order, 0, _signCommit(order, _provider(order, 0), RESULT))),
            abi.encodeCall(market.reveal, (order, 0, RESULT, _salt(RESULT))),
            abi.encodeCall(market.settle, (settlement)),
            abi.encodeCall(market.contest, (order, outputs, reveals)),
            abi.encodeCall(market.demandInput, (order, 0)),
            abi.encodeCall(market.answerInput, (order, PAYLOAD, SALT)),
            abi.encodeCall(market.commitAndAdvance, (order, none, new IMarketTypes.SignedCommit[](0))),
            abi.encodeCall(market.advance, (order))
        ];
        bytes memory refusal = abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), Phase.Waiting);
        for (uint256 i; i < calls.length; ++i) {
            vm.prank(_provider(order, 0));
            (bool done, bytes memory answer) = address(market).call(calls[i]);
            assertFalse(done, "done without an input");
            assertEq(keccak256(answer), keccak256(refusal), "refused for its phase");
        }
        IMarketTypes.Settlement[] memory many = new IMarketTypes.Settlement[](1);
        many[0] = settlement;
        market.settleMany(many);
        _assertPhase(order, Phase.Waiting);
    }

    function test_an_input_of_zero_settles_nothing() external {
        Order memory order = _waiting(3);
        IMarketTypes.Settlement memory early = _settlement(order, RESULT);
        _fix(order, _result());
        vm.expectRevert(
            abi.encodeWithSelector(IMarketTypes.BadClaimSignature.selector, 0, _provider(order, 0))
        );
        market.settle(early);
    }

    function test_nobody_is_accused_of_what_it_signed_before() external {
        Order memory order = _waiting(3);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotASeat.selector, _id(order), 0));
        this.punishCommitsNow(order, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotASeat.selector, _id(order), 0));
        this.punishClaimsNow(order, 0);
        address provider = _provider(order, 0);
        IMarketTypes.SignedCommit memory a = _signCommit(order, provider, RESULT);
        IMarketTypes.SignedCommit memory b = _signCommit(order, provider, OTHER);
        _fix(order, _result());
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadCommitSignature.selector, 0, provider));
        market.punishTwoCommits(order, 0, 0, a, b);
    }

    /// A requester signs two inputs, and a reorganisation swaps them: who committed to the result of one has said
    /// nothing about the other.
    function test_what_was_signed_for_one_input_is_void_for_another() external {
        Order memory order = _waiting(3);
        address provider = _provider(order, 0);
        uint256 before = vm.snapshotState();
        _fix(order, OTHER);
        IMarketTypes.SignedCommit memory a = _signCommit(order, provider, RESULT);
        IMarketTypes.SignedClaim memory c = _signClaim(order, provider, RESULT, "set");
        vm.revertToState(before);
        _fix(order, _result());
        IMarketTypes.SignedCommit memory b = _signCommit(order, provider, OTHER);
        IMarketTypes.SignedClaim memory d = _signClaim(order, provider, OTHER, "set");
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadCommitSignature.selector, 0, provider));
        market.punishTwoCommits(order, 0, 0, a, b);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadClaimSignature.selector, 0, provider));
        market.punishTwoClaims(order, 0, 0, c, d);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadCommitSignature.selector, 0, provider));
        market.commit(order, 0, a);
        // The same words about the input that was fixed do forfeit the bond.
        _punishCommits(order, 0);
    }

    // --- it is never fixed -----------------------------------------------------------------------------------

    function test_an_input_that_never_comes_costs_each_seat_a_fee_and_frees_its_bond() external {
        Order memory order = _waiting(3);
        address[3] memory seated = [_provider(order, 0), _provider(order, 1), _provider(order, 2)];
        for (uint256 i; i < 3; ++i) assertEq(_inUse(seated[i]), 1, "locked");
        uint256 from = clock + INPUT_WINDOW + 1;
        _goTo(from - 1);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.TooEarly.selector, _id(order), from));
        market.expire(order);
        _goTo(from);
        vm.expectEmit(address(market));
        emit IMarketTypes.Reserved(_id(order), 7, SHARE / 8);
        vm.expectEmit(address(market));
        emit IMarketTypes.Refunded(
            _id(order), 3 * (SHARE - SHARE / 8), IMarketTypes.RefundReason.InputWithheld
        );
        market.expire(order);
        for (uint256 i; i < 3; ++i) {
            (uint256 ready,) = market.balanceOf(seated[i]);
            assertEq(ready, SHARE / 8, "fee");
            assertEq(_inUse(seated[i]), 0, "free for other jobs");
        }
        (uint256 back,) = market.balanceOf(requester);
        assertEq(back, 3 * (SHARE - SHARE / 8), "the rest returns");
        assertEq(Seats.unwrap(_job(order).seats), 0, "nobody can be accused in its name");
        IMarketTypes.SignedCommit memory a = _signCommit(order, seated[0], RESULT);
        IMarketTypes.SignedCommit memory b = _signCommit(order, seated[0], OTHER);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.NotASeat.selector, _id(order), 0));
        market.punishTwoCommits(order, 0, 0, a, b);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(order), Phase.Refunded));
        market.expire(order);
    }

    function test_it_ends_as_well_when_its_bonds_have_unlocked_by_themselves() external {
        Order memory order = _waiting(2);
        address seated = _provider(order, 0);
        _goTo(_lockedUntil(order) + 5 * BUCKET);
        vm.prank(requester);
        vm.expectRevert();
        market.fixInput(order, _result(), "");
        market.expire(order);
        _assertPhase(order, Phase.Refunded);
        assertEq(_inUse(seated), 0, "unlocked once");
    }

    // --- every mode ------------------------------------------------------------------------------------------

    function test_an_auditor_is_given_the_input_that_was_fixed() external {
        Order memory order = _audited(ALWAYS);
        order.inputRoot = 0;
        vm.prank(requester);
        market.open(order, "");
        _draw(order);
        _fix(order, _result());
        market.settle(_settlement(order, _result()));
        _toSeed(order);
        market.advanceAudit(order);
        address auditor = _auditor(order);
        _prepay(auditor);
        vm.prank(auditor);
        market.demandAuditInput(order);
        vm.expectRevert();
        market.answerAuditInput(order, "something else", SALT);
        market.answerAuditInput(order, PAYLOAD, SALT);
        _vouch(order);
        _assertAudit(order, AuditState.Vouched);
    }

    function test_an_audit_that_never_began_is_refunded_with_the_rest() external {
        Order memory order = _audited(ALWAYS);
        (order.inputRoot, order.mode) = (0, order.mode | Modes.STRONG);
        vm.prank(requester);
        market.open(order, "");
        _draw(order);
        _pass(INPUT_WINDOW + 1);
        market.expire(order);
        (uint256 back,) = market.balanceOf(requester);
        assertEq(back, 2 * SHARE - SHARE / 8, "the auditor's share too");
    }

    function test_shards_are_opened_with_one_transfer_and_fixed_in_turn() external {
        Order[] memory stages = new Order[](2);
        for (uint256 i; i < 2; ++i) (stages[i] = _order(2)).inputRoot = 0;
        vm.prank(requester);
        market.openMany(stages, new bytes[](0));
        _roll(uint256(_job(stages[1]).since) + 1);
        market.drawMany(stages);
        _fix(stages[0], _result());
        market.settle(_settlement(stages[0], RESULT));
        _fix(stages[1], RESULT);
        market.settle(_settlement(stages[1], OTHER));
        assertEq(JobId.unwrap(_id(stages[0])) == JobId.unwrap(_id(stages[1])), false, "two jobs");
        _assertPhase(stages[1], Phase.Settled);
    }
}
