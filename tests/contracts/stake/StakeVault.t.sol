// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Vm} from "../lib/Vm.sol";
import {World} from "../lib/World.sol";
import {HookToken} from "../lib/Doubles.sol";
import {ExactTransfer} from "../../../contracts/token/ExactTransfer.sol";
import {DevToken} from "../../../contracts/token/DevToken.sol";
import {IModelRegistry} from "../../../contracts/registry/IModelRegistry.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {BondLedger, Bonds} from "../../../contracts/types/BondLedger.sol";
import {ModelId, PoolId, modelIdOf, poolIdOf} from "../../../contracts/types/Ids.sol";
import {Seats, SeatsLib} from "../../../contracts/types/Job.sol";
import {PriceLadder} from "../../../contracts/types/PriceLadder.sol";

/// Stake in, stake out, and what the market may do with it in between.
contract StakeVaultTest is World {
    address private _provider;
    uint32 private _bucket;

    function setUp() public override {
        super.setUp();
        _provider = _joinOne(3);
        _nextEpoch();
        _bucket = uint32(clock / BUCKET) + 5;
    }

    function _lock() private {
        vm.prank(address(market));
        assertTrue(vault.tryLock(pool, 0, _bucket), "locked");
    }

    function _slash(uint32 bucket) private {
        vm.prank(address(market));
        vault.slash(pool, 0, bucket, BOND, new address[](0), new uint256[](0));
    }

    function _unpledge(uint16 slots) private returns (uint256) {
        vm.prank(_provider);
        return vault.unpledge(pool, slots);
    }

    // --- deposits --------------------------------------------------------------------------------------------

    function test_free_stake_comes_and_goes() external {
        _fund(_provider, 100);
        assertEq(vault.freeStake(_provider), 100, "free");
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.StakeTooSmall.selector, 101, 100));
        vm.prank(_provider);
        vault.withdraw(101);
        vm.prank(_provider);
        vault.withdraw(100);
        assertEq(token.balanceOf(_provider), 100, "back");
    }

    function test_nothing_is_nothing() external {
        vm.startPrank(_provider);
        vm.expectRevert(IStakeVault.NothingToDo.selector);
        vault.deposit(0);
        vm.expectRevert(IStakeVault.NothingToDo.selector);
        vault.withdraw(0);
        vm.expectRevert(IStakeVault.NothingToDo.selector);
        vault.pledge(model, 0, TIER, 0);
        vm.expectRevert(IStakeVault.NothingToDo.selector);
        vault.unpledge(pool, 0);
    }

    function test_a_permit_deposits(bool usedAlready) external {
        token.mint(requester, 50);
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                requester,
                vault,
                50,
                0,
                clock
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(
            requesterKey, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash))
        );
        if (usedAlready) token.permit(requester, address(vault), 50, clock, v, r, s);
        vm.prank(requester);
        vault.depositWithPermit(50, clock, v, r, s);
        assertEq(vault.freeStake(requester), 50, "free");
    }

    function test_an_endpoint_is_announced() external {
        vm.expectEmit(address(vault));
        emit IStakeVault.EndpointSet(_provider, "https://node");
        vm.prank(_provider);
        vault.setEndpoint("https://node");
    }

    function test_an_endpoint_of_more_than_256_bytes_is_refused() external {
        vm.prank(_provider);
        vault.setEndpoint(string(new bytes(256)));
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.EndpointTooLong.selector, 257, 256));
        vm.prank(_provider);
        vault.setEndpoint(string(new bytes(257)));
    }

    function test_a_token_that_calls_back_gains_nothing() external {
        HookToken hook = new HookToken();
        token = DevToken(address(hook));
        _deploy();
        hook.mint(address(vault), 1_000);
        hook.mint(address(this), 100);
        hook.approve(address(vault), 100);
        hook.listen(address(this), abi.encodeCall(this.withdrawNow, (100)));
        vm.expectPartialRevert(ExactTransfer.TokensMissing.selector);
        vault.deposit(100);
        hook.listen(address(0), "");
        vault.deposit(100);
        hook.listen(address(this), abi.encodeCall(this.withdrawNow, (100)));
        vault.withdraw(100);
        assertTrue(hook.called() && !hook.succeeded(), "called back in vain");
        assertTrue(hook.balanceOf(address(this)) <= 100, "no more than it had");
        assertTrue(hook.balanceOf(address(vault)) >= 1_000, "the others' stake is there");
    }

    function withdrawNow(uint256 amount) external {
        vault.withdraw(amount);
    }

    // --- pledges ---------------------------------------------------------------------------------------------

    function test_a_pledge_counts_from_the_next_epoch_on() external {
        address late = _joinOne(2);
        (uint256 current, uint256 next) = vault.weightOf(pool, 1);
        assertEq(current, 0, "current");
        assertEq(next, 2, "next");
        assertEq(vault.totalWeight(pool), 3, "total");
        _roll((vault.epoch() + 1) * EPOCH - 1);
        (current,) = vault.weightOf(pool, 1);
        assertEq(current, 0, "last block of the epoch");
        _roll(height + 1);
        (current,) = vault.weightOf(pool, 1);
        assertEq(current, 2, "first block of the next");
        assertEq(vault.leafOf(pool, late), 1, "leaf");
        assertEq(vault.ownerOf(pool, 1), late, "owner");
    }

    function test_a_pool_has_the_bond_of_its_tier() external view {
        IStakeVault.Pool memory made = vault.poolOf(pool);
        assertEq(made.bond, BOND, "bond");
        assertEq(made.tier, TIER, "tier");
        assertEq(made.modes, 3, "modes");
        assertEq(ModelId.unwrap(made.model), ModelId.unwrap(model), "model");
    }

    function test_a_pool_is_created_by_its_first_pledge_alone() external {
        vm.recordLogs();
        _joinOne(1);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bool pledged;
        for (uint256 i; i < logs.length; ++i) {
            assertTrue(logs[i].topics[0] != IStakeVault.PoolCreated.selector, "created again");
            if (logs[i].topics[0] == IStakeVault.Pledged.selector) pledged = true;
        }
        assertTrue(pledged, "pledged");
    }

    function test_a_pledge_needs_a_published_shard_a_rung_and_the_stake() external {
        vm.startPrank(_provider);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.NoShard.selector, model, 2, 2));
        vault.pledge(model, 2, TIER, 1);
        ModelId unknown = modelIdOf("nobody's", "1");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, unknown));
        vault.pledge(unknown, 0, TIER, 1);
        vm.expectRevert(abi.encodeWithSelector(PriceLadder.TierOutOfRange.selector, 90, 90));
        vault.pledge(model, 0, 90, 1);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.StakeTooSmall.selector, BOND, 0));
        vault.pledge(model, 0, TIER, 1);
    }

    function test_a_leaf_has_at_most_65535_slots() external {
        _fund(_provider, 65_535 * BOND);
        vm.startPrank(_provider);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.SlotsTooMany.selector, 65_533, 65_532));
        vault.pledge(model, 0, TIER, 65_533);
        vault.pledge(model, 0, TIER, 65_532);
        assertEq(vault.bondsOf(pool, 0).slots, 65_535, "slots");
    }

    function test_pools_and_leaves_nobody_made_are_unknown() external {
        PoolId none = poolIdOf(model, 1, TIER);
        bytes memory reason = abi.encodeWithSelector(IStakeVault.UnknownPool.selector, none);
        vm.expectRevert(reason);
        vault.poolOf(none);
        vm.expectRevert(reason);
        vault.requireOffer(none, 0);
        vm.expectRevert(reason);
        vault.leafOf(none, _provider);
        vm.expectRevert(reason);
        vault.unpledge(none, 1);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.ModeNotOffered.selector, pool, 255));
        vault.requireOffer(pool, 255);
    }

    // --- unbonding -------------------------------------------------------------------------------------------

    function test_an_unbonding_is_credited_when_it_is_ready() external {
        uint256 id = _unpledge(2);
        assertEq(vault.unbondingOf(id).readyAt, clock + UNBONDING, "ready");
        _pass(UNBONDING - 1);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.NotReady.selector, id, clock + 1));
        vault.finishUnbonding(id);
        _pass(1);
        vault.finishUnbonding(id);
        assertEq(vault.freeStake(_provider), 2 * BOND, "credited");
        assertEq(vault.bondsOf(pool, 0).slots, 1, "slots");
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.UnknownUnbonding.selector, id));
        vault.finishUnbonding(id);
    }

    function test_no_more_is_unpledged_than_is_offered() external {
        _unpledge(2);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.SlotsTooMany.selector, 2, 1));
        vm.prank(_provider);
        vault.unpledge(pool, 2);
    }

    function test_stake_on_its_way_out_is_slashable() external {
        _lock();
        uint256 id = _unpledge(3);
        _slash(_bucket);
        assertEq(token.balanceOf(BURNED), BOND, "burned");
        _pass(UNBONDING);
        vault.finishUnbonding(id);
        assertEq(vault.freeStake(_provider), 2 * BOND, "the rest");
        assertEq(vault.bondsOf(pool, 0).slots, 0, "slots");
        assertEq(token.balanceOf(address(vault)), 2 * BOND, "exactly backed");
    }

    function test_two_unbondings_share_what_slashes_left() external {
        _lock();
        uint256 first = _unpledge(2);
        uint256 second = _unpledge(1);
        _slash(_bucket);
        _pass(UNBONDING);
        vault.finishUnbonding(second);
        vault.finishUnbonding(first);
        assertEq(vault.freeStake(_provider), 2 * BOND, "two slots");
        assertEq(vault.bondsOf(pool, 0).slots, 0, "slots");
    }

    function test_a_slash_takes_what_is_offered_before_what_is_leaving() external {
        _lock();
        uint256 id = _unpledge(1);
        _slash(_bucket);
        (, uint256 next) = vault.weightOf(pool, 0);
        assertEq(next, 1, "one of two is left");
        _pass(UNBONDING);
        vault.finishUnbonding(id);
        assertEq(vault.freeStake(_provider), BOND, "left whole");
        assertEq(vault.bondsOf(pool, 0).slots, 1, "offered");
    }

    function test_slots_held_by_a_contest_do_not_leave() external {
        _lock();
        vm.prank(address(market));
        vault.hold(pool, 0, _bucket);
        uint256 id = _unpledge(3);
        _pass(UNBONDING);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.SlotsInUse.selector, id, 1, 3));
        vault.finishUnbonding(id);
        vm.prank(address(market));
        vault.release(pool, 0);
        vault.finishUnbonding(id);
        assertEq(vault.freeStake(_provider), 3 * BOND, "credited");
    }

    function test_pledging_again_while_leaving_keeps_the_count() external {
        uint256 id = _unpledge(3);
        _fund(_provider, BOND);
        vm.prank(_provider);
        vault.pledge(model, 0, TIER, 1);
        _pass(UNBONDING);
        vault.finishUnbonding(id);
        assertEq(vault.bondsOf(pool, 0).slots, 1, "slots");
        assertEq(vault.freeStake(_provider), 3 * BOND, "free");
    }

    // --- the market ------------------------------------------------------------------------------------------

    function test_only_the_market_moves_bonds() external {
        bytes memory reason = abi.encodeWithSelector(IStakeVault.OnlyMarket.selector, address(this));
        vm.expectRevert(reason);
        vault.draw(pool, "seed", 1, 0, _bucket);
        vm.expectRevert(reason);
        vault.tryLock(pool, 0, _bucket);
        vm.expectRevert(reason);
        vault.hold(pool, 0, _bucket);
        vm.expectRevert(reason);
        vault.release(pool, 0);
        vm.expectRevert(reason);
        vault.unhold(pool, 0, _bucket);
        vm.expectRevert(reason);
        vault.slash(pool, 0, _bucket, 0, new address[](0), new uint256[](0));
    }

    function test_a_lock_lapses_at_the_end_of_its_bucket() external {
        _lock();
        _goTo((uint256(_bucket) + 1) * BUCKET - 1);
        assertEq(vault.inUse(pool, 0), 1, "last second");
        _goTo(clock + 1);
        assertEq(vault.inUse(pool, 0), 0, "lapsed");
        vm.expectRevert(abi.encodeWithSelector(BondLedger.NoSuchLock.selector, _bucket));
        vm.prank(address(market));
        vault.hold(pool, 0, _bucket);
    }

    function _unhold() private {
        vm.prank(address(market));
        vault.unhold(pool, 0, _bucket);
    }

    function test_a_hold_that_ends_within_its_bucket_is_a_lock_again(uint256 wait) external {
        uint256 end = (uint256(_bucket) + 1) * BUCKET;
        _lock();
        vm.prank(address(market));
        vault.hold(pool, 0, _bucket);
        _goTo(bound(wait, clock, end - 1));
        vm.expectEmit(address(vault));
        emit IStakeVault.BondRelocked(pool, 0, _bucket);
        _unhold();
        assertEq(vault.bondsOf(pool, 0).held, 0, "no longer held");
        _goTo(end - 1);
        assertEq(vault.inUse(pool, 0), 1, "locked to its last second");
        _goTo(end);
        assertEq(vault.inUse(pool, 0), 0, "and lapsed by itself");
    }

    function test_a_hold_that_outlasts_its_bucket_ends_in_no_lock(uint256 wait) external {
        _lock();
        vm.prank(address(market));
        vault.hold(pool, 0, _bucket);
        _goTo((uint256(_bucket) + 1) * BUCKET + wait % UNBONDING);
        assertEq(vault.inUse(pool, 0), 1, "held beyond its bucket");
        vm.expectEmit(address(vault));
        emit IStakeVault.BondReleased(pool, 0);
        _unhold();
        assertEq(vault.inUse(pool, 0), 0, "free");
    }

    function test_what_is_not_held_is_not_let_go() external {
        _lock();
        vm.expectRevert();
        _unhold();
    }

    function test_locks_end_where_the_slots_end() external {
        for (uint256 i; i < 3; ++i) _lock();
        vm.prank(address(market));
        assertFalse(vault.tryLock(pool, 0, _bucket), "full");
        _fund(_provider, BOND);
        vm.prank(_provider);
        vault.pledge(model, 0, TIER, 1);
        vm.prank(address(market));
        assertFalse(vault.tryLock(pool, 0, _bucket), "not in this epoch");
        _nextEpoch();
        _lock();
    }

    function test_a_draw_of_an_unknown_pool_finds_nobody() external {
        PoolId none = poolIdOf(model, 1, TIER);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.PoolExhausted.selector, none, 0, 1));
        vm.prank(address(market));
        vault.draw(none, "seed", 1, 0, _bucket);
    }

    function test_a_slash_pays_burns_and_returns_the_rest() external {
        _lock();
        address[] memory accounts = new address[](3);
        uint256[] memory amounts = new uint256[](3);
        (accounts[0], amounts[0]) = (address(0xA), 100);
        (accounts[2], amounts[2]) = (address(0xB), 50);
        vm.prank(address(market));
        vault.slash(pool, 0, _bucket, 1_000, accounts, amounts);
        assertEq(vault.freeStake(address(0xA)), 100, "paid");
        assertEq(vault.freeStake(address(0xB)), 50, "paid");
        assertEq(vault.freeStake(_provider), BOND - 1_150, "rest");
        assertEq(token.balanceOf(BURNED), 1_000, "burned");
        (, uint256 next) = vault.weightOf(pool, 0);
        assertEq(next, 2, "weight");
    }

    function test_a_slash_that_burns_nothing_sends_nothing() external {
        _lock();
        vm.prank(address(market));
        vault.slash(pool, 0, _bucket, 0, new address[](0), new uint256[](0));
        assertEq(token.balanceOf(BURNED), 0, "burned");
        assertEq(token.balanceOf(address(vault)), 3 * BOND, "all is there");
        assertEq(vault.freeStake(_provider), BOND, "the whole bond");
        assertEq(vault.bondsOf(pool, 0).slots, 2, "one slot less");
    }

    function test_a_slash_never_takes_more_than_the_bond() external {
        _lock();
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.CutTooLarge.selector, BOND + 1, BOND));
        vm.prank(address(market));
        vault.slash(pool, 0, _bucket, BOND + 1, new address[](0), new uint256[](0));
    }

    function test_a_slot_is_slashed_once() external {
        _lock();
        _slash(_bucket);
        vm.expectRevert(abi.encodeWithSelector(BondLedger.NoSuchLock.selector, _bucket));
        vm.prank(address(market));
        vault.slash(pool, 0, _bucket, 0, new address[](0), new uint256[](0));
        vm.expectRevert();
        vm.prank(address(market));
        vault.slash(pool, 0, 0, 0, new address[](0), new uint256[](0));
        vm.expectRevert();
        vm.prank(address(market));
        vault.release(pool, 0);
    }

    // --- deployment ------------------------------------------------------------------------------------------

    function test_a_vault_needs_sound_numbers() external {
        vm.expectRevert(IStakeVault.NothingToDo.selector);
        this.create("StakeVault", abi.encode(token, registry, market, 0, 1, 1));
        vm.expectRevert(IStakeVault.NothingToDo.selector);
        this.create("StakeVault", abi.encode(token, registry, market, 1, 1, 0));
        vm.expectRevert(IStakeVault.NothingToDo.selector);
        this.create("StakeVault", abi.encode(token, registry, 0, 1, 1, 1));
    }

    function create(string calldata name, bytes calldata arguments) external returns (address) {
        return _create(name, arguments);
    }
}
