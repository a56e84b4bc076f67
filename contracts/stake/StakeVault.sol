// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ExactTransfer} from "../token/ExactTransfer.sol";
import {ModelId, PoolId, poolIdOf} from "../types/Ids.sol";
import {BondLedger, Bonds} from "../types/BondLedger.sol";
import {Seats, SeatsLib} from "../types/Job.sol";
import {PriceLadder} from "../types/PriceLadder.sol";
import {Slices} from "../types/Slices.sol";
import {IModelRegistry} from "../registry/IModelRegistry.sol";
import {IStakeVault} from "./IStakeVault.sol";
import {Roster, RosterLib} from "./Roster.sol";
import {Sampler, SamplerLib} from "./Sampler.sol";

/// The vault of all stake; see IStakeVault.
/// INVARIANT: the vault's token balance is at least the sum of all free stake and of slots x bond over all leaves
/// (tokens sent to it by mistake stay in it).
/// INVARIANT: a leaf's slots in use never exceed its slots.
contract StakeVault is IStakeVault {
    using SafeERC20 for IERC20;
    using ExactTransfer for IERC20;
    using RosterLib for Roster;
    using BondLedger for Bonds;
    using SeatsLib for Seats;
    using SamplerLib for Sampler;

    /// Where burned stake goes: an address without a key, since a plain ERC-20 has no burn.
    address public constant BURN_ADDRESS = 0x000000000000000000000000000000000000dEaD;

    /// Indices of one seed that a draw tries at most: those of its seats, misses, and full leaves that it skips. Less
    /// than half of all tries miss. So a pool of free leaves fails to fill seven seats with a probability below
    /// 5e-12; one whose leaves are full but for a fifth of the weight fails to seat three in one draw of 25 at most.
    uint256 public constant MAX_TRIES = 64;

    uint256 public constant MAX_ENDPOINT_BYTES = 256;

    IERC20 public immutable token;
    IModelRegistry public immutable registry;
    address public immutable market;
    uint256 public immutable epochBlocks;
    uint256 public immutable unbondingTime;
    uint256 public immutable bucketSeconds;

    mapping(address provider => uint256) public freeStake;
    mapping(PoolId => Pool) private _pools;
    mapping(PoolId => Roster) private _rosters;
    mapping(PoolId => mapping(uint256 leaf => Bonds)) private _bonds;
    mapping(PoolId => mapping(address provider => uint256 leafPlusOne)) private _leaves;
    mapping(uint256 id => Unbonding) private _unbondings;
    uint256 private _unbondingCount;

    modifier onlyMarket() {
        if (msg.sender != market) revert OnlyMarket(msg.sender);
        _;
    }

    /// `market_` is the address at which the market will be deployed; the market checks that it is meant.
    constructor(
        IERC20 token_,
        IModelRegistry registry_,
        address market_,
        uint256 epochBlocks_,
        uint256 unbondingTime_,
        uint256 bucketSeconds_
    ) {
        if (epochBlocks_ == 0 || bucketSeconds_ == 0 || market_ == address(0)) revert NothingToDo();
        token = token_;
        registry = registry_;
        market = market_;
        epochBlocks = epochBlocks_;
        unbondingTime = unbondingTime_;
        bucketSeconds = bucketSeconds_;
    }

    // --- for providers ---------------------------------------------------------------------------------------

    /// @inheritdoc IStakeVault
    function deposit(uint256 amount) public {
        if (amount == 0) revert NothingToDo();
        freeStake[msg.sender] += amount;
        emit Deposited(msg.sender, amount);
        token.take(msg.sender, amount);
    }

    /// @inheritdoc IStakeVault
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        // A permit that someone else has already submitted is no reason to fail: the allowance decides.
        try IERC20Permit(address(token)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        deposit(amount);
    }

    /// @inheritdoc IStakeVault
    function withdraw(uint256 amount) external {
        if (amount == 0) revert NothingToDo();
        uint256 free = freeStake[msg.sender];
        if (amount > free) revert StakeTooSmall(amount, free);
        freeStake[msg.sender] = free - amount;
        emit Withdrawn(msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IStakeVault
    function setEndpoint(string calldata endpoint) external {
        uint256 length = bytes(endpoint).length;
        if (length > MAX_ENDPOINT_BYTES) revert EndpointTooLong(length, MAX_ENDPOINT_BYTES);
        emit EndpointSet(msg.sender, endpoint);
    }

    /// @inheritdoc IStakeVault
    function pledge(ModelId model, uint16 shard, uint8 tier, uint16 slots) external returns (PoolId pool) {
        if (slots == 0) revert NothingToDo();
        pool = poolIdOf(model, shard, tier);
        uint256 bond = _ensurePool(pool, model, shard, tier);
        uint256 needed = bond * slots;
        uint256 free = freeStake[msg.sender];
        if (needed > free) revert StakeTooSmall(needed, free);
        freeStake[msg.sender] = free - needed;

        Roster storage roster = _rosters[pool];
        uint256 leaf = _ensureLeaf(pool, roster);
        Bonds storage bonds = _bonds[pool][leaf];
        uint256 most = type(uint16).max - bonds.slots;
        if (slots > most) revert SlotsTooMany(slots, most);
        bonds.slots += slots;
        uint256 now_ = epoch();
        roster.setNext(leaf, roster.nextWeight(leaf) + slots, now_);
        emit Pledged(pool, msg.sender, slots, now_ + 1);
    }

    /// @inheritdoc IStakeVault
    function unpledge(PoolId pool, uint16 slots) external returns (uint256 id) {
        uint256 leaf = leafOf(pool, msg.sender);
        Roster storage roster = _rosters[pool];
        uint256 weight = roster.nextWeight(leaf);
        if (slots == 0) revert NothingToDo();
        if (slots > weight) revert SlotsTooMany(slots, weight);
        roster.setNext(leaf, weight - slots, epoch());
        id = ++_unbondingCount;
        uint40 readyAt = SafeCast.toUint40(block.timestamp + unbondingTime);
        _unbondings[id] = Unbonding(msg.sender, slots, readyAt, pool);
        emit UnbondingStarted(id, pool, msg.sender, slots, readyAt);
    }

    /// @inheritdoc IStakeVault
    function finishUnbonding(uint256 id) external {
        Unbonding memory leaving = _unbondings[id];
        if (leaving.provider == address(0)) revert UnknownUnbonding(id);
        if (block.timestamp < leaving.readyAt) revert NotReady(id, leaving.readyAt);
        delete _unbondings[id];

        uint256 leaf = leafOf(leaving.pool, leaving.provider);
        Bonds memory bonds = _rolled(leaving.pool, leaf);
        // Slashes may have eaten into stake on its way out: what is still offered stays, the rest may go.
        uint256 most = bonds.slots - _rosters[leaving.pool].nextWeight(leaf);
        uint16 slots = leaving.slots < most ? leaving.slots : uint16(most);
        if (bonds.inUse() + slots > bonds.slots) revert SlotsInUse(id, bonds.inUse(), bonds.slots);
        bonds.slots -= slots;
        _bonds[leaving.pool][leaf] = bonds;
        uint256 amount = slots * uint256(_pools[leaving.pool].bond);
        freeStake[leaving.provider] += amount;
        emit Unbonded(id, slots, amount);
    }

    // --- for the market --------------------------------------------------------------------------------------

    /// @inheritdoc IStakeVault
    function draw(PoolId pool, bytes32 seed, uint256 wanted, uint256 reserves, uint32 bucket)
        external
        onlyMarket
        returns (Seats seats)
    {
        Roster storage roster = _rosters[pool];
        uint256 epoch_ = epoch();
        Sampler memory sampler = roster.samplerOf(epoch_, MAX_TRIES);
        uint256 found;
        for (uint256 index; index < MAX_TRIES && found < wanted + reserves && sampler.length != 0; ++index) {
            uint256 point = uint256(Hashes.efficientKeccak256(seed, bytes32(index))) % sampler.length;
            (uint256 place, uint256 depth) = sampler.locate(point);
            (uint256 leaf, uint256 weight) = roster.entryAt(place, epoch_);
            if (depth >= weight) continue;
            sampler.take(place);
            // A full leaf is skipped by the next index of the same seed.
            if (found < wanted && !_lock(pool, leaf, weight, bucket)) continue;
            seats = seats.with(found++, leaf);
        }
        if (found < wanted) revert PoolExhausted(pool, found, wanted);
    }

    /// @inheritdoc IStakeVault
    function tryLock(PoolId pool, uint256 leaf, uint32 bucket) external onlyMarket returns (bool) {
        return _lock(pool, leaf, _rosters[pool].weightAt(leaf, epoch()), bucket);
    }

    /// @inheritdoc IStakeVault
    function hold(PoolId pool, uint256 leaf, uint32 bucket) external onlyMarket {
        Bonds memory bonds = _rolled(pool, leaf);
        bonds.unlock(bucket);
        bonds.held += 1;
        _bonds[pool][leaf] = bonds;
        emit BondHeld(pool, leaf, bucket);
    }

    /// @inheritdoc IStakeVault
    function release(PoolId pool, uint256 leaf) external onlyMarket {
        _bonds[pool][leaf].held -= 1;
        emit BondReleased(pool, leaf);
    }

    /// @inheritdoc IStakeVault
    function unhold(PoolId pool, uint256 leaf, uint32 bucket) external onlyMarket {
        Bonds memory bonds = _rolled(pool, leaf);
        bonds.held -= 1;
        bool locked = bonds.relock(bucket);
        _bonds[pool][leaf] = bonds;
        if (locked) emit BondRelocked(pool, leaf, bucket);
        else emit BondReleased(pool, leaf);
    }

    /// @inheritdoc IStakeVault
    function slash(
        PoolId pool,
        uint256 leaf,
        uint32 bucket,
        uint256 burned,
        address[] calldata accounts,
        uint256[] calldata amounts
    ) external onlyMarket {
        Bonds memory bonds = _rolled(pool, leaf);
        if (bucket == 0) bonds.held -= 1;
        else bonds.unlock(bucket);
        bonds.slots -= 1;
        _bonds[pool][leaf] = bonds;

        Roster storage roster = _rosters[pool];
        uint256 weight = roster.nextWeight(leaf);
        // The slot comes out of what is offered; where all of it is on its way out, out of that.
        if (weight != 0) roster.setNext(leaf, weight - 1, epoch());

        uint256 paid;
        for (uint256 i; i < accounts.length; ++i) {
            if (amounts[i] == 0) continue;
            freeStake[accounts[i]] += amounts[i];
            paid += amounts[i];
            emit Credited(accounts[i], amounts[i]);
        }
        uint256 bond = _pools[pool].bond;
        if (paid + burned > bond) revert CutTooLarge(paid + burned, bond);
        address provider = roster.ownerOf(leaf);
        freeStake[provider] += bond - paid - burned;
        emit Slashed(pool, leaf, provider, burned, paid, bucket);
        if (burned != 0) token.safeTransfer(BURN_ADDRESS, burned);
    }

    // --- views -----------------------------------------------------------------------------------------------

    /// @inheritdoc IStakeVault
    function poolOf(PoolId pool) external view returns (Pool memory found) {
        found = _pools[pool];
        if (found.bond == 0) revert UnknownPool(pool);
    }

    /// @inheritdoc IStakeVault
    function requireOffer(PoolId pool, uint8 mode) external view {
        Pool storage found = _pools[pool];
        if (found.bond == 0) revert UnknownPool(pool);
        if ((found.modes >> mode) & 1 == 0) revert ModeNotOffered(pool, mode);
    }

    /// @inheritdoc IStakeVault
    function ownersOf(PoolId pool, Seats seats, uint256[] calldata which)
        external
        view
        returns (address[] memory owners)
    {
        Roster storage roster = _rosters[pool];
        owners = new address[](which.length);
        for (uint256 i; i < which.length; ++i) owners[i] = roster.ownerOf(seats.leaf(which[i]));
    }

    /// @inheritdoc IStakeVault
    function ownerOf(PoolId pool, uint256 leaf) external view returns (address) {
        return _rosters[pool].ownerOf(leaf);
    }

    /// @inheritdoc IStakeVault
    function leafOf(PoolId pool, address provider) public view returns (uint256) {
        uint256 leafPlusOne = _leaves[pool][provider];
        if (leafPlusOne == 0) revert UnknownPool(pool);
        return leafPlusOne - 1;
    }

    /// @inheritdoc IStakeVault
    function bondsOf(PoolId pool, uint256 leaf) external view returns (Bonds memory) {
        return _rolled(pool, leaf);
    }

    /// @inheritdoc IStakeVault
    function inUse(PoolId pool, uint256 leaf) external view returns (uint256) {
        return _rolled(pool, leaf).inUse();
    }

    /// @inheritdoc IStakeVault
    function weightOf(PoolId pool, uint256 leaf) external view returns (uint256 current, uint256 next) {
        return (_rosters[pool].weightAt(leaf, epoch()), _rosters[pool].nextWeight(leaf));
    }

    /// @inheritdoc IStakeVault
    function totalWeight(PoolId pool) external view returns (uint256) {
        return _rosters[pool].total(epoch());
    }

    /// @inheritdoc IStakeVault
    function unbondingOf(uint256 id) external view returns (Unbonding memory) {
        return _unbondings[id];
    }

    /// @inheritdoc IStakeVault
    function epoch() public view returns (uint256) {
        return block.number / epochBlocks;
    }

    // --- inside ----------------------------------------------------------------------------------------------

    function _ensurePool(PoolId pool, ModelId model, uint16 shard, uint8 tier) private returns (uint256 bond) {
        bond = _pools[pool].bond;
        if (bond != 0) return bond;
        IModelRegistry.Model memory published = registry.get(model);
        if (shard >= published.shards) revert NoShard(model, shard, published.shards);
        bond = PriceLadder.slotCeiling(tier) * Slices.BOND;
        _pools[pool] = Pool(SafeCast.toUint128(bond), shard, tier, published.modes, model);
        emit PoolCreated(pool, model, shard, tier, bond);
    }

    function _ensureLeaf(PoolId pool, Roster storage roster) private returns (uint256 leaf) {
        uint256 leafPlusOne = _leaves[pool][msg.sender];
        if (leafPlusOne != 0) return leafPlusOne - 1;
        leaf = roster.join(msg.sender);
        _leaves[pool][msg.sender] = leaf + 1;
        emit Joined(pool, msg.sender, leaf);
    }

    /// Lock a slot where fewer are in use than the leaf offers in this epoch. What a provider pledges or unpledges
    /// after the seed is known changes neither its weight nor this limit.
    function _lock(PoolId pool, uint256 leaf, uint256 offered, uint32 bucket) private returns (bool) {
        Bonds memory bonds = _rolled(pool, leaf);
        uint256 used = bonds.inUse();
        if (used >= offered || used >= bonds.slots) return false;
        bonds.lock(bucket);
        _bonds[pool][leaf] = bonds;
        return true;
    }

    function _rolled(PoolId pool, uint256 leaf) private view returns (Bonds memory bonds) {
        bonds = _bonds[pool][leaf];
        bonds.roll(block.timestamp / bucketSeconds);
    }
}
