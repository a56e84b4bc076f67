// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarket} from "../../../contracts/market/IMarket.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {JobId} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Ledger} from "./Ledger.sol";

/// Signatures made for one thing used for another.
contract ReplayAttacks is Ledger {
    /// The same providers in the same seats of two jobs, so that only the signed fields tell them apart.
    function _twins() private returns (Order memory a, Order memory b) {
        a = _track(_drawn(2));
        for (uint256 i; i < 64; ++i) {
            uint256 state = vm.snapshotState();
            b = _drawn(2);
            if (_provider(a, 0) == _provider(b, 0) && _provider(a, 1) == _provider(b, 1)) {
                _track(b);
                return (a, b);
            }
            vm.revertToState(state);
            _order(2);
        }
        revert("no twins");
    }

    function _settleHonestly(Order memory order) private {
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _expects(requester, -int256(uint256(order.replicas)) * PAID);
    }

    function test_claims_of_one_job_settle_no_other() external {
        (Order memory a, Order memory b) = _twins();
        IMarketTypes.Settlement memory replay = _settlement(a, RESULT);
        replay.order = b;
        vm.expectPartialRevert(IMarketTypes.BadClaimSignature.selector);
        market.settle(replay);
        _settleHonestly(a);
        _settleHonestly(b);
        _judge(thief, 0);
    }

    function test_commitments_of_one_job_are_no_evidence_in_another() external {
        (Order memory a, Order memory b) = _twins();
        address honest = _provider(a, 0);
        IMarketTypes.SignedCommit memory first = _signCommit(a, honest, RESULT);
        IMarketTypes.SignedCommit memory second = _signCommit(b, honest, OTHER);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadCommitSignature.selector, 0, honest));
        market.punishTwoCommits(a, 0, 0, first, second);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadCommitSignature.selector, 0, honest));
        market.punishTwoCommits(b, 0, 0, first, second);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadCommitSignature.selector, 0, honest));
        market.commit(b, 0, first);
        _settleHonestly(a);
        _settleHonestly(b);
        _judge(thief, 0);
    }

    function test_claims_of_one_job_are_no_evidence_in_another() external {
        (Order memory a, Order memory b) = _twins();
        address honest = _provider(a, 0);
        IMarketTypes.SignedClaim memory first = _signClaim(a, honest, RESULT, "set");
        IMarketTypes.SignedClaim memory second = _signClaim(b, honest, OTHER, "set");
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadClaimSignature.selector, 0, honest));
        market.punishTwoClaims(a, 0, 0, first, second);
        _settleHonestly(a);
        _settleHonestly(b);
        _judge(thief, 0);
    }

    function test_claims_and_commitments_of_an_earlier_round_count_in_no_later_one() external {
        Order memory order = _track(_drawn(3));
        address liar = _provider(order, 2);
        IMarketTypes.Settlement memory early = _settlement(order, RESULT);
        IMarketTypes.SignedCommit memory commitment = _signCommit(order, _provider(order, 0), OTHER);
        _report(order, 2, thief);
        vm.expectPartialRevert(IMarketTypes.BadClaimSignature.selector);
        market.settle(early);
        vm.expectRevert(
            abi.encodeWithSelector(IMarketTypes.BadCommitSignature.selector, 0, _provider(order, 0))
        );
        market.commit(order, 0, commitment);
        IMarketTypes.SignedCommit memory next = _signCommit(order, _provider(order, 0), RESULT);
        for (uint8 round; round < 3; ++round) {
            vm.expectPartialRevert(IMarketTypes.BadCommitSignature.selector);
            market.punishTwoCommits(order, 0, round, commitment, next);
        }
        _settleHonestly(order);
        _judge(liar, thief, -11 * int256(CEILING));
    }

    function test_nothing_signed_for_this_chain_counts_on_another(uint64 chain) external {
        uint256 here = block.chainid;
        if (chain == here || chain == 0) chain = 7;
        Order memory order = _order(2);
        bytes memory signature = _signOrder(order);
        JobId id = _id(order);
        vm.chainId(chain);
        assertTrue(JobId.unwrap(_id(order)) != JobId.unwrap(id), "another job");
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadOrderSignature.selector, requester));
        market.open(order, signature);
        vm.chainId(here);
        market.open(order, signature);
        _track(order);
        _draw(order);
        IMarketTypes.Settlement memory settlement = _settlement(order, RESULT);
        // After a split of the chain the job lives on, under another name, on one side only.
        vm.chainId(chain);
        vm.expectPartialRevert(IMarketTypes.WrongPhase.selector);
        market.settle(settlement);
        vm.chainId(here);
        market.settle(settlement);
        _expectSeats(order, PAID);
        _expects(requester, -2 * PAID);
        _judge(thief, 0);
    }

    function test_nothing_signed_for_this_market_counts_in_another() external {
        Order memory order = _track(_drawn(2));
        IMarketTypes.Settlement memory settlement = _settlement(order, RESULT);
        bytes memory signature = _signOrder(order);
        (IMarket ours, IStakeVault stakes, address judge) = (market, vault, resolver);
        _deploy();
        assertTrue(ours.domainSeparator() != market.domainSeparator(), "another domain");
        vm.expectPartialRevert(IMarketTypes.WrongPhase.selector);
        market.settle(settlement);
        // The other market's pools are empty: give it the same pool, for the signature alone to decide.
        address staker = address(0x57A1E);
        token.mint(staker, BOND);
        vm.startPrank(staker);
        token.approve(address(vault), BOND);
        vault.deposit(BOND);
        model = registry.publish("minilm", "1", "program", "weights", _shards(), 1, 256, 512, "https://example.org");
        vault.pledge(model, 0, TIER, 1);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadOrderSignature.selector, requester));
        market.open(order, signature);
        (market, vault, resolver) = (ours, stakes, judge);
        elsewhere = BOND;
        _open_books();
        market.settle(settlement);
        _expectSeats(order, PAID);
        _judge(thief, 0);
    }

    function _shards() private pure returns (bytes32[] memory shards) {
        shards = new bytes32[](2);
        (shards[0], shards[1]) = (bytes32("shard 0"), bytes32("shard 1"));
    }

    /// The vault obeys its market alone: the thief's own market can draw, slash and release nothing in it.
    function test_another_market_moves_nothing_in_the_vault() external {
        Order memory order = _track(_settled(2));
        _expectSeats(order, PAID);
        _expects(requester, -2 * PAID);
        IStakeVault stakes = vault;
        uint32 bucket = _job(order).lockBucket;
        address[] memory accounts = new address[](1);
        uint256[] memory amounts = new uint256[](1);
        (accounts[0], amounts[0]) = (thief, BOND);
        bytes memory refused = abi.encodeWithSelector(IStakeVault.OnlyMarket.selector, thief);
        vm.startPrank(thief);
        vm.expectRevert(refused);
        stakes.slash(pool, 0, bucket, 0, accounts, amounts);
        vm.expectRevert(refused);
        stakes.draw(pool, "seed", 2, 2, bucket);
        vm.expectRevert(refused);
        stakes.tryLock(pool, 0, bucket);
        vm.expectRevert(refused);
        stakes.hold(pool, 0, bucket);
        vm.expectRevert(refused);
        stakes.release(pool, 0);
        vm.stopPrank();
        _judge(thief, 0);
    }

    function test_a_receipt_frees_the_payment_of_its_own_job_once() external {
        Order memory a = _track(_settled(2));
        Order memory b = _track(_settled(2));
        for (uint256 i; i < 2; ++i) {
            _expects(_provider(a, i), PAID);
            _expects(_provider(b, i), PAID);
        }
        bytes memory receipt = _receipt(a, RESULT);
        vm.startPrank(thief);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadOrderSignature.selector, requester));
        market.acknowledge(b, RESULT, receipt);
        market.acknowledge(a, RESULT, receipt);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.WrongPhase.selector, _id(a), Phase.Settled));
        market.acknowledge(a, RESULT, receipt);
        vm.stopPrank();
        _expects(requester, -4 * PAID);
        _judge(thief, 0);
    }

    function _receipt(Order memory order, bytes32 output) private view returns (bytes memory) {
        bytes32 typeHash = keccak256("Receipt(bytes32 job,bytes32 outputRoot)");
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(keyOf[requester], _digest(keccak256(abi.encode(typeHash, _id(order), output))));
        return abi.encodePacked(r, s, v);
    }

    /// An order's signature is its digest's: it opens that job once, and no other use of it is known.
    function test_an_order_is_opened_once_whoever_brings_it(uint256 end) external {
        Order memory order = _order(2);
        bytes memory signature = _signOrder(order);
        market.open(order, signature);
        _track(order);
        if (end % 2 == 0) _bringToEnd(order);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.JobExists.selector, _id(order)));
        vm.prank(thief);
        market.open(order, signature);
        _judge(thief, 0);
    }

    // --- signatures orphaned by a reorganisation -------------------------------------------------------------

    /// The seed block is replaced by another: what was signed for the old draw neither settles nor convicts.
    function test_what_a_reorganisation_orphaned_counts_for_nothing() external {
        Order memory order = _track(_open(2));
        uint256 seedBlock = _job(order).since;
        _roll(seedBlock + 1);
        uint256 fork = vm.snapshotState();
        vm.setBlockhash(seedBlock, keccak256("the block that was orphaned"));
        market.draw(order);
        bytes32 orphanedDraw = market.drawOf(_id(order));
        IMarketTypes.Settlement memory orphaned = _settlement(order, RESULT);
        address[] memory signers = new address[](7);
        IMarketTypes.SignedCommit[] memory commits = new IMarketTypes.SignedCommit[](7);
        for (uint256 i; i < providers.length && i < 7; ++i) {
            signers[i] = providers[i];
            commits[i] = _signCommit(order, providers[i], RESULT);
        }
        vm.revertToState(fork);
        vm.setBlockhash(seedBlock, keccak256("the block that stays"));
        market.draw(order);
        assertTrue(market.drawOf(_id(order)) != orphanedDraw, "another draw");
        vm.expectPartialRevert(IMarketTypes.BadClaimSignature.selector);
        market.settle(orphaned);
        for (uint256 seat; seat < 2; ++seat) {
            address provider = _provider(order, seat);
            IMarketTypes.SignedCommit memory now_ = _signCommit(order, provider, OTHER);
            for (uint256 i; i < 7; ++i) {
                if (signers[i] != provider) continue;
                vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadCommitSignature.selector, seat, provider));
                market.punishTwoCommits(order, seat, 0, commits[i], now_);
            }
        }
        _settleHonestly(order);
        _judge(thief, 0);
    }

    /// A reorganisation that keeps the seed but draws other jobs first gives the same draw other seats. A node that
    /// signs one claim per draw cannot claim again against the new set, but the slow path pays it.
    function test_a_reorganisation_that_changes_the_seats_alone_costs_no_bond_and_no_pay() external {
        Order memory order = _track(_open(2));
        uint256 seedBlock = _job(order).since;
        _roll(seedBlock + 1);
        uint256 fork = vm.snapshotState();
        market.draw(order);
        address gone = _provider(order, 0);
        address stays = _provider(order, 1);
        bytes32 draw = market.drawOf(_id(order));
        IMarketTypes.SignedCommit memory committed = _signCommit(order, stays, RESULT);
        IMarketTypes.Settlement memory orphaned = _settlement(order, RESULT);
        vm.revertToState(fork);
        uint256 leaf = vault.leafOf(pool, gone);
        uint32 bucket = uint32((clock + LOCK_TIME) / BUCKET);
        for (uint256 i; i < 3; ++i) {
            vm.prank(address(market));
            vault.tryLock(pool, leaf, bucket);
        }
        market.draw(order);
        assertTrue(_provider(order, 0) != gone, "full");
        assertEq(market.drawOf(_id(order)), draw, "the same draw");
        vm.expectPartialRevert(IMarketTypes.BadClaimSignature.selector);
        market.settle(orphaned);
        uint256 seat = _provider(order, 0) == stays ? 0 : 1;
        assertEq(_provider(order, seat), stays, "still seated");
        market.commit(order, seat, committed);
        _commit(order, 1 - seat, RESULT);
        _reveal(order, 0, RESULT);
        _reveal(order, 1, RESULT);
        market.advance(order);
        _expectSeats(order, PAID);
        _expects(requester, -2 * PAID);
        _goTo(_lockedUntil(order) + BUCKET);
        _judge(thief, 0);
    }
}
