// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../market/IMarketTypes.sol";
import {JobId} from "../types/Ids.sol";
import {Order} from "../types/Order.sol";
import {Briefing} from "./Brief.sol";
import {IDisputeTypes} from "./IDisputeTypes.sol";

/// Finds who lied about an execution: "open the children or lose".
///
///   begin | challenge -> state, state -> open ... open -> openLeaf -> (postParts) -> convict
///                                                                  -> timeout
///
/// Two parties that claim different outputs of one job state the tops of their transcripts. In each round both open
/// the children of the node at which they stand; the contract finds the leftmost difference and descends. At one
/// element the referee recomputes it from openings under each party's own transcript, and whoever's element disagrees
/// loses: one party, or both. Winning validates nothing. What is opened counts for every game in which it is asked.
///
/// Openings (`record`, `records`, `input`, `output`) are written as `Openings` has them, `evidence` as
/// `EvidenceReader`, a `brief` as `BriefLib`.
interface IDisputes is IDisputeTypes {
    // --- who plays -----------------------------------------------------------------------------------------------

    /// A contested job, as the market's event `Contested` gives it: its seats become parties.
    function enter(Order calldata order, bytes32 draw, uint256[] calldata seats, bytes32[] calldata outputs) external;

    /// Say what the input asks for, which reveals the job's salt. Once a job, by anyone.
    function describe(Order calldata order, Briefing calldata given) external;

    /// Dispute a settled job while its bonds are held, with a bond and another output; `settledRoot` and `reveals` as
    /// for `IMarketDemands.demandOutput`. Returns the challenger's number.
    function challenge(
        Order calldata order,
        bytes32 settledRoot,
        IMarketTypes.Reveal[] calldata reveals,
        bytes32 output
    ) external returns (uint256 party);

    /// Join a contest with a bond and an output of one's own. Returns the challenger's number.
    function join(JobId job, bytes32 output) external returns (uint256 party);

    // --- a game --------------------------------------------------------------------------------------------------

    /// Start a game between seat `a` and party `b`, a < b, whose outputs differ, or whose statements do. The job must
    /// be described, so that both can state their transcripts.
    function start(JobId job, uint256 a, uint256 b) external;

    /// State one's transcript. Only the party itself, once.
    function state(bytes calldata brief, uint256 party, Statement calldata statement) external;

    /// Go on from `Stating` once both have stated.
    function face(bytes calldata brief, uint256 a, uint256 b, Statement calldata ofA, Statement calldata ofB) external;

    /// Open the children of either node, or of both; where both are open the game descends. A node that is opened
    /// already still needs its children for that. `record`: the shape of the value in the program's record, where the
    /// game descends into one that an operator writes.
    function open(
        bytes calldata brief,
        uint256 a,
        uint256 b,
        bytes32[] calldata childrenA,
        bytes32[] calldata childrenB,
        bytes calldata record
    ) external;

    /// As `open`, for the bytes of a chunk.
    function openLeaf(bytes calldata brief, uint256 a, uint256 b, bytes calldata chunkA, bytes calldata chunkB)
        external;

    /// Post partial results of a long reduction, up to 64. `evidence` shows that they give the party's element, or its
    /// part of the round before.
    function postParts(
        bytes calldata brief,
        uint256 a,
        uint256 b,
        bool first,
        Statement calldata statement,
        int256[] calldata parts,
        bytes calldata evidence
    ) external;

    /// Go on to the first part in which both sides differ.
    function narrow(
        bytes calldata brief,
        uint256 a,
        uint256 b,
        int256[] calldata partsA,
        int256[] calldata partsB,
        bytes calldata records
    ) external;

    // A conviction outside a game names a party `against` that claims another output. A seat goes before challengers
    // who claim the same; a challenger must have taken part since an earlier block, and have announced what any output
    // suffices for (`convictStrong`, `convictCopy`), so that nobody who copies a conviction is owed its bounty.

    // --- who loses -----------------------------------------------------------------------------------------------

    /// Show that a party's element is not what its own transcript gives. By anyone; the other side is the winner.
    function convict(
        bytes calldata brief,
        uint256 a,
        uint256 b,
        bool first,
        Statement calldata statement,
        bytes calldata evidence
    ) external;

    /// The same for an element of the input's copy, or of the output: `chunk` is the party's, `input` opens the job's
    /// input, `evidence` the output value under the party's transcript, which gives the output and the tokens that a
    /// program reads behind a prompt.
    function convictEnd(
        bytes calldata brief,
        uint256 a,
        uint256 b,
        bool first,
        Statement calldata statement,
        bytes calldata chunk,
        bytes calldata input,
        bytes calldata evidence
    ) external;

    /// Where claims are strong: show in one transaction, without a game, that an element of a party's transcript is not
    /// what its own openings give. `output` opens the first chunk of its output, which holds the transcript's node.
    function convictStrong(
        bytes calldata brief,
        uint256 party,
        uint256 against,
        bytes calldata output,
        Element calldata place,
        bytes calldata evidence
    ) external;

    /// The same for an element of the input's copy (value 0): `copy` opens it as `Payloads.copyAt` says, `input` and
    /// `evidence` what it must be, as for `convictEnd`.
    function convictCopy(
        bytes calldata brief,
        uint256 party,
        uint256 against,
        bytes calldata output,
        Element calldata place,
        bytes calldata copy,
        bytes calldata input,
        bytes calldata evidence
    ) external;

    /// Say by its hash what one will convict `party` with: keccak256 of the whole call of `convictStrong` or
    /// `convictCopy`, in an earlier block than that. Only challengers need to, and only the party `against` can.
    function announce(JobId job, uint256 party, uint256 against, bytes32 digest) external;

    /// Where the input breaks a rule there is one right output: whoever claims another loses to `against`.
    function convictRefused(bytes calldata brief, uint256 party, uint256 against) external;

    /// A party with the very statement of one that was convicted by it loses as well, to whom that one lost to.
    function convictTwin(JobId job, uint256 convicted, uint256 party) external;

    /// Whoever's clock has run out loses; a game whose element nobody recomputed in time ends.
    function timeout(JobId job, uint256 a, uint256 b) external;

    // --- bonds ---------------------------------------------------------------------------------------------------

    /// Return a challenger's bond once the contest is decided or over, that of one who took part in an earlier contest
    /// alone at any time; it plays no more then. Of one that lost, half was burned and half is its opponent's.
    function settleBond(JobId job, uint256 party) external;

    function withdraw() external;

    /// The first 28 bytes of what a challenger announced, and Unix time of that.
    function announcedOf(JobId job, uint256 party, uint256 against)
        external
        view
        returns (bytes28 digest, uint256 time);
    function contestOf(JobId job) external view returns (Contest memory);
    function partyOf(JobId job, uint256 party) external view returns (Party memory);
    function gameOf(JobId job, uint256 a, uint256 b) external view returns (Game memory);
    /// Unix time at which the children of a node (or, for zero levels, its chunk) were opened; zero before.
    function openedAt(bytes32 node, uint256 levels) external view returns (uint256);
    function balanceOf(address account) external view returns (uint256);
}
