// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DevToken} from "../../../contracts/token/DevToken.sol";
import {IBeacon} from "../../../contracts/beacon/IBeacon.sol";
import {IMarket} from "../../../contracts/market/IMarket.sol";
import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {IModelRegistry} from "../../../contracts/registry/IModelRegistry.sol";
import {IStakeVault} from "../../../contracts/stake/IStakeVault.sol";
import {JobId, ModelId, PoolId, poolIdOf} from "../../../contracts/types/Ids.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {PriceLadder} from "../../../contracts/types/PriceLadder.sol";
import {Slices} from "../../../contracts/types/Slices.sol";
import {Test} from "./Test.sol";
import {TimeoutResolver} from "./TimeoutResolver.sol";

/// Every contract deployed, a model of two shards published, and a clock that tests move.
abstract contract World is Test {
    uint256 internal constant EPOCH = 100;
    uint256 internal constant BUCKET = 240;
    uint256 internal constant UNBONDING = 6_000;
    uint32 internal constant COMMIT = 60;
    uint32 internal constant REVEAL = 60;
    uint32 internal constant CHALLENGE = 1_200;
    uint32 internal constant DELIVERY = 1_000;
    uint32 internal constant CONTEST = 2_000;
    uint32 internal constant DRAW_BLOCKS = 20;
    uint32 internal constant ANSWER = 90;
    uint96 internal constant ANSWER_PRICE = 3;
    uint128 internal constant SEED_CAP = 1e6;
    uint256 internal constant DEPOSIT = (96 * 1024 + 2048) * uint256(ANSWER_PRICE);
    uint256 internal constant INPUT_WINDOW = 3 * (COMMIT + REVEAL);
    uint256 internal constant LOCK_TIME = 4 * (COMMIT + REVEAL) + ANSWER + CHALLENGE;

    uint8 internal constant TIER = 3;
    uint256 internal constant CEILING = 160;
    uint256 internal constant BOND = 12 * CEILING;
    address internal constant BURNED = 0x000000000000000000000000000000000000dEaD;

    DevToken internal token;
    IModelRegistry internal registry;
    IBeacon internal beacon;
    IStakeVault internal vault;
    address internal resolver;
    IMarket internal market;
    ModelId internal model;
    PoolId internal pool;

    uint256 internal requesterKey = 0xA11CE;
    address internal requester;
    address[] internal providers;
    mapping(address => uint256) internal keyOf;

    // Read from storage: the optimizer takes block.timestamp for a constant of the transaction.
    uint256 internal clock = 1_800_000_000;
    uint256 internal height = 100_000;

    function setUp() public virtual {
        vm.warp(clock);
        vm.roll(height);
        _deploy();
        _publish();
        requester = vm.addr(requesterKey);
        keyOf[requester] = requesterKey;
        token.mint(requester, 1e12);
        vm.prank(requester);
        token.approve(address(market), type(uint256).max);
        vm.label(requester, "requester");
        vm.label(address(market), "market");
        vm.label(address(vault), "vault");
    }

    // --- deployment ------------------------------------------------------------------------------------------

    function _deploy() internal {
        if (address(token) == address(0)) token = DevToken(_create("DevToken", ""));
        registry = IModelRegistry(_create("ModelRegistry", ""));
        beacon = IBeacon(_create("BlockHashBeacon", ""));
        resolver = _createResolver();
        address predicted = _createAddress(vm.getNonce(address(this)) + 5);
        vault = IStakeVault(
            _create("StakeVault", abi.encode(token, registry, predicted, EPOCH, UNBONDING, BUCKET))
        );
        bytes memory setup = abi.encode(token, vault, beacon, resolver, _parameters());
        market = IMarket(
            _create(
                "Market",
                abi.encode(
                    _create("Deadlines", setup),
                    _create("Contests", setup),
                    _create("Demands", setup),
                    _create("Audits", setup)
                )
            )
        );
    }

    /// A test that needs another resolver makes it here. The vault is created next, and the market after its four
    /// parts.
    function _createResolver() internal virtual returns (address) {
        return address(new TimeoutResolver(CONTEST / 2));
    }

    function _parameters() internal pure virtual returns (IMarketTypes.Parameters memory) {
        return IMarketTypes.Parameters(
            COMMIT, REVEAL, CHALLENGE, DELIVERY, CONTEST, DRAW_BLOCKS, ANSWER, ANSWER_PRICE, SEED_CAP
        );
    }

    function _create(string memory name, bytes memory arguments) internal returns (address) {
        return _createFrom(name, name, arguments);
    }

    /// A contract whose file is called otherwise.
    function _createFrom(string memory file, string memory name, bytes memory arguments)
        internal
        returns (address made)
    {
        bytes memory code = bytes.concat(vm.getCode(string.concat(file, ".sol:", name)), arguments);
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
            if iszero(made) {
                returndatacopy(mload(64), 0, returndatasize())
                revert(mload(64), returndatasize())
            }
        }
    }

    function _createAddress(uint256 nonce) internal view returns (address) {
        bytes memory coded =
            nonce < 128 ? abi.encodePacked(uint8(nonce)) : abi.encodePacked(bytes1(0x81), uint8(nonce));
        return address(
            uint160(
                uint256(
                    keccak256(abi.encodePacked(bytes1(uint8(0xd5 + coded.length)), bytes1(0x94), address(this), coded))
                )
            )
        );
    }

    function _publish() internal virtual {
        bytes32[] memory shards = new bytes32[](2);
        (shards[0], shards[1]) = (bytes32("shard 0"), bytes32("shard 1"));
        model = registry.publish("minilm", "1", "program", "weights", shards, 3, 256, 512, "https://example.org");
        pool = poolIdOf(model, 0, TIER);
    }

    // --- providers -------------------------------------------------------------------------------------------

    /// `count` providers with `slots` bonds each, drawn from the next epoch on, which begins.
    function _join(uint256 count, uint16 slots) internal {
        for (uint256 i; i < count; ++i) _joinOne(slots);
        _nextEpoch();
    }

    function _joinOne(uint16 slots) internal returns (address provider) {
        uint256 key = 0xB0B000 + providers.length;
        provider = vm.addr(key);
        keyOf[provider] = key;
        providers.push(provider);
        vm.label(provider, string.concat("provider ", vm.toString(providers.length - 1)));
        _fund(provider, slots * BOND);
        vm.prank(provider);
        vault.pledge(model, 0, TIER, slots);
    }

    function _fund(address provider, uint256 amount) internal {
        token.mint(provider, amount);
        vm.prank(provider);
        token.approve(address(vault), type(uint256).max);
        vm.prank(provider);
        vault.deposit(amount);
    }

    // --- time ------------------------------------------------------------------------------------------------

    function _pass(uint256 duration) internal {
        _goTo(clock + duration);
    }

    function _goTo(uint256 time) internal {
        clock = time;
        vm.warp(time);
    }

    function _roll(uint256 number) internal {
        height = number;
        vm.roll(number);
    }

    function _nextEpoch() internal {
        _roll((height / EPOCH + 1) * EPOCH);
    }
}
