// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {JobId} from "../types/Ids.sol";

/// The engine's words: who plays, where a game stands, what happened and what was wrong.
interface IDisputeTypes {
    enum Stage {
        None,
        /// Both parties must state their transcripts.
        Stating,
        /// Trees that are descended: over the sequences, in a causal program over the positions of one, over its
        /// values, over the chunks of one.
        Sequences,
        Positions,
        Values,
        Chunks,
        /// Both must show the chunk at which they differ.
        Leaf,
        /// The same for the bytes of the output, where the transcripts agree.
        Output,
        OutputLeaf,
        /// One element is left: anyone may convict.
        Element,
        OutputElement,
        /// Both must post partial results of a long reduction.
        Parts,
        Over
    }

    /// Who claims an output of a job: a seat (0 to 6), an auditor that vouched for it (7), or a challenger with a bond
    /// (from 8 on).
    struct Party {
        address account;
        /// Unix times at which it became a party, and of its statement; zero before.
        uint32 enteredAt;
        uint32 statedAt;
        /// It lost, or it has taken its bond back: it plays no more.
        bool lost;
        /// It lost by what its statement says, not by silence or by partial results.
        bool proven;
        /// The party that it lost to.
        uint32 lostTo;
        /// It has taken its bond back, and had not lost.
        bool left;
        bytes32 output;
        /// Hash of (body, outputTop).
        bytes32 statement;
    }

    /// The two halves of a transcript: the node over all its sequences, and the top of the output's bytes.
    struct Statement {
        bytes32 body;
        bytes32 outputTop;
    }

    /// An element of a transcript: of a whole sequence, or in a causal program of one position.
    struct Element {
        uint32 sequence;
        uint32 position;
        uint32 value;
        uint32 index;
    }

    struct Game {
        Stage stage;
        /// Levels from the nodes down to the leaves of the tree that is descended.
        uint8 height;
        /// Where the nodes stand at that height; the chunk or the element later.
        uint32 index;
        uint32 sequence;
        uint32 value;
        /// Unix time from which the clocks of those who have not opened run.
        uint32 since;
        /// Seconds that each side has left.
        uint32 clockA;
        uint32 clockB;
        /// Bytes of the string whose chunks are descended; of one chunk once it is reached.
        uint48 size;
        /// The nodes; hashes of the parts later.
        bytes32 nodeA;
        bytes32 nodeB;
        /// The position, where the program is causal.
        uint32 position;
        /// Terms of a reduction whose partial results differ; none before.
        uint32 from;
        uint32 to;
        uint32 postedA;
        uint32 postedB;
        /// It counts no more among the games that go on.
        bool closed;
        int128 partA;
        int128 partB;
    }

    struct Contest {
        /// Unix time at which whatever is not decided counts as nobody's fault.
        uint32 endsAt;
        /// Games that go on.
        uint32 games;
        /// The next challenger's number, and how many that play in this contest have neither lost nor left.
        uint32 parties;
        uint32 live;
        /// The first challenger of this contest; those before it took part in an earlier one of the job, and play in
        /// this one once a game of theirs starts.
        uint32 first;
        /// Bits of the seats that play, and of those that were shown to have lied.
        uint8 seats;
        uint8 guilty;
        /// All seats claim one output: a settled job that was challenged.
        bool agreed;
        /// The input breaks a rule: there are no games, see `convictRefused`.
        bool refused;
        /// What the market said of a contested job.
        bytes32 contested;
        bytes32 brief;
    }

    event ContestOpened(JobId indexed job, bytes32 contest, uint256 endsAt);
    event Entered(JobId indexed job, uint256 indexed party, address account, bytes32 output, uint256 bond);
    event Described(JobId indexed job, bytes brief);
    event Stated(JobId indexed job, uint256 indexed party, bytes32 body, bytes32 outputTop);
    event GameStarted(JobId indexed job, uint256 a, uint256 b);
    event Opened(bytes32 indexed node, uint256 levels, bytes32[] children);
    event LeafOpened(bytes32 indexed node, bytes chunk);
    event Descended(JobId indexed job, uint256 a, uint256 b, Game game);
    event PartsPosted(JobId indexed job, uint256 a, uint256 b, bool first, int256[] parts);
    /// A party's element is not what its own openings give.
    event Convicted(
        JobId indexed job,
        uint256 indexed party,
        uint256 sequence,
        uint256 position,
        uint256 value,
        uint256 element,
        int256 found,
        int256 expected
    );
    /// A challenger says by its hash what it will convict `party` with.
    event Announced(JobId indexed job, uint256 indexed party, uint256 indexed against, bytes32 digest);
    event Lost(JobId indexed job, uint256 indexed party, uint256 indexed against, bool proven);
    event GameOver(JobId indexed job, uint256 a, uint256 b);
    event BondSettled(JobId indexed job, uint256 indexed party, uint256 returned);
    event Credited(address indexed account, uint256 amount);
    event Withdrawn(address indexed account, uint256 amount);

    error OnlyMarket(address caller);
    error WrongContest(bytes32 given, bytes32 opened);
    error WrongBrief(JobId job);
    error NotContested(JobId job);
    error AlreadyEntered(JobId job);
    error NotDescribed(JobId job);
    error ContestOver(JobId job, uint256 endsAt);
    error TooLateToStart(JobId job, uint256 until);
    error NotTheParty(address caller, address party);
    error UnknownParty(JobId job, uint256 party);
    error PartyLost(JobId job, uint256 party);
    error WrongStatement(JobId job, uint256 party);
    error AlreadyStated(JobId job, uint256 party);
    error OutputsAgree(JobId job, uint256 a, uint256 b);
    error OutOfOrder(uint256 a, uint256 b);
    error GameExists(JobId job, uint256 a, uint256 b);
    error WrongStage(Stage stage);
    error WrongChildren(bytes32 node, uint256 given, uint256 needed);
    error NotTheNode(bytes32 found, bytes32 node);
    error NothingOpened();
    error StillRunning(uint256 until);
    error NothingWrong(int256 element);
    error NotLong(uint256 terms, uint256 most);
    error WrongPartCount(uint256 given, uint256 needed);
    error PartsDoNotFold(int256 given, int256 needed);
    error PartOutOfRange(int256 part);
    error NotRefused(JobId job);
    error NotStrong(JobId job);
    error NotTheCopy(uint256 value);
    error NotAnnounced(JobId job, uint256 party, uint256 against, bytes32 digest);
    error NotAnOpponent(JobId job, uint256 party, uint256 against);
    error GoodOutput(bytes32 output);
    error NoBond(JobId job, uint256 party);
    error NothingToWithdraw(address account);
    error BadParameters(string rule);
    error NoCoins(uint256 value);
}
