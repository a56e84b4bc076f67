// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DevToken} from "../../contracts/token/DevToken.sol";
import {ModelRegistry} from "../../contracts/registry/ModelRegistry.sol";
import {StakeVault} from "../../contracts/stake/StakeVault.sol";
import {ModelId, PoolId} from "../../contracts/types/Ids.sol";
import {Proof} from "./Proof.sol";

/// The vault's own slash, with any cut: what is paid, burned and returned is the bond, to the last unit.
contract SlashProof is Proof {
    uint256 private constant BOND = 12 * 160;
    DevToken private _token;
    StakeVault private _vault;
    PoolId private _pool;
    address private constant PROVIDER = address(0x1001);
    address private constant FIRST = address(0x1002);
    address private constant SECOND = address(0x1003);

    function setUp() external {
        vm.warp(1_000_000);
        vm.roll(1_000);
        _token = new DevToken();
        ModelRegistry registry = new ModelRegistry();
        _vault = new StakeVault(_token, registry, address(this), 100, 10_000, 100);
        bytes32[] memory shards = new bytes32[](1);
        shards[0] = "shard";
        ModelId model = registry.publish("model", "1", "program", "weights", shards, 1, 256, 512, "https://example.org");
        _token.mint(PROVIDER, 3 * BOND);
        vm.prank(PROVIDER);
        _token.approve(address(_vault), type(uint256).max);
        vm.prank(PROVIDER);
        _vault.deposit(3 * BOND);
        vm.prank(PROVIDER);
        _pool = _vault.pledge(model, 0, 3, 2);
        vm.roll(1_100);
        assert(_vault.tryLock(_pool, 0, 10_003));
    }

    function check_a_slash_splits_the_bond_exactly(uint256 burned, uint256 first, uint256 second, bool ofItself)
        external
    {
        address[] memory accounts = new address[](2);
        uint256[] memory amounts = new uint256[](2);
        (accounts[0], amounts[0]) = (FIRST, first);
        // The provider may be among those that are paid.
        (accounts[1], amounts[1]) = (ofItself ? PROVIDER : SECOND, second);
        uint256 held = _token.balanceOf(address(_vault));
        try _vault.slash(_pool, 0, 10_003, burned, accounts, amounts) {
            assert(burned <= BOND && first <= BOND && second <= BOND && burned + first + second <= BOND);
            uint256 returned = BOND - burned - first - second;
            assert(_vault.freeStake(FIRST) == first);
            assert(_vault.freeStake(SECOND) == (ofItself ? 0 : second));
            assert(_vault.freeStake(PROVIDER) == BOND + returned + (ofItself ? second : 0));
            assert(_token.balanceOf(address(_vault)) == held - burned);
            assert(_token.balanceOf(_vault.BURN_ADDRESS()) == burned);
            assert(_vault.bondsOf(_pool, 0).slots == 1);
            assert(_vault.inUse(_pool, 0) == 0);
        } catch {
            // Only a cut above the bond is refused; sums that overflow are above it.
            bool above = burned > BOND || first > BOND || second > BOND || burned + first + second > BOND;
            assert(above);
        }
    }
}
