// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IMarketTypes} from "../../../contracts/market/IMarketTypes.sol";
import {DemandState} from "../../../contracts/types/Demand.sol";
import {Order} from "../../../contracts/types/Order.sol";
import {Phase} from "../../../contracts/types/Job.sol";
import {Ledger} from "./Ledger.sol";

/// A contract wallet that signs as the test tells it.
contract MoodyWallet {
    enum Mood {
        Valid,
        Invalid,
        Reverts,
        BurnsGas,
        AnswersGarbage,
        AnswersShort,
        AnswersEndlessly
    }

    Mood private _mood;

    function feel(Mood mood) external {
        _mood = mood;
    }

    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        if (_mood == Mood.Reverts) revert("moody");
        if (_mood == Mood.BurnsGas) while (true) {}
        if (_mood == Mood.AnswersGarbage) return 0xffffffff;
        assembly ("memory-safe") {
            let mood := and(sload(_mood.slot), 0xff)
            if eq(mood, 5) {
                mstore(0, shl(224, 0x1626ba7e))
                return(0, 4)
            }
            if eq(mood, 6) { return(0, 1000000) }
        }
        return _mood == Mood.Valid ? this.isValidSignature.selector : bytes4(0);
    }
}

/// Requesters that are contracts and change their minds.
contract WalletAttacks is Ledger {
    MoodyWallet private _wallet;

    function setUp() public override {
        super.setUp();
        _wallet = new MoodyWallet();
        _watch(address(_wallet));
        vm.prank(address(_wallet));
        token.approve(address(market), type(uint256).max);
        _open_books();
    }

    function _walletOrder() private returns (Order memory order) {
        order = _knownOrder(2);
        order.requester = address(_wallet);
    }

    /// Opened by a stranger with the wallet's consent, which it denies ever after: the job goes its way.
    function test_consent_given_once_cannot_be_taken_back(uint256 mood, bool honest) external {
        Order memory order = _walletOrder();
        vm.prank(thief);
        market.open(order, "");
        _track(order);
        _wallet.feel(MoodyWallet.Mood(1 + mood % 6));
        _draw(order);
        if (honest) {
            market.settle(_settlement(order, RESULT));
            _expectSeats(order, PAID);
            _judge(address(_wallet), -2 * PAID);
        } else {
            for (uint256 seat; seat < 2; ++seat) _ask(order, seat);
            _expectSeats(order, int256(RESERVATION));
            _judge(address(_wallet), -2 * int256(RESERVATION));
        }
    }

    function test_a_wallet_that_does_not_consent_opens_nothing(uint256 mood) external {
        mood = 1 + mood % 6;
        Order memory order = _walletOrder();
        _wallet.feel(MoodyWallet.Mood(mood));
        vm.prank(thief);
        (bool done,) = address(market).call{gas: 2_000_000}(abi.encodeCall(market.open, (order, "")));
        assertFalse(done, "refused");
        _assertPhase(order, Phase.None);
        // It becomes valid later, for whoever tries again.
        _wallet.feel(MoodyWallet.Mood.Valid);
        market.open(order, "");
        _track(order);
        _judge(thief, 0);
    }

    /// A wallet whose receipts are valid, then not: what it has released stays released.
    function test_a_receipt_counts_when_it_is_shown(uint256 mood) external {
        mood = 1 + mood % 6;
        Order memory order = _walletOrder();
        market.open(order, "");
        _track(order);
        _draw(order);
        market.settle(_settlement(order, RESULT));
        _expectSeats(order, PAID);
        _wallet.feel(MoodyWallet.Mood(mood));
        (bool done,) = address(market).call{gas: 2_000_000}(abi.encodeCall(market.acknowledge, (order, RESULT, "")));
        assertFalse(done, "no receipt");
        _wallet.feel(MoodyWallet.Mood.Valid);
        market.acknowledge(order, RESULT, "");
        (uint256 ready,) = market.balanceOf(_provider(order, 0));
        assertEq(ready, SHARE, "released");
        _wallet.feel(MoodyWallet.Mood(mood));
        vm.prank(_provider(order, 0));
        market.withdraw();
        _judge(address(_wallet), -2 * PAID);
    }

    /// A wallet that would have signed anything: a stranger's receipt ends its demand. It is the wallet's own doing.
    function test_a_wallet_that_signs_anything_harms_itself_alone() external {
        Order memory order = _walletOrder();
        market.open(order, "");
        _track(order);
        _draw(order);
        IMarketTypes.Settlement memory settlement = _settlement(order, _result());
        market.settle(settlement);
        bytes32 result = _result();
        _askOutput(order, settlement.reveals);
        vm.prank(thief);
        market.acknowledge(order, result, "anything");
        assertEq(uint256(market.demandOf(_id(order), true).state), uint256(DemandState.Closed), "over");
        _expectSeats(order, PAID);
        _judge(address(_wallet), thief, -2 * PAID);
    }

    /// A wallet that reverts when it is paid cannot stop a settlement: nothing is ever sent to it unasked.
    function test_a_wallet_is_never_called_by_a_settlement_or_a_refund(bool refunds) external {
        Order memory order = _walletOrder();
        market.open(order, "");
        _track(order);
        _wallet.feel(MoodyWallet.Mood.BurnsGas);
        if (!refunds) {
            _draw(order);
            market.settle(_settlement(order, RESULT));
            _expectSeats(order, PAID);
        }
        _judge(address(_wallet), refunds ? int256(0) : -2 * PAID);
    }
}
