// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId, PoolId} from "../types/Ids.sol";
import {Order} from "../types/Order.sol";
import {AuditState} from "../types/Audit.sol";
import {Signature} from "../types/Claim.sol";
import {Phase, Seats} from "../types/Job.sol";

/// The market's words: its parameters, what callers bring, what happened and what was wrong.
interface IMarketTypes {
    struct Parameters {
        /// Time to commit, from the start of a round.
        uint32 commitWindow;
        /// Time to reveal on chain, from the end of the commit window.
        uint32 revealWindow;
        /// How long bonds stay locked after the latest possible settlement.
        uint32 challengeWindow;
        /// When a payment can be withdrawn, at the earliest this and at the latest twice this after settlement.
        uint32 deliveryWindow;
        /// The longest that a contest or a challenge can hold bonds.
        uint32 contestWindow;
        /// Blocks within which a job must be drawn once its seed is fixed.
        uint32 drawBlocks;
        /// Time within which a demand must be answered.
        uint32 answerWindow;
        /// What a byte of an answer costs its demander, in base units of the token.
        uint96 answerPrice;
        /// The most that jobs of one seed may pay in all, in base units of the token: what steering one block's hash
        /// could be worth to whoever makes the block.
        uint128 seedCap;
    }

    /// A provider's reveal: the salt of its commitment and its signature on the claim.
    struct Reveal {
        bytes32 salt;
        Signature signature;
    }

    struct Settlement {
        Order order;
        bytes32 outputRoot;
        /// One for each active seat, in seat order.
        Reveal[] reveals;
    }

    /// A commitment that a provider signed.
    struct SignedCommit {
        bytes32 commitment;
        Signature signature;
    }

    /// A claim that a provider signed; job, draw, shard and input root follow from the order and the round.
    struct SignedClaim {
        bytes32 outputRoot;
        bytes32 set;
        bytes32 salt;
        Signature signature;
    }

    event Opened(JobId indexed job, address indexed requester, PoolId indexed pool, Order order, uint256 seedBlock);
    event Drawn(JobId indexed job, bytes32 seed, Seats seats, uint32 lockBucket);
    /// The input of a deferred order is `inputRoot`, and its draws are of `seed` from here on.
    event InputFixed(JobId indexed job, bytes32 inputRoot, bytes32 seed);
    event CommitPosted(JobId indexed job, bytes32 indexed draw, uint256 seat, bytes32 commitment);
    event Revealed(JobId indexed job, bytes32 indexed draw, uint256 seat, bytes32 outputRoot, bytes32 salt);
    /// A seat's provider lost its bond or a part of it.
    event SeatFailed(JobId indexed job, uint256 indexed seat, Failure reason);
    /// A reserve's bond is locked and it takes part from the round that follows.
    event SeatReplaced(JobId indexed job, uint256 indexed seat, bool locked);
    event RoundStarted(JobId indexed job, uint8 round);
    /// Bit i of `paid` is set where seat i earned `share`; the rest of the escrow went back to the requester.
    event Settled(JobId indexed job, bytes32 outputRoot, uint256 paid, uint256 share);
    event Contested(JobId indexed job, bytes32 indexed draw, uint256[] seats, bytes32[] outputRoots);
    /// The result of a settled job is disputed: bit i of `seats` is set where seat i's bond (7: the auditor's) is held.
    event Challenged(JobId indexed job, uint256 seats, bytes32 outputRoot);
    /// A contest or a challenge is over: bit i of `guilty` is set where seat i (7: the auditor) was shown to have lied,
    /// and `winners[i]` is owed its bounty.
    event Concluded(JobId indexed job, uint256 guilty, address[] winners);
    event Refunded(JobId indexed job, uint256 amount, RefundReason reason);
    event Earned(address indexed account, uint256 amount, uint256 bucket);
    event Credited(address indexed account, uint256 amount);
    event Acknowledged(JobId indexed job);
    event Withdrawn(address indexed account, uint256 amount);
    /// The bytes of `root` are demanded, at the latest by `deadline`. `seat` is the demander's, 255 for the requester.
    event Demanded(
        JobId indexed job,
        bool output,
        address indexed demander,
        uint256 seat,
        bytes32 root,
        uint256 deposit,
        uint256 deadline
    );
    /// Another seat lacks the input as well.
    event DemandJoined(JobId indexed job, uint256 seat);
    /// The bytes, for all to read; `fee` is what the answer earned (zero where nobody had demanded it).
    event Answered(JobId indexed job, bool output, address indexed by, bytes32 salt, bytes payload, uint256 fee);
    /// A demand is over, and `returned` of its deposit the demander's again.
    event DemandClosed(JobId indexed job, bool output, address indexed demander, uint256 returned);
    /// The input was withheld, or never fixed: bit i of `seats` is set where seat i was paid `fee` for having been kept waiting.
    event Reserved(JobId indexed job, uint256 seats, uint256 fee);
    /// The output was withheld: the `share` of each of these seats went back to the requester.
    event Unwound(JobId indexed job, uint256 seats, uint256 share);

    /// The job will be audited, one time in `odds`, as the hash of `seedBlock` has it.
    event AuditDue(JobId indexed job, uint256 seedBlock, uint256 odds);
    event AuditorDrawn(JobId indexed job, address indexed auditor, uint256 leaf, uint32 lockBucket);
    event Vouched(JobId indexed job, address indexed auditor, bytes32 seal, uint256 fee);
    /// An auditor lost its bond or a part of it.
    event AuditorFailed(JobId indexed job, address indexed auditor, Failure reason);
    /// An audit is over without a report; `returned` went back to the requester.
    event AuditEnded(JobId indexed job, AuditEnd reason, uint256 returned);

    enum AuditEnd {
        NotDrawn,
        NobodyFree,
        TooLate,
        InputWithheld,
        Answered
    }

    enum Failure {
        NoShow,
        Withheld,
        Equivocated,
        Guilty,
        OutputWithheld,
        InputWithheld,
        NotComputed
    }

    enum RefundReason {
        NeverDrawn,
        NoReplacement,
        TooLate,
        TooFewReveals,
        Contested,
        InputWithheld,
        OutputWithheld
    }

    error WrongPhase(JobId job, Phase phase);
    error BadOrderSignature(address requester);
    error OrderExpired(uint256 openBy, uint256 time);
    error JobExists(JobId job);
    error UnitsOutOfRange(uint16 units, uint16 most);
    error ReplicasOutOfRange(uint8 replicas, uint8 least, uint8 most);
    error UnsupportedMode(uint8 mode);
    error TooEarly(JobId job, uint256 allowedFrom);
    error TooLate(JobId job, uint256 allowedUntil);
    error WrongRevealCount(uint256 given, uint256 needed);
    error BadClaimSignature(uint256 seat, address provider);
    error BadCommitSignature(uint256 seat, address provider);
    error NotASeat(JobId job, uint256 seat);
    error CommitExists(JobId job, uint256 seat);
    error CommitsIncomplete(JobId job, uint256 seat);
    error CommitmentMismatch(JobId job, uint256 seat, bytes32 committed);
    error AlreadyRevealed(JobId job, uint256 seat);
    error ZeroInput();
    error ZeroOutput();
    error OutputsAgree(JobId job);
    error NotEquivocation();
    error SeatAlreadyFailed(JobId job, uint256 seat);
    error BondNoLongerLocked(JobId job, uint256 lockedUntil);
    error NotTheResolver(address caller, address resolver);
    error ChallengePending(JobId job);
    error VerdictPending(JobId job);
    error TooLittleGas(uint256 provided, uint256 needed);
    error NothingToWithdraw(address account);
    error NoCoins(uint256 value);
    error WrongSignatureCount(uint256 given, uint256 needed);
    error SeveralRequesters(address first, address other);
    error AboveSeedCap(uint256 payment, uint256 cap);
    error SeedsFull(uint256 lastBlock);
    error NotTheProvider(address caller, address provider);
    error NotTheRequester(address caller, address requester);
    error DemandExists(JobId job, bool output);
    error DemandPending(JobId job, uint256 until);
    error NoDemand(JobId job, bool output);
    error AnswerTooLong(uint256 length, uint256 most);
    error WrongAnswer(bytes32 root, bytes32 demanded);
    error NoAudit(JobId job, AuditState state);
    error AuditPending(JobId job, AuditState state);
    error ResultRefuted(JobId job);
    error NotTheAuditor(address caller, address auditor);
    error GoodSeal(bytes32 seal);
    error WrongOutput(JobId job, bytes32 outputRoot);
    error BadParameters(string rule);
}
