// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {JobId} from "../types/Ids.sol";
import {Order, OrderLib} from "../types/Order.sol";
import {ClaimLib, Signature} from "../types/Claim.sol";
import {Audit, AuditState} from "../types/Audit.sol";
import {Demand} from "../types/Demand.sol";
import {Job, Phase, SeatsLib} from "../types/Job.sol";
import {PriceLadder} from "../types/PriceLadder.sol";
import {Slices} from "../types/Slices.sol";
import {IBeacon} from "../beacon/IBeacon.sol";
import {IResolver} from "../resolve/IResolver.sol";
import {IStakeVault} from "../stake/IStakeVault.sol";
import {Earnings} from "./Earnings.sol";
import {IMarketTypes} from "./IMarketTypes.sol";

/// What every part of the market is made with.
struct Setup {
    IERC20 token;
    IStakeVault vault;
    IBeacon beacon;
    IResolver resolver;
    IMarketTypes.Parameters parameters;
}

/// What all parts of the market share: its constants, its storage and the reading of a job.
abstract contract MarketBase is Earnings, EIP712, ReentrancyGuardTransient {
    using OrderLib for Order;
    using SeatsLib for Job;
    using SeatsLib for *;

    /// Reserves that a draw names besides the replicas, and so the most rounds that can follow the first.
    uint256 public constant RESERVES = 2;

    /// Blocks from what a seed must not know to the seed.
    uint256 internal constant SEED_DELAY = 2;

    /// The vault's bucket of a bond that a contest or a challenge holds.
    uint32 internal constant HELD = 0;

    /// The longest lock time must fit this many lock buckets of the vault.
    uint256 private constant LOCK_BUCKETS = 10;

    IStakeVault public immutable vault;
    IBeacon public immutable beacon;
    IResolver public immutable resolver;

    uint32 internal immutable COMMIT_WINDOW;
    uint32 internal immutable REVEAL_WINDOW;
    uint32 internal immutable CHALLENGE_WINDOW;
    uint32 internal immutable DELIVERY_WINDOW;
    uint32 internal immutable CONTEST_WINDOW;
    uint32 internal immutable DRAW_BLOCKS;
    uint32 internal immutable ANSWER_WINDOW;
    uint96 internal immutable ANSWER_PRICE;
    uint128 internal immutable SEED_CAP;
    uint256 internal immutable LOCK_TIME;
    uint256 internal immutable INPUT_WINDOW;
    uint256 internal immutable EPOCH_BLOCKS;
    uint256 internal immutable BUCKET_SECONDS;

    mapping(JobId => Job) internal _jobs;
    mapping(JobId => bytes32) internal _seeds;
    /// Jobs whose payment the requester has released before its time.
    mapping(JobId => bool) internal _acknowledged;
    mapping(bytes32 draw => mapping(uint256 seat => bytes32)) internal _commitments;
    mapping(bytes32 draw => mapping(uint256 seat => bytes32 outputRoot)) internal _reveals;
    mapping(JobId => mapping(bool output => Demand)) internal _demands;
    mapping(JobId => bytes32 outputRoot) internal _demandedOutputs;
    /// What the jobs of one seed are worth; one word for each of the seeds that can still be chosen, used in turn.
    mapping(uint256 slot => SeedValue) internal _seedValues;
    /// Pending challenges of settled jobs; those whose output was withheld meanwhile are refunded by now.
    mapping(JobId => Challenge) internal _challenges;
    mapping(JobId => Audit) internal _audits;
    /// What auditors sealed.
    mapping(JobId => bytes32) internal _seals;
    /// Inputs of deferred orders, once they are fixed.
    mapping(JobId => bytes32 inputRoot) internal _inputs;

    struct SeedValue {
        uint64 seedBlock;
        uint192 value;
    }

    struct Challenge {
        /// Unix time at which it began; zero where none is pending.
        uint32 since;
        /// Bit i is set where it holds the bond of seat i.
        uint8 seats;
    }

    constructor(Setup memory setup_)
        Earnings(setup_.token, setup_.parameters.deliveryWindow)
        EIP712("Touchstone", "1")
    {
        Parameters memory p = setup_.parameters;
        vault = setup_.vault;
        beacon = setup_.beacon;
        resolver = setup_.resolver;
        COMMIT_WINDOW = p.commitWindow;
        REVEAL_WINDOW = p.revealWindow;
        CHALLENGE_WINDOW = p.challengeWindow;
        DELIVERY_WINDOW = p.deliveryWindow;
        CONTEST_WINDOW = p.contestWindow;
        DRAW_BLOCKS = p.drawBlocks;
        ANSWER_WINDOW = p.answerWindow;
        ANSWER_PRICE = p.answerPrice;
        SEED_CAP = p.seedCap;
        EPOCH_BLOCKS = setup_.vault.epochBlocks();
        BUCKET_SECONDS = setup_.vault.bucketSeconds();
        // An input may be the output of another job that was drawn with its own: as long as the rounds of that one.
        INPUT_WINDOW = (RESERVES + 1) * (uint256(p.commitWindow) + p.revealWindow);
        // One round for the replicas, one for each reserve, and one as slack for a commit window begun anew by an
        // answer and for late transactions.
        LOCK_TIME = (RESERVES + 2) * (uint256(p.commitWindow) + p.revealWindow) + p.answerWindow + p.challengeWindow;

        if (
            p.commitWindow == 0 || p.revealWindow == 0 || p.challengeWindow == 0 || p.contestWindow == 0
                || p.answerWindow == 0
        ) {
            revert BadParameters("a window is zero");
        }
        if (p.answerWindow >= p.deliveryWindow) revert BadParameters("no time to demand an output");
        // A withheld output is found out while the bonds are still locked, with an answer window to spare.
        if (uint256(p.deliveryWindow) + p.answerWindow > p.challengeWindow) {
            revert BadParameters("the challenge window ends before the delivery window");
        }
        if (p.seedCap == 0) revert BadParameters("seedCap is zero");
        // The vault takes bucket zero for "held".
        if (BUCKET_SECONDS > 365 days) revert BadParameters("a lock bucket exceeds a year");
        if (p.drawBlocks == 0 || p.drawBlocks > setup_.beacon.horizon()) {
            revert BadParameters("drawBlocks is not in 1..the beacon's horizon");
        }
        if (EPOCH_BLOCKS < uint256(p.drawBlocks) + 12) revert BadParameters("an epoch is shorter than a draw");
        uint256 longest = LOCK_TIME + INPUT_WINDOW;
        if (longest > LOCK_BUCKETS * BUCKET_SECONDS) revert BadParameters("the lock time exceeds ten buckets");
        if (setup_.vault.unbondingTime() <= longest + BUCKET_SECONDS + p.contestWindow) {
            revert BadParameters("unbonding does not outlast locks and contests");
        }
    }

    /// The order's EIP-712 digest: the job's id.
    function _jobIdOf(Order calldata order) internal view returns (JobId) {
        return JobId.wrap(_hashTypedDataV4(order.structHash()));
    }

    function _parameters() internal view returns (Parameters memory) {
        return Parameters(
            COMMIT_WINDOW,
            REVEAL_WINDOW,
            CHALLENGE_WINDOW,
            DELIVERY_WINDOW,
            CONTEST_WINDOW,
            DRAW_BLOCKS,
            ANSWER_WINDOW,
            ANSWER_PRICE,
            SEED_CAP
        );
    }

    /// The word that counts the value of a seed. A seed is at most DRAW_BLOCKS + 11 blocks ahead (two, a move into
    /// the next epoch, eight tries), so no two of those that can be chosen share a word.
    function _seedSlot(uint256 seedBlock) internal view returns (uint256) {
        return seedBlock % (uint256(DRAW_BLOCKS) + 16);
    }

    /// A draw must fall into the epoch of its seed: weights pledged after the seed is known hold from the next one.
    function _withinEpoch(uint256 seedBlock) internal view returns (uint256) {
        uint256 lastEpoch = (seedBlock + DRAW_BLOCKS) / EPOCH_BLOCKS;
        return seedBlock / EPOCH_BLOCKS == lastEpoch ? seedBlock : lastEpoch * EPOCH_BLOCKS;
    }

    // --- for the parts ---------------------------------------------------------------------------------------

    /// The job that the order names; reverts unless it is in `phase`.
    function _load(Order calldata order, Phase phase) internal view returns (JobId id, Job memory job) {
        id = _jobIdOf(order);
        job = _jobs[id];
        if (job.phase != phase) revert WrongPhase(id, job.phase);
    }

    /// The root of the job's input; zero while a deferred order waits for it.
    function _inputOf(Order calldata order, JobId id) internal view returns (bytes32) {
        return order.isDeferred() ? _inputs[id] : order.inputRoot;
    }

    /// Unix time at which the job's bonds unlock by themselves.
    function _lockedUntil(Job memory job) internal view returns (uint256) {
        return (uint256(job.lockBucket) + 1) * BUCKET_SECONDS;
    }

    /// The last moment at which a job can still be paid: a whole challenge window must remain.
    function _payableUntil(Job memory job) internal view returns (uint256) {
        return _lockedUntil(job) - CHALLENGE_WINDOW;
    }

    /// Bits of the seats that have no entry.
    function _missing(mapping(uint256 => bytes32) storage entries, uint256[] memory seats)
        internal
        view
        returns (uint256 bits)
    {
        for (uint256 i; i < seats.length; ++i) {
            if (entries[seats[i]] == 0) bits |= 1 << seats[i];
        }
    }

    /// Bits of the active seats whose commitments are not on chain.
    function _uncommitted(Order calldata order, JobId id, Job memory job) internal view returns (uint256) {
        return _missing(_commitments[ClaimLib.drawOf(_seeds[id], job.round)], job.active(order.replicas));
    }

    /// The provider of an active seat.
    function _providerOf(Order calldata order, JobId id, Job memory job, uint256 seat)
        internal
        view
        returns (address)
    {
        uint256[] memory seats = job.active(order.replicas);
        for (uint256 i; i < seats.length; ++i) {
            if (seats[i] == seat) return vault.ownerOf(order.pool(), job.seats.leaf(seat));
        }
        revert NotASeat(id, seat);
    }

    /// Whether `provider` signed the EIP-712 struct. Providers sign with plain keys.
    function _signed(bytes32 structHash, Signature calldata signature, address provider)
        internal
        view
        returns (bool)
    {
        (address signer, ECDSA.RecoverError problem,) =
            ECDSA.tryRecover(_hashTypedDataV4(structHash), signature.r, signature.vs);
        return problem == ECDSA.RecoverError.NoError && signer == provider;
    }

    /// End a job with a refund of `amount` to its requester.
    function _refund(Order calldata order, JobId id, Job memory job, uint256 amount, RefundReason reason) internal {
        job.phase = Phase.Refunded;
        job.since = uint32(block.timestamp);
        _jobs[id] = job;
        _credit(order.requester, amount);
        emit Refunded(id, amount, reason);
    }

    /// End a job by paying the `seats`; what they do not earn goes back to the requester.
    function _pay(
        Order calldata order,
        JobId id,
        Job memory job,
        bytes32 outputRoot,
        uint256[] memory seats,
        address[] memory providers
    ) internal {
        job.phase = Phase.Settled;
        job.since = uint32(block.timestamp);
        job.seats = job.seats.only(seats);
        _jobs[id] = job;
        uint256 share = order.share();
        uint256 paid;
        for (uint256 i; i < seats.length; ++i) {
            paid |= 1 << seats[i];
            _earn(providers[i], share);
        }
        _credit(order.requester, share * (order.replicas - seats.length));
        emit Settled(id, outputRoot, paid, share);
        if (order.auditOdds() != 0) _planAudit(id, order.auditOdds());
    }

    /// The share of an auditor is in escrow: the seed's block decides whether there is one.
    function _planAudit(JobId id, uint256 odds) internal {
        uint256 seedBlock = _withinEpoch(block.number + SEED_DELAY);
        // SAFETY: block numbers fit 64 bits, odds are at most 64.
        _audits[id] = Audit(AuditState.Due, uint64(seedBlock), 0, uint8(odds), false, 0);
        emit AuditDue(id, seedBlock, odds);
    }

    /// Slash a seat's bond: `accounts` receive `amounts`, `burned` is burned, the rest is the provider's.
    function _slash(
        Order calldata order,
        JobId id,
        Job memory job,
        uint256 seat,
        Failure reason,
        uint256 burned,
        address[] memory accounts,
        uint256[] memory amounts
    ) internal {
        // SAFETY: a seat is below seven.
        job.failed |= uint8(1 << seat);
        emit SeatFailed(id, seat, reason);
        bool held = reason == Failure.Guilty || (_challenges[id].seats >> seat) & 1 != 0;
        uint32 bucket = held ? HELD : job.lockBucket;
        vault.slash(order.pool(), job.seats.leaf(seat), bucket, burned, accounts, amounts);
    }

    /// A no-show slice of a seat's bond is burned, the rest is the provider's.
    function _slashNoShow(Order calldata order, JobId id, Job memory job, uint256 seat, Failure reason) internal {
        uint256 burned = Slices.NO_SHOW * _ceiling(order);
        _slash(order, id, job, seat, reason, burned, new address[](0), new uint256[](0));
    }

    /// The most that a slot of the order's pool can be owed; slices are multiples of it.
    function _ceiling(Order calldata order) internal pure returns (uint256) {
        return PriceLadder.slotCeiling(order.tier);
    }

    /// Forfeit a seat's whole bond, less the refund slice for the requester, the bounty for `reporter` and a share of
    /// the job for `compensated`, each only where the address is not zero. All else is burned.
    function _forfeit(
        Order calldata order,
        JobId id,
        Job memory job,
        uint256 seat,
        Failure reason,
        address requester,
        address reporter,
        address compensated
    ) internal {
        uint256 ceiling = _ceiling(order);
        address[] memory accounts = new address[](3);
        uint256[] memory amounts = new uint256[](3);
        if (requester != address(0)) (accounts[0], amounts[0]) = (requester, Slices.REFUND * ceiling);
        if (reporter != address(0)) (accounts[1], amounts[1]) = (reporter, Slices.BOUNTY * ceiling);
        // SAFETY: a share is at most one ceiling, and compensation a slice of four.
        if (compensated != address(0)) (accounts[2], amounts[2]) = (compensated, order.share());
        uint256 paid = amounts[0] + amounts[1] + amounts[2];
        _slash(order, id, job, seat, reason, Slices.BOND * ceiling - paid, accounts, amounts);
    }
}
