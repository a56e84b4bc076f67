// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Actors} from "../lib/Actors.sol";
import {FeeToken, Wallet} from "../lib/Doubles.sol";
import {DevToken} from "../../../contracts/token/DevToken.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {ModelId, poolIdOf} from "../../../contracts/types/Ids.sol";
import {Modes, Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";

/// Which orders may be opened, by whom, and for which block's seed.
contract OpeningTest is Actors {
    function setUp() public override {
        super.setUp();
        _join(3, 2);
    }

    function _expectRefusal(Order memory order, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(requester);
        market.open(order, "");
    }

    function test_anyone_opens_with_the_requesters_signature() external {
        Order memory order = _order(3);
        market.open(order, _signOrder(order));
        _assertPhase(order, Phase.Open);
        assertEq(token.balanceOf(address(market)), 3 * SHARE, "escrow");
    }

    function test_a_strangers_signature_opens_nothing() external {
        Order memory order = _order(3);
        bytes memory signature = _signOrder(order);
        order.units = 5;
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadOrderSignature.selector, requester));
        market.open(order, signature);
        order.requester = address(0);
        vm.expectRevert(abi.encodeWithSelector(IMarketTypes.BadOrderSignature.selector, address(0)));
        market.open(order, signature);
    }

    function test_a_contract_wallet_opens_by_its_signature() external {
        Wallet wallet = new Wallet(requester);
        token.mint(address(wallet), 1_000);
        wallet.run(address(token), abi.encodeCall(token.approve, (address(market), 1_000)));
        Order memory order = _order(2);
        order.requester = address(wallet);
        keyOf[address(wallet)] = requesterKey;
        bytes memory signature = _signOrder(order);
        market.open(order, signature);
        assertEq(token.balanceOf(address(wallet)), 1_000 - 2 * SHARE, "paid");

        _roll(height + 200);
        market.expire(order);
        wallet.run(address(market), abi.encodeCall(market.withdraw, ()));
        assertEq(token.balanceOf(address(wallet)), 1_000, "refunded");
    }

    function _permit(uint256 amount) private view returns (uint8 v, bytes32 r, bytes32 s) {
        bytes32 permit = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 structHash = keccak256(
            abi.encode(permit, requester, address(market), amount, token.nonces(requester), clock + 1)
        );
        return vm.sign(requesterKey, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash)));
    }

    function test_a_permit_pays_for_an_order() external {
        vm.prank(requester);
        token.approve(address(market), 0);
        Order memory order = _order(3);
        bytes memory signature = _signOrder(order);
        (uint8 v, bytes32 r, bytes32 s) = _permit(3 * SHARE);
        market.openWithPermit(order, signature, clock + 1, v, r, s);
        _assertPhase(order, Phase.Open);
    }

    function test_a_permit_that_someone_else_has_used_is_no_obstacle() external {
        vm.prank(requester);
        token.approve(address(market), 0);
        Order memory order = _order(3);
        bytes memory signature = _signOrder(order);
        (uint8 v, bytes32 r, bytes32 s) = _permit(3 * SHARE);
        token.permit(requester, address(market), 3 * SHARE, clock + 1, v, r, s);
        market.openWithPermit(order, signature, clock + 1, v, r, s);
        _assertPhase(order, Phase.Open);
    }

    function test_an_order_opens_once() external {
        Order memory order = _open(2);
        _expectRefusal(order, abi.encodeWithSelector(IMarketTypes.JobExists.selector, _id(order)));
        _roll(height + 200);
        market.expire(order);
        _expectRefusal(order, abi.encodeWithSelector(IMarketTypes.JobExists.selector, _id(order)));
    }

    function test_an_order_opens_until_its_time() external {
        Order memory order = _order(2);
        order.openBy = uint40(clock);
        vm.prank(requester);
        market.open(order, "");
        order.openBy = uint40(clock - 1);
        _expectRefusal(order, abi.encodeWithSelector(IMarketTypes.OrderExpired.selector, clock - 1, clock));
    }

    function test_numbers_out_of_range_are_refused() external {
        Order memory order = _order(2);
        order.units = 0;
        _expectRefusal(order, abi.encodeWithSelector(IMarketTypes.UnitsOutOfRange.selector, 0, 16));
        order.units = 17;
        _expectRefusal(order, abi.encodeWithSelector(IMarketTypes.UnitsOutOfRange.selector, 17, 16));
        order.units = 16;
        order.replicas = 1;
        _expectRefusal(order, abi.encodeWithSelector(IMarketTypes.ReplicasOutOfRange.selector, 1, 2, 5));
        order.replicas = 6;
        _expectRefusal(order, abi.encodeWithSelector(IMarketTypes.ReplicasOutOfRange.selector, 6, 2, 5));
        order.replicas = 5;
        order.mode = 2;
        _expectRefusal(order, abi.encodeWithSelector(IMarketTypes.UnsupportedMode.selector, 2));
        order.mode = Modes.OPTIMISTIC | Modes.STRONG;
        _expectRefusal(order, abi.encodeWithSelector(IMarketTypes.ReplicasOutOfRange.selector, 5, 1, 1));
        order.mode = Modes.STRONG;
        vm.prank(requester);
        market.open(order, "");
    }

    function test_an_order_needs_a_pool_that_offers_its_mode() external {
        Order memory order = _order(2);
        order.tier = TIER + 1;
        bytes memory reason =
            abi.encodeWithSelector(IStakeVault.UnknownPool.selector, poolIdOf(model, 0, TIER + 1));
        _expectRefusal(order, reason);

        bytes32[] memory shards = new bytes32[](1);
        ModelId other = registry.publish("zk only", "1", "program", "weights", shards, 4, 1, 1, "");
        _fund(providers[0], BOND);
        vm.prank(providers[0]);
        vault.pledge(other, 0, TIER, 1);
        order.tier = TIER;
        order.model = other;
        _expectRefusal(
            order, abi.encodeWithSelector(IStakeVault.ModeNotOffered.selector, poolIdOf(other, 0, TIER), 0)
        );
    }

    function test_an_order_without_the_money_is_refused() external {
        Order memory order = _order(2);
        vm.prank(requester);
        token.approve(address(market), 2 * SHARE - 1);
        vm.expectRevert();
        vm.prank(requester);
        market.open(order, "");
    }

    function test_the_seed_is_of_the_block_two_later() external {
        _roll(EPOCH * 2_000);
        Order memory order = _open(2);
        assertEq(_job(order).since, height + 2, "seed block");
    }

    function test_a_draw_never_straddles_an_epoch(uint256 number) external {
        _roll(bound(number, 200_000, 300_000));
        Order memory order = _open(2);
        uint256 seedBlock = _job(order).since;
        assertTrue(seedBlock >= height + 2, "in the future");
        assertTrue(seedBlock <= height + 2 + DRAW_BLOCKS, "soon");
        assertEq(seedBlock / EPOCH, (seedBlock + DRAW_BLOCKS) / EPOCH, "one epoch");
    }

    function test_a_token_that_keeps_a_fee_buys_nothing() external {
        FeeToken fee = new FeeToken();
        token = DevToken(address(fee));
        _deploy();
        fee.mint(requester, 1_000);
        vm.prank(requester);
        fee.approve(address(vault), 1_000);
        vm.expectRevert();
        vm.prank(requester);
        vault.deposit(100);
    }
}
