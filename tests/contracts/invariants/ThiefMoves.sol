// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase, Seats} from "../../../contracts/types/Job.sol";
import {Checks} from "./Checks.sol";

/// What a thief tries, with its own key and what others have signed. All of it must fail.
abstract contract ThiefMoves is Checks {
    function thief_tries(uint256 seed) external {
        uint256 kind = _pick(seed, 12);
        if (kind > 9) return _meddleWithAudits(seed);
        if (kind < 4) _speakForOthers(seed);
        else if (kind < 7) _settleWithWhatItHas(seed);
        else if (kind < 9) _callWhatIsTheMarkets(seed);
        else _goRoundTheMarket(seed);
    }

    function _callWhatIsTheMarkets(uint256 seed) private {
        Notes storage it = notes[_pick(seed, notes.length)];
        uint256 leaf = _pick(seed, leaves[it.pool]);
        uint32 bucket = uint32(it.lockedUntil / BUCKET);
        address[] memory accounts_ = new address[](1);
        uint256[] memory amounts = new uint256[](1);
        (accounts_[0], amounts[0]) = (thief, 1);
        uint256 kind = _pick(seed, 7);
        bytes memory data;
        if (kind == 0) data = abi.encodeCall(vault.slash, (it.pool, leaf, bucket, 0, accounts_, amounts));
        else if (kind == 1) data = abi.encodeCall(vault.release, (it.pool, leaf));
        else if (kind == 2) data = abi.encodeCall(vault.hold, (it.pool, leaf, bucket));
        else if (kind == 3) data = abi.encodeCall(vault.tryLock, (it.pool, leaf, bucket + 9));
        else if (kind == 4) data = abi.encodeCall(vault.unhold, (it.pool, leaf, bucket));
        else if (kind == 5) data = abi.encodeCall(vault.draw, (it.pool, "seed", 2, 2, bucket + 9));
        else data = abi.encodeCall(vault.withdraw, (vault.freeStake(thief) + 1));
        _mustFail(thief, address(vault), data);
    }

    function _speakForOthers(uint256 seed) private {
        uint256 index = _pick(seed, notes.length);
        Notes storage it = notes[index];
        Order memory order = orders[index];
        uint256 kind = _pick(seed, 7);
        if (kind == 6) {
            (bool waits, uint256 which) = _pickJob(seed, Phase.Waiting);
            if (waits) order = orders[which];
            bytes memory word = _signInput(_pick(seed, 2) == 0 ? thief : requester, order, OTHER);
            // In its own name, or with the requester's word on another input.
            return _mustFail(thief, address(market), abi.encodeCall(market.fixInput, (order, _result(), word)));
        }
        if (kind == 0) {
            IMarketTypes.SignedCommit memory forged = _signCommit(order, thief, _result());
            return _mustFail(thief, address(market), abi.encodeCall(market.commit, (order, _pick(seed, 5), forged)));
        }
        if (kind == 1) {
            (bool settled, uint256 which) = _pickJob(seed, Phase.Settled);
            if (settled) order = orders[which];
            return _mustFail(thief, address(market), abi.encodeCall(market.acknowledge, (order, _result(), "")));
        }
        if (kind == 2) {
            order.nonce += 1e6;
            return _mustFail(thief, address(market), abi.encodeCall(market.open, (order, "")));
        }
        if (kind == 3) {
            // Evidence that the thief signed itself.
            return _mustFail(
                thief,
                address(market),
                abi.encodeCall(
                    market.punishTwoCommits,
                    (order, _pick(seed, 8), it.round, _signCommit(order, thief, _result()), _signCommit(order, thief, OTHER))
                )
            );
        }
        if (it.phase != Phase.Drawn) return;
        address provider = _ownerOf(it, _pickSeat(seed, _active(it)));
        if (kind == 4) {
            // One statement shown twice is no contradiction.
            IMarketTypes.SignedCommit memory signed = _signCommit(order, provider, _result());
            bytes memory data = abi.encodeCall(market.punishTwoCommits, (order, _pick(seed, 5), it.round, signed, signed));
            return _mustFail(thief, address(market), data);
        }
        // Another's commitment, revealed in the wrong seat.
        bytes memory copied = abi.encodeCall(market.reveal, (order, 6, _result(), _salt(_result())));
        _mustFail(thief, address(market), copied);
    }

    /// Claims of one job shown for another, and claims that the thief signed itself.
    function _settleWithWhatItHas(uint256 seed) private {
        (bool found, uint256 index) = _pickJob(seed, Phase.Drawn);
        if (!found) return;
        Order memory order = orders[index];
        bytes32[] memory outputs = new bytes32[](order.replicas);
        for (uint256 i; i < outputs.length; ++i) outputs[i] = _result();
        IMarketTypes.Reveal[] memory reveals = _reveals(order, outputs);
        uint256 kind = _pick(seed, 4);
        if (kind == 0) {
            reveals[0].signature = _signClaim(order, thief, _result(), "set").signature;
        } else if (kind == 1 && reveals.length > 1) {
            reveals[0] = reveals[1];
        } else if (kind == 2) {
            // Signed for another order.
            order.units = order.units == 16 ? 15 : 16;
        } else {
            return _mustFail(
                thief, address(market), abi.encodeCall(market.settle, (IMarketTypes.Settlement(order, OTHER, reveals)))
            );
        }
        _mustFail(thief, address(market), abi.encodeCall(market.settle, (IMarketTypes.Settlement(order, _result(), reveals))));
    }

    /// In the place of auditors and requesters.
    function _meddleWithAudits(uint256 seed) private {
        Order memory order = orders[_pick(seed, orders.length)];
        IMarketTypes.Reveal[] memory none;
        uint256 kind = _pick(seed, 5);
        bytes memory data;
        if (kind == 0) data = abi.encodeCall(market.vouch, (order, "seal"));
        else if (kind == 1) data = abi.encodeCall(market.demandAuditInput, (order));
        else if (kind == 2) data = abi.encodeCall(market.requestAudit, (order));
        else if (kind == 3) data = abi.encodeCall(market.answerAuditInput, (order, "garbage", SALT));
        else data = abi.encodeCall(market.refuteVouch, (order, _result(), none, "garbage", SALT));
        _mustFail(thief, address(market), data);
    }

    function _goRoundTheMarket(uint256 seed) private {
        Order memory order = orders[_pick(seed, orders.length)];
        if (_pick(seed, 3) == 0) {
            _mustFail(thief, address(market), abi.encodeCall(market.demandInput, (order, _pick(seed, 5))));
            IMarketTypes.Reveal[] memory none;
            _mustFail(thief, address(market), abi.encodeCall(market.challenge, (order, _result(), none)));
            return _mustFail(thief, address(market), abi.encodeCall(market.demandOutput, (order, _result(), none)));
        }
        string memory name = _pick(seed, 2) == 0 ? "deadlines()" : "contests()";
        (bool done, bytes memory answer) = address(market).call(abi.encodeWithSignature(name));
        assertTrue(done, name);
        address part = abi.decode(answer, (address));
        bytes memory data = _pick(seed, 2) == 0
            ? abi.encodeCall(market.advance, (order))
            : abi.encodeCall(market.conclude, (order));
        _mustFail(thief, part, data);
    }
}
