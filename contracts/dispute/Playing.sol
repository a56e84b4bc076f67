// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Chunks} from "../transcript/Openings.sol";
import {Tree} from "../transcript/Tree.sol";
import {JobId} from "../types/Ids.sol";
import {Brief, BriefLib} from "./Brief.sol";
import {DisputesBase} from "./DisputesBase.sol";
import {ProgramRecords} from "./ProgramRecords.sol";

/// The moves of a game, from two statements down to one element.
abstract contract Playing is DisputesBase {
    using ProgramRecords for Chunks;

    /// A node is opened at most this many levels down: 64 children.
    uint256 private constant MOST_LEVELS = 6;

    // --- statements ----------------------------------------------------------------------------------------------

    /// See IDisputes.
    function start(JobId job, uint256 a, uint256 b) external {
        _requireRunning(job);
        if (a >= b || a >= FIRST_CHALLENGER) revert OutOfOrder(a, b);
        Party storage first = _requireParty(job, a);
        Party storage second = _requireParty(job, b);
        bool differ = first.output != second.output
            || (first.statement != 0 && second.statement != 0 && first.statement != second.statement);
        if (!differ) revert OutputsAgree(job, a, b);
        Contest storage contest = _contests[job];
        if (contest.brief == 0 || contest.refused) revert NotDescribed(job);
        if (block.timestamp + longestGame() > contest.endsAt) {
            revert TooLateToStart(job, contest.endsAt - longestGame());
        }
        Game storage game = _game(job, a, b);
        if (game.stage != Stage.None) revert GameExists(job, a, b);
        if (b >= FIRST_CHALLENGER) _enlist(job, b, contest);
        contest.games += 1;
        game.stage = Stage.Stating;
        // SAFETY: Unix seconds, and a clock of seconds that a constructor has checked.
        game.since = uint32(block.timestamp);
        (game.clockA, game.clockB) = (uint32(clock), uint32(clock));
        emit GameStarted(job, a, b);
    }

    /// A challenger of an earlier contest that plays in this one is one of its own: it could else take its bond back
    /// wherever it is about to lose.
    function _enlist(JobId job, uint256 party, Contest storage contest) private {
        uint256 first = _bonded[job][party];
        if (first == 0 || first == contest.first) return;
        _bonded[job][party] = contest.first;
        _enrol(job, contest, _parties[job][party].output);
    }

    /// See IDisputes.
    function state(bytes calldata given, uint256 party, Statement calldata statement) external {
        (JobId job, Brief memory brief) = _requireBrief(given);
        Party storage stating = _requireParty(job, party);
        if (msg.sender != stating.account) revert NotTheParty(msg.sender, stating.account);
        if (stating.statement != 0) revert AlreadyStated(job, party);
        if (brief.refused || brief.outputRoot(statement.outputTop) != stating.output) {
            revert WrongStatement(job, party);
        }
        stating.statement = keccak256(abi.encode(statement));
        // SAFETY: Unix seconds.
        stating.statedAt = uint32(block.timestamp);
        emit Stated(job, party, statement.body, statement.outputTop);
    }

    /// See IDisputes.
    function face(bytes calldata given, uint256 a, uint256 b, Statement calldata ofA, Statement calldata ofB)
        external
        nonReentrant
    {
        (JobId job, Brief memory brief) = _requireBrief(given);
        _requireStatement(job, a, ofA);
        _requireStatement(job, b, ofB);
        Game storage game = _game(job, a, b);
        if (game.stage != Stage.Stating) revert WrongStage(game.stage);
        if (_charge(job, a, b, game, _parties[job][a].statedAt, _parties[job][b].statedAt)) return;
        if (ofA.body != ofB.body) {
            (game.nodeA, game.nodeB) = (ofA.body, ofB.body);
            _enter(brief, game, Stage.Sequences, Tree.depthOf(brief.count()));
        } else {
            (game.nodeA, game.nodeB) = (ofA.outputTop, ofB.outputTop);
            // SAFETY: an output has at most 96 KiB.
            game.size = uint48(brief.outputBytes);
            _enter(brief, game, Stage.Output, Tree.depthOf(Tree.chunkCount(brief.outputBytes)));
        }
        emit Descended(job, a, b, game);
    }

    // --- nodes ---------------------------------------------------------------------------------------------------

    /// See IDisputes.
    function open(
        bytes calldata given,
        uint256 a,
        uint256 b,
        bytes32[] calldata childrenA,
        bytes32[] calldata childrenB,
        bytes calldata record
    ) external nonReentrant {
        (JobId job, Brief memory brief) = _requireBrief(given);
        Game storage game = _game(job, a, b);
        Stage stage = game.stage;
        if ((stage < Stage.Sequences || stage > Stage.Chunks) && stage != Stage.Output) revert WrongStage(stage);
        uint256 levels = levelsOf(game.height);
        uint256 atA = _openChildren(game.nodeA, levels, childrenA);
        uint256 atB = _openChildren(game.nodeB, levels, childrenB);
        if (childrenA.length == 0 && childrenB.length == 0) revert NothingOpened();
        if (childrenA.length == 0 || childrenB.length == 0) return;
        if (_charge(job, a, b, game, atA, atB)) return;
        _descend(brief, job, a, b, game, childrenA, childrenB, record);
    }

    /// Levels that one opening of a node goes down: as many rounds as needed, of equal size.
    function levelsOf(uint256 height) public pure returns (uint256) {
        uint256 rounds = (height + MOST_LEVELS - 1) / MOST_LEVELS;
        return (height + rounds - 1) / rounds;
    }

    /// See IDisputes.
    function openLeaf(bytes calldata given, uint256 a, uint256 b, bytes calldata chunkA, bytes calldata chunkB)
        external
        nonReentrant
    {
        (JobId job,) = _requireBrief(given);
        Game storage game = _game(job, a, b);
        if (game.stage != Stage.Leaf && game.stage != Stage.OutputLeaf) revert WrongStage(game.stage);
        uint256 atA = _openChunk(game.nodeA, game.size, chunkA);
        uint256 atB = _openChunk(game.nodeB, game.size, chunkB);
        if (chunkA.length == 0 && chunkB.length == 0) revert NothingOpened();
        if (chunkA.length == 0 || chunkB.length == 0) return;
        if (_charge(job, a, b, game, atA, atB)) return;
        uint256 index = _firstDifference(chunkA, chunkB);
        // SAFETY: a value has at most 2^15 rows of 2^16 elements, checked by nodes (touchstone.programs.rules).
        game.index = uint32(uint256(game.index) * (Tree.CHUNK / 4) + index);
        game.stage = game.stage == Stage.Leaf ? Stage.Element : Stage.OutputElement;
        emit Descended(job, a, b, game);
    }

    function _descend(
        Brief memory brief,
        JobId job,
        uint256 a,
        uint256 b,
        Game storage game,
        bytes32[] calldata childrenA,
        bytes32[] calldata childrenB,
        bytes calldata record
    ) private {
        uint256 child;
        while (childrenA[child] == childrenB[child]) ++child;
        Stage stage = game.stage;
        // SAFETY: below the tree's height, which is below 32, and its number of leaves.
        uint8 height = uint8(game.height - levelsOf(game.height));
        uint256 index = uint256(game.index) * childrenA.length + child;
        if (index << height >= _leaves(brief, game)) {
            // Beyond the end every right tree is empty: its shape is nobody's to choose.
            bytes32 empty = Tree.absent(stage == Stage.Positions ? height + _valueLevels(brief) : height);
            if (childrenA[child] != empty) _lose(job, a, b, true);
            if (childrenB[child] != empty) _lose(job, b, a, true);
            return _end(job, a, b);
        }
        (game.nodeA, game.nodeB) = (childrenA[child], childrenB[child]);
        (game.height, game.index) = (height, uint32(index));
        if (height == 0) _arrive(brief, game, record);
        emit Descended(job, a, b, game);
    }

    /// A leaf of one tree is the top of the next.
    function _arrive(Brief memory brief, Game storage game, bytes calldata record) private {
        Stage stage = game.stage;
        if (stage == Stage.Sequences) {
            _enterSequence(brief, game, game.index);
        } else if (stage == Stage.Positions) {
            _enterPosition(brief, game, game.index);
        } else if (stage == Stage.Values) {
            game.value = game.index;
            // SAFETY: a value has at most 2^33 bytes, checked by nodes (touchstone.programs.rules).
            game.size = uint48(_bytesOf(brief, game, record));
            _enter(brief, game, Stage.Chunks, Tree.depthOf(Tree.chunkCount(game.size)));
        } else {
            _reach(game);
        }
    }

    /// Begin a tree at its top.
    function _enter(Brief memory brief, Game storage game, Stage stage, uint256 height) private {
        // SAFETY: a depth is below 32.
        (game.stage, game.height, game.index) = (stage, uint8(height), 0);
        if (height != 0) return;
        if (stage == Stage.Sequences) return _enterSequence(brief, game, 0);
        if (stage == Stage.Positions) return _enterPosition(brief, game, 0);
        _reach(game);
    }

    function _enterSequence(Brief memory brief, Game storage game, uint32 sequence) private {
        game.sequence = sequence;
        if (!brief.causal) return _enterPosition(brief, game, 0);
        _enter(brief, game, Stage.Positions, Tree.depthOf(brief.length(sequence)));
    }

    function _enterPosition(Brief memory brief, Game storage game, uint32 position) private {
        game.position = position;
        _enter(brief, game, Stage.Values, _valueLevels(brief));
    }

    /// Levels of the tree over all values, which stands under a position as well.
    function _valueLevels(Brief memory brief) private pure returns (uint256) {
        return Tree.depthOf(uint256(brief.operators) + 1);
    }

    /// One chunk of a byte string is left.
    function _reach(Game storage game) private {
        uint256 rest = game.size - uint256(game.index) * Tree.CHUNK;
        // SAFETY: at most a chunk.
        game.size = uint48(rest < Tree.CHUNK ? rest : Tree.CHUNK);
        game.stage = game.stage == Stage.Chunks ? Stage.Leaf : Stage.OutputLeaf;
    }

    function _leaves(Brief memory brief, Game storage game) private view returns (uint256) {
        if (game.stage == Stage.Sequences) return brief.count();
        if (game.stage == Stage.Positions) return brief.length(game.sequence);
        if (game.stage == Stage.Values) return uint256(brief.operators) + 1;
        return Tree.chunkCount(game.size);
    }

    /// The first four bytes in which two chunks of one length differ.
    function _firstDifference(bytes calldata a, bytes calldata b) private pure returns (uint256 index) {
        uint256 difference;
        // Beyond the end other calldata is compared, but chunks with different hashes differ before it.
        assembly ("memory-safe") {
            for { let i := 0 } iszero(difference) { i := add(i, 32) } {
                difference := xor(calldataload(add(a.offset, i)), calldataload(add(b.offset, i)))
                index := i
            }
        }
        index /= 4;
        while (difference >> 224 == 0) {
            difference <<= 32;
            ++index;
        }
    }

    /// Bytes of the value that the game has come to: of a whole sequence, or in a causal program of one position.
    function _bytesOf(Brief memory brief, Game storage game, bytes calldata record) private view returns (uint256) {
        if (game.value == 0) return brief.copyBytes(game.sequence);
        Chunks memory opened = ProgramRecords.opened(record, brief.program, brief.operators);
        if (brief.causal) return opened.bytesOf(game.value, 1, uint256(game.position) + 1);
        uint256 positions = brief.length(game.sequence);
        return opened.bytesOf(game.value, positions, positions);
    }

    // --- what is opened counts for every game --------------------------------------------------------------------

    /// Record the children of a node where they are given. Returns when they were opened.
    function _openChildren(bytes32 node, uint256 levels, bytes32[] calldata children) private returns (uint256 time) {
        if (children.length == 0) return 0;
        if (children.length != 1 << levels) revert WrongChildren(node, children.length, 1 << levels);
        bytes32 key = _key(node, levels);
        uint256 known = _opened[key];
        uint256 hash = uint224(uint256(keccak256(abi.encodePacked(children))));
        if (known != 0 && uint224(known) == hash) return known >> 224;
        bytes32 found = Tree.fold(children);
        if (found != node) revert NotTheNode(found, node);
        _opened[key] = (block.timestamp << 224) | hash;
        emit Opened(node, levels, children);
        return block.timestamp;
    }

    function _openChunk(bytes32 node, uint256 length, bytes calldata chunk) private returns (uint256 time) {
        if (chunk.length == 0) return 0;
        if (chunk.length != length) revert WrongChildren(node, chunk.length, length);
        bytes32 found = Tree.leaf(chunk);
        if (found != node) revert NotTheNode(found, node);
        bytes32 key = _key(node, 0);
        uint256 known = _opened[key];
        if (known != 0) return known >> 224;
        _opened[key] = block.timestamp << 224;
        emit LeafOpened(node, chunk);
        return block.timestamp;
    }

    // --- time ------------------------------------------------------------------------------------------------------

    /// See IDisputes.
    function timeout(JobId job, uint256 a, uint256 b) external nonReentrant {
        _requireRunning(job);
        Game storage game = _game(job, a, b);
        Stage stage = game.stage;
        if (stage == Stage.None || stage == Stage.Over || game.closed) revert WrongStage(stage);
        // A side that has lost elsewhere plays no more.
        if (_parties[job][a].lost || _parties[job][b].lost) return _end(job, a, b);
        if (stage == Stage.Element || stage == Stage.OutputElement) {
            uint256 until = uint256(game.since) + judgeTime;
            if (block.timestamp <= until) revert StillRunning(until);
            return _end(job, a, b);
        }
        (uint256 atA, uint256 atB) = _movedAt(job, a, b, game, stage);
        bool lateA = _late(game.since, game.clockA, atA);
        bool lateB = _late(game.since, game.clockB, atB);
        if (!lateA && !lateB) revert StillRunning(uint256(game.since) + game.clockA);
        if (lateA) _lose(job, a, b, false);
        if (lateB) _lose(job, b, a, false);
        _end(job, a, b);
    }

    /// When each side made the move that the stage asks for; zero where it has not.
    function _movedAt(JobId job, uint256 a, uint256 b, Game storage game, Stage stage)
        private
        view
        returns (uint256, uint256)
    {
        if (stage == Stage.Stating) return (_parties[job][a].statedAt, _parties[job][b].statedAt);
        if (stage == Stage.Parts) return (game.postedA, game.postedB);
        uint256 levels = stage == Stage.Leaf || stage == Stage.OutputLeaf ? 0 : levelsOf(game.height);
        return (_opened[_key(game.nodeA, levels)] >> 224, _opened[_key(game.nodeB, levels)] >> 224);
    }

    function _late(uint256 since, uint256 left, uint256 moved) private view returns (bool) {
        return (moved == 0 ? block.timestamp : moved) > since + left;
    }
}
