// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Audit, AuditLib, AuditState} from "../../../contracts/types/Audit.sol";
import {SeatsLib} from "../../../contracts/types/Job.sol";
import {Modes, Order} from "../../../contracts/types/Order.sol";
import {Actors} from "./Actors.sol";

/// What auditors do, and what is known of their audits.
abstract contract Auditors is Actors {
    /// The three bits of the mode that ask for audits.
    uint8 internal constant ALWAYS = 1;
    uint8 internal constant EVERY_OTHER = 2;
    uint8 internal constant SELDOM = 7;

    /// One provider, an input that can be shown, and audits.
    function _audited(uint8 bits) internal returns (Order memory order) {
        order = _order(1);
        order.mode = Modes.OPTIMISTIC | (bits << 4);
        order.inputRoot = _result();
    }

    /// The block after the seed's.
    function _toSeed(Order memory order) internal {
        _roll(uint256(_audit(order).since) + 1);
    }

    function _vouchWith(Order memory order, bytes32 seal) internal {
        address auditor = _auditor(order);
        vm.prank(auditor);
        market.vouch(order, seal);
    }

    function _vouch(Order memory order) internal {
        _vouchWith(order, _seal(order, _auditor(order)));
    }

    // --- what is seen ----------------------------------------------------------------------------------------

    function _audit(Order memory order) internal view returns (Audit memory audit) {
        (audit,) = market.auditOf(_id(order));
    }

    function _auditor(Order memory order) internal view returns (address) {
        return vault.ownerOf(pool, AuditLib.leaf(_audit(order)));
    }

    function _auditorLockedUntil(Order memory order) internal view returns (uint256) {
        return (uint256(_audit(order).lockBucket) + 1) * BUCKET;
    }

    function _assertAudit(Order memory order, AuditState state) internal view {
        assertEq(uint256(_audit(order).state), uint256(state), "state of the audit");
    }

    /// The only seat that an optimistic job paid.
    function _paidSeat(Order memory order) internal view returns (uint256 seat) {
        while (SeatsLib.isEmpty(_job(order).seats, seat)) ++seat;
    }

    function _payee(Order memory order) internal view returns (address) {
        return _provider(order, _paidSeat(order));
    }

    // --- seals -----------------------------------------------------------------------------------------------

    /// Tree.seal of PAYLOAD, which is one chunk.
    function _sealed() internal pure returns (bytes32) {
        return sha256(abi.encodePacked(hex"02", uint64(PAYLOAD.length), sha256(abi.encodePacked(hex"00", PAYLOAD))));
    }

    function _seal(Order memory order, address auditor) internal view returns (bytes32) {
        return AuditLib.seal(_id(order), auditor, _sealed(), SALT);
    }
}
