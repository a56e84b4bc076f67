// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {AuditLib, AuditState} from "../../../contracts/types/Audit.sol";
import {JobId} from "../../../contracts/types/Ids.sol";
import {Phase, SeatsLib} from "../../../contracts/types/Job.sol";
import {Modes, Order} from "../../../contracts/types/Order.sol";
import {AuditWorld} from "./AuditWorld.sol";

/// What an order pays for audits, and whom the seed names.
contract AuditDrawsTest is AuditWorld {
    // --- the order -------------------------------------------------------------------------------------------

    function test_an_audited_order_pays_one_more_share(uint8 bits) external {
        bits %= 8;
        Order memory order = _audited(bits);
        uint256 before = token.balanceOf(requester);
        vm.prank(requester);
        market.open(order, "");
        assertEq(before - token.balanceOf(requester), bits == 0 ? SHARE : 2 * SHARE, "the escrow");
        uint256 seedBlock = _job(order).since;
        assertEq(market.valueOfSeed(seedBlock), bits == 0 ? SHARE : 2 * SHARE, "what steering the seed is worth");
    }

    function test_the_bits_say_how_many_settled_jobs_are_audited() external {
        uint256[8] memory odds = [uint256(0), 1, 2, 4, 8, 16, 32, 64];
        for (uint8 bits = 1; bits < 8; ++bits) {
            Order memory order = _drawnAudited(bits);
            IMarketTypes.Settlement memory settlement = _settlement(order, _result());
            vm.expectEmit(address(market));
            emit IMarketTypes.AuditDue(_id(order), height + 2, odds[bits]);
            market.settle(settlement);
            assertEq(_audit(order).odds, odds[bits], "odds");
            assertEq(_audit(order).since, height + 2, "the seed's block");
            _assertAudit(order, AuditState.Due);
        }
    }

    function test_a_job_without_the_bits_is_not_audited() external {
        (Order memory order,) = _due(0);
        _assertAudit(order, AuditState.None);
        _refuses(passerBy, abi.encodeCall(market.advanceAudit, (order)), _noAudit(order, AuditState.None));
    }

    /// Their replicas look at each other.
    function test_redundant_orders_take_no_audits(uint8 bits, bool strong) external {
        bits = 1 + bits % 7;
        Order memory order = _order(3);
        order.mode = Modes.REDUNDANT | (bits << 4) | (strong ? Modes.STRONG : 0);
        _refuses(
            requester,
            abi.encodeCall(market.open, (order, "")),
            abi.encodeWithSelector(IMarketTypes.UnsupportedMode.selector, order.mode)
        );
    }

    function test_an_audited_order_can_be_strong() external {
        Order memory order = _audited(ALWAYS);
        order.mode |= Modes.STRONG;
        vm.prank(requester);
        market.open(order, "");
        _draw(order);
        market.settle(_settlement(order, _result()));
        _assertAudit(order, AuditState.Due);
    }

    function test_other_bits_of_the_mode_are_still_refused(uint8 bits) external {
        bits %= 7;
        Order memory order = _audited(ALWAYS);
        order.mode = (order.mode & 0xf0) | (2 + 2 * bits);
        _refuses(
            requester,
            abi.encodeCall(market.open, (order, "")),
            abi.encodeWithSelector(IMarketTypes.UnsupportedMode.selector, order.mode)
        );
    }

    // --- jobs that are never settled -------------------------------------------------------------------------

    function test_a_job_that_is_never_drawn_returns_both_shares() external {
        Order memory order = _audited(ALWAYS);
        vm.prank(requester);
        market.open(order, "");
        _roll(uint256(_job(order).since) + DRAW_BLOCKS + 1);
        market.expire(order);
        assertEq(_ready(requester), 2 * SHARE, "refund");
        _assertAudit(order, AuditState.None);
    }

    function test_a_withheld_reveal_returns_both_shares() external {
        Order memory order = _drawnAudited(ALWAYS);
        _commitAll(order, RESULT);
        _pass(uint256(COMMIT) + REVEAL + 1);
        market.advance(order);
        _assertPhase(order, Phase.Refunded);
        assertEq(_ready(requester), 2 * SHARE, "refund");
    }

    function test_a_job_that_comes_too_late_returns_both_shares() external {
        Order memory order = _drawnAudited(ALWAYS);
        _goTo(_lockedUntil(order));
        market.advance(order);
        _assertPhase(order, Phase.Refunded);
        assertEq(_ready(requester), 2 * SHARE, "refund");
    }

    /// Three silent providers in a row.
    function test_a_job_without_a_replacement_returns_both_shares() external {
        Order memory order = _drawnAudited(ALWAYS);
        for (uint256 i; i < 3; ++i) {
            _pass(uint256(COMMIT) + 1);
            market.advance(order);
        }
        _assertPhase(order, Phase.Refunded);
        assertEq(_ready(requester), 2 * SHARE, "refund");
    }

    function test_a_withheld_input_returns_both_shares_less_a_reservation() external {
        Order memory order = _drawnAudited(ALWAYS);
        _demandInput(order, 0);
        _pass(ANSWER + 1);
        market.closeDemand(order);
        _assertPhase(order, Phase.Refunded);
        assertEq(_ready(requester), 2 * SHARE - SHARE / 8, "refund");
    }

    function test_a_reserve_that_settles_the_job_is_audited_as_well() external {
        Order memory order = _drawnAudited(ALWAYS);
        _pass(uint256(COMMIT) + 1);
        market.advance(order);
        market.settle(_settlement(order, _result()));
        assertEq(_paidSeat(order), 1, "a reserve");
        _toSeed(order);
        market.advanceAudit(order);
        assertTrue(_auditor(order) != _payee(order), "a stranger");
    }

    function test_a_reveal_on_chain_is_audited_as_well() external {
        Order memory order = _drawnAudited(ALWAYS);
        _commitAll(order, _result());
        _reveal(order, 0, _result());
        market.advance(order);
        _assertAudit(order, AuditState.Due);
    }

    // --- the draw --------------------------------------------------------------------------------------------

    function test_an_audit_waits_for_its_seeds_block() external {
        (Order memory order,) = _due(ALWAYS);
        uint256 seedBlock = _audit(order).since;
        bytes memory call_ = abi.encodeCall(market.advanceAudit, (order));
        _refuses(passerBy, call_, _tooEarly(order, seedBlock + 1));
        _roll(seedBlock);
        _refuses(passerBy, call_, _tooEarly(order, seedBlock + 1));
        _roll(seedBlock + 1);
        vm.prank(passerBy);
        market.advanceAudit(order);
        _assertAudit(order, AuditState.Drawn);
    }

    function test_a_draw_that_would_leave_its_epoch_waits_for_the_next() external {
        Order memory order = _drawnAudited(ALWAYS);
        IMarketTypes.Settlement memory settlement = _settlement(order, _result());
        _roll((height / EPOCH + 1) * EPOCH - DRAW_BLOCKS - 2);
        market.settle(settlement);
        assertEq(uint256(_audit(order).since) % EPOCH, 0, "the first of the next epoch");
        order = _drawnAudited(ALWAYS);
        settlement = _settlement(order, _result());
        _roll((height / EPOCH + 1) * EPOCH - DRAW_BLOCKS - 3);
        market.settle(settlement);
        assertEq(_audit(order).since, height + 2, "it still fits");
    }

    /// Never the provider that was paid, whatever the seed.
    function test_the_auditor_is_a_stranger(bytes32 hash) external {
        (Order memory order,) = _due(ALWAYS);
        _toSeedOf(order, hash);
        uint256 paid = _leaf(order, _paidSeat(order));
        market.advanceAudit(order);
        _assertAudit(order, AuditState.Drawn);
        uint256 named = _audit(order).auditors;
        for (uint256 i; i < AuditLib.AUDITORS; ++i) {
            uint256 lane = (named >> (24 * i)) & 0xffffff;
            assertTrue(lane != 0, "three are named");
            assertTrue(lane != paid + 1, "one that was paid");
            for (uint256 j; j < i; ++j) assertTrue(lane != (named >> (24 * j)) & 0xffffff, "named twice");
        }
        assertEq(named >> 72, 0, "no more");
    }

    function test_who_is_drawn_is_told_and_its_bond_locked() external {
        (Order memory order,) = _due(ALWAYS);
        _toSeed(order);
        uint256[] memory before = new uint256[](providers.length);
        for (uint256 i; i < providers.length; ++i) before[i] = _inUse(providers[i]);
        market.advanceAudit(order);
        address auditor = _auditor(order);
        for (uint256 i; i < providers.length; ++i) {
            assertEq(_inUse(providers[i]), before[i] + (providers[i] == auditor ? 1 : 0), "one bond");
        }
        assertEq(_audit(order).since, clock, "its window begins");
        assertEq(_audit(order).lockBucket, (clock + LOCK_TIME) / BUCKET, "as long as a seat's");
        // At least as long as the result can be disputed.
        assertGe(_auditorLockedUntil(order), _lockedUntil(order));
    }

    /// All five seats of a redundant job are strangers to its auditor as well.
    function test_a_requested_audit_of_five_replicas_names_a_sixth(bytes32 hash) external {
        Order memory order = _drawn(5);
        market.settle(_settlement(order, RESULT));
        _request(order);
        _toSeedOf(order, hash);
        market.advanceAudit(order);
        _assertAudit(order, AuditState.Drawn);
        for (uint256 seat; seat < 5; ++seat) assertTrue(_auditor(order) != _provider(order, seat), "a paid seat");
    }

    function _assertEnded(Order memory order, uint256 returned) private view {
        _assertAudit(order, AuditState.Over);
        assertEq(_ready(requester), returned, "returned");
    }

    function _expectEnd(Order memory order, IMarketTypes.AuditEnd reason, uint256 returned) private {
        vm.expectEmit(address(market));
        emit IMarketTypes.AuditEnded(_id(order), reason, returned);
    }

    function test_a_seed_that_names_nobody_returns_the_share() external {
        (Order memory order,) = _due(EVERY_OTHER);
        _toSeedOf(order, _hashFor(order, false));
        _expectEnd(order, IMarketTypes.AuditEnd.NotDrawn, SHARE);
        market.advanceAudit(order);
        _assertEnded(order, SHARE);
        _refuses(passerBy, abi.encodeCall(market.advanceAudit, (order)), _noAudit(order, AuditState.Over));
    }

    function test_a_seed_that_names_somebody_keeps_the_share() external {
        (Order memory order,) = _due(SELDOM);
        _toSeedOf(order, _hashFor(order, true));
        market.advanceAudit(order);
        _assertAudit(order, AuditState.Drawn);
        assertEq(_ready(requester), 0, "still in escrow");
    }

    function _hashFor(Order memory order, bool drawn) private view returns (bytes32 hash) {
        uint256 odds = _audit(order).odds;
        JobId id = _id(order);
        for (uint256 i = 1;; ++i) {
            hash = bytes32(i);
            if ((uint256(AuditLib.seedOf(id, hash)) % odds == 0) == drawn) return hash;
        }
    }

    /// One hash of a block decides about every job anew; of many jobs about one in so many is audited.
    function test_about_one_job_in_so_many_is_audited(bytes32 hash) external view {
        for (uint256 odds = 1; odds <= 64; odds *= 2) {
            uint256 count;
            for (uint256 i; i < 1_024; ++i) {
                bytes32 seed = AuditLib.seedOf(JobId.wrap(keccak256(abi.encode(i))), hash);
                if (uint256(seed) % odds == 0) ++count;
            }
            // Six standard deviations of a binomial distribution are below six square roots of its mean.
            uint256 mean = 1_024 / odds;
            assertApproxEqAbs(count, mean, odds == 1 ? 0 : 6 * _root(mean));
        }
    }

    function _root(uint256 x) private pure returns (uint256 y) {
        while (y * y < x) ++y;
    }

    /// The contract's own draws, job by job.
    function test_jobs_are_drawn_by_their_seed(uint256 salt) external {
        uint8 bits = uint8(2 + salt % 3);
        uint256 returned;
        for (uint256 i; i < 8; ++i) {
            (Order memory order,) = _due(bits);
            bytes32 hash = keccak256(abi.encode(salt, i));
            _toSeedOf(order, hash);
            bool expected = uint256(AuditLib.seedOf(_id(order), hash)) % _audit(order).odds == 0;
            market.advanceAudit(order);
            _assertAudit(order, expected ? AuditState.Drawn : AuditState.Over);
            if (!expected) returned += SHARE;
            assertEq(_ready(requester), returned, "returned where none is drawn");
        }
    }

    function test_a_draw_that_comes_too_late_returns_the_share() external {
        (Order memory order,) = _due(ALWAYS);
        (Order memory other,) = _due(ALWAYS);
        _roll(uint256(_audit(order).since) + DRAW_BLOCKS + 1);
        _expectEnd(order, IMarketTypes.AuditEnd.TooLate, SHARE);
        market.advanceAudit(order);
        _assertEnded(order, SHARE);
        _roll(uint256(_audit(other).since) + DRAW_BLOCKS);
        // Rolled back to its last block: it is still in time.
        market.advanceAudit(other);
        _assertAudit(other, AuditState.Drawn);
    }

    /// So late that nothing that an auditor finds could be followed by a challenge.
    function test_an_auditor_that_could_not_dispute_is_not_seated() external {
        (Order memory order,) = _due(ALWAYS);
        (Order memory other,) = _due(ALWAYS);
        _toSeed(other);
        uint256 latest = _lockedUntil(order) - 2 * uint256(COMMIT) - ANSWER;
        _goTo(latest - 1);
        market.advanceAudit(other);
        _assertAudit(other, AuditState.Drawn);
        _goTo(latest);
        _expectEnd(order, IMarketTypes.AuditEnd.TooLate, SHARE);
        market.advanceAudit(order);
        _assertEnded(order, SHARE);
    }

    /// Its result is refuted, or its output was withheld: there is nothing left to look at.
    function test_a_job_without_a_result_that_stands_is_not_audited(bool refuted) external {
        (Order memory order, IMarketTypes.Reveal[] memory reveals) = _due(ALWAYS);
        uint256 before = _ready(requester);
        if (refuted) {
            _punishCommits(order, _paidSeat(order));
        } else {
            bytes32 result = _result();
            _prepay(requester);
            vm.prank(requester);
            market.demandOutput(order, result, reveals);
            _pass(ANSWER + 1);
            market.closeDemand(order);
            before += SHARE + DEPOSIT;
        }
        _expectEnd(order, IMarketTypes.AuditEnd.Answered, SHARE);
        market.advanceAudit(order);
        _assertEnded(order, before + SHARE);
    }
}

/// Pools in which few have a bond to spare.
contract LonelyAuditsTest is AuditWorld {
    /// The second shard's pool, with so many providers.
    function _small(uint256 count, uint16 slots) private returns (Order memory order) {
        for (uint256 i; i < count; ++i) {
            _fund(providers[i], slots * BOND);
            vm.prank(providers[i]);
            vault.pledge(model, 1, TIER, slots);
        }
        _nextEpoch();
        order = _audited(ALWAYS);
        order.shard = 1;
        vm.prank(requester);
        market.open(order, "");
        _draw(order);
        market.settle(_settlement(order, _result()));
        _toSeed(order);
    }

    function test_a_provider_alone_in_its_pool_is_not_audited() external {
        Order memory order = _small(1, 3);
        vm.expectEmit(address(market));
        emit IMarketTypes.AuditEnded(_id(order), IMarketTypes.AuditEnd.NobodyFree, SHARE);
        market.advanceAudit(order);
        _assertAudit(order, AuditState.Over);
        assertEq(_ready(requester), SHARE, "returned");
    }

    function test_one_other_is_the_auditor() external {
        Order memory order = _small(2, 1);
        market.advanceAudit(order);
        _assertAudit(order, AuditState.Drawn);
        assertEq(_audit(order).auditors >> 24, 0, "nobody else");
    }

    /// The stranger's only bond backs another job: it is passed over, and there is no next.
    function test_strangers_without_a_free_bond_are_passed_over() external {
        Order memory order = _small(2, 1);
        Order memory other = _audited(0);
        other.shard = 1;
        vm.prank(requester);
        market.open(other, "");
        uint256 here = height;
        _draw(other);
        assertLe(height, here + DRAW_BLOCKS);
        market.advanceAudit(order);
        _assertAudit(order, AuditState.Over);
        assertEq(_ready(requester), SHARE, "returned");
    }
}
