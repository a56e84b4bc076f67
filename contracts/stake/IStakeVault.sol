// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ModelId, PoolId} from "../types/Ids.sol";
import {Bonds} from "../types/BondLedger.sol";
import {Seats} from "../types/Job.sol";

/// Holds the stake of all providers. A provider deposits tokens, pledges them to pools in slots of one bond each,
/// and is drawn in proportion to its slots. Amounts are base units of the token.
///
/// Weights change at epoch boundaries only; a lock touches the provider's own word, never the weights. Stake on its
/// way out stays slashable until its unbonding time has passed.
interface IStakeVault {
    struct Pool {
        /// Stake behind one slot.
        uint128 bond;
        uint16 shard;
        uint8 tier;
        /// Bit m is set where the model offers verification mode m.
        uint8 modes;
        ModelId model;
    }

    struct Unbonding {
        address provider;
        uint16 slots;
        uint40 readyAt;
        PoolId pool;
    }

    event Deposited(address indexed provider, uint256 amount);
    event Withdrawn(address indexed provider, uint256 amount);
    event EndpointSet(address indexed provider, string endpoint);
    event PoolCreated(PoolId indexed pool, ModelId indexed model, uint16 shard, uint8 tier, uint256 bond);
    event Joined(PoolId indexed pool, address indexed provider, uint256 leaf);
    event Pledged(PoolId indexed pool, address indexed provider, uint16 slots, uint256 fromEpoch);
    event UnbondingStarted(
        uint256 indexed id, PoolId indexed pool, address indexed provider, uint16 slots, uint40 readyAt
    );
    event Unbonded(uint256 indexed id, uint16 slots, uint256 amount);
    /// Timed locks have no event of their own: the market's Drawn and SeatReplaced say which bonds they lock.
    event BondHeld(PoolId indexed pool, uint256 indexed leaf, uint32 bucket);
    event BondReleased(PoolId indexed pool, uint256 indexed leaf);
    /// A held bond is locked again, until the end of the bucket until which it was before.
    event BondRelocked(PoolId indexed pool, uint256 indexed leaf, uint32 bucket);
    /// One slot is gone: `burned` left circulation, `paid` went to others, the rest is the provider's free stake.
    event Slashed(
        PoolId indexed pool, uint256 indexed leaf, address indexed provider, uint256 burned, uint256 paid, uint32 bucket
    );
    event Credited(address indexed account, uint256 amount);

    error OnlyMarket(address caller);
    error NoShard(ModelId model, uint16 shard, uint16 shards);
    error UnknownPool(PoolId pool);
    error ModeNotOffered(PoolId pool, uint8 mode);
    error NothingToDo();
    error StakeTooSmall(uint256 needed, uint256 free);
    error SlotsTooMany(uint256 asked, uint256 most);
    error NotReady(uint256 id, uint256 readyAt);
    error SlotsInUse(uint256 id, uint256 inUse, uint256 slots);
    error UnknownUnbonding(uint256 id);
    error PoolExhausted(PoolId pool, uint256 found, uint256 wanted);
    error EndpointTooLong(uint256 length, uint256 most);
    error CutTooLarge(uint256 cut, uint256 bond);

    // --- for providers ---------------------------------------------------------------------------------------

    /// Move `amount` from the caller into its free stake.
    function deposit(uint256 amount) external;

    /// As `deposit`, with an ERC-2612 permit in the same transaction.
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// Move `amount` of the caller's free stake back to it.
    function withdraw(uint256 amount) external;

    /// Publish where the caller's node can be reached, in at most 256 bytes.
    function setEndpoint(string calldata endpoint) external;

    /// Pledge `slots` bonds of the caller's free stake to a pool, which is created by its first pledge. Drawn from
    /// the next epoch on.
    function pledge(ModelId model, uint16 shard, uint8 tier, uint16 slots) external returns (PoolId);

    /// Begin to withdraw `slots`: no longer drawn from the next epoch on, slashable until `readyAt`.
    function unpledge(PoolId pool, uint16 slots) external returns (uint256 id);

    /// Credit an unbonding that is ready to its provider's free stake; anyone may call. Reverts with SlotsInUse
    /// while a contested or challenged job holds the slots.
    function finishUnbonding(uint256 id) external;

    // --- for the market --------------------------------------------------------------------------------------

    /// Draw `wanted` distinct providers with a free slot and lock one slot of each until the end of `bucket`; then
    /// up to `reserves` more, which are not locked. Reverts with PoolExhausted where fewer than `wanted` are found.
    /// The number of leaves in the pool does not matter to the gas.
    function draw(PoolId pool, bytes32 seed, uint256 wanted, uint256 reserves, uint32 bucket)
        external
        returns (Seats seats);

    /// Lock one slot of a reserve; false where it has none free.
    function tryLock(PoolId pool, uint256 leaf, uint32 bucket) external returns (bool);

    /// Turn a timed lock into one that lasts until `release`, `unhold` or `slash`.
    function hold(PoolId pool, uint256 leaf, uint32 bucket) external;

    /// End a hold, and the lock with it.
    function release(PoolId pool, uint256 leaf) external;

    /// End a hold: the slot is locked until the end of `bucket` again, or free where that has passed.
    function unhold(PoolId pool, uint256 leaf, uint32 bucket) external;

    /// Take one slot, locked until `bucket` or, where `bucket` is zero, held. `burned` is burned, `amounts` are
    /// credited to `accounts`, the rest returns to the provider's free stake.
    function slash(
        PoolId pool,
        uint256 leaf,
        uint32 bucket,
        uint256 burned,
        address[] calldata accounts,
        uint256[] calldata amounts
    ) external;

    // --- views -----------------------------------------------------------------------------------------------

    function freeStake(address provider) external view returns (uint256);
    function poolOf(PoolId pool) external view returns (Pool memory);
    /// Reverts where nobody ever pledged to the pool, or its model does not offer the verification mode.
    function requireOffer(PoolId pool, uint8 mode) external view;
    /// Owners of the given seats' leaves.
    function ownersOf(PoolId pool, Seats seats, uint256[] calldata which) external view returns (address[] memory);
    function ownerOf(PoolId pool, uint256 leaf) external view returns (address);
    /// Leaf of the provider in the pool; reverts where it never joined.
    function leafOf(PoolId pool, address provider) external view returns (uint256);
    /// The provider's slots now: with the locks that have lapsed forgotten.
    function bondsOf(PoolId pool, uint256 leaf) external view returns (Bonds memory);
    /// Slots in use by jobs now.
    function inUse(PoolId pool, uint256 leaf) external view returns (uint256);
    /// Weight of the leaf in this epoch and from the next on.
    function weightOf(PoolId pool, uint256 leaf) external view returns (uint256 current, uint256 next);
    function totalWeight(PoolId pool) external view returns (uint256);
    function unbondingOf(uint256 id) external view returns (Unbonding memory);
    function epoch() external view returns (uint256);
    function epochBlocks() external view returns (uint256);
    function unbondingTime() external view returns (uint256);
    /// Length of a lock bucket, in seconds.
    function bucketSeconds() external view returns (uint256);
    function market() external view returns (address);
}
