// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AnswerFee} from "../../contracts/types/Demand.sol";
import {Order, OrderLib} from "../../contracts/types/Order.sol";
import {PriceLadder} from "../../contracts/types/PriceLadder.sol";
import {Slices} from "../../contracts/types/Slices.sol";
import {Proof} from "./Proof.sol";

/// Prices, shares and slices.
contract PricesProof is Proof {
    uint256 private immutable _mostPrice = PriceLadder.price(PriceLadder.TIERS - 1);

    /// Loop: all 90 tiers.
    /// @custom:halmos --loop 90
    function check_the_ladder_rises_and_every_bond_fits_its_type() external pure {
        uint256 before;
        for (uint8 tier; tier < PriceLadder.TIERS; ++tier) {
            uint256 price = PriceLadder.price(tier);
            assert(price > before);
            assert(tier < 3 || price == 10 * PriceLadder.price(tier - 3));
            assert(PriceLadder.slotCeiling(tier) == 16 * price);
            assert(Slices.BOND * PriceLadder.slotCeiling(tier) <= type(uint128).max);
            before = price;
        }
    }

    function check_no_tier_beyond_the_ladder_has_a_price(uint8 tier) external view {
        vm.assume(tier >= PriceLadder.TIERS);
        try this.price(tier) {
            assert(false);
        } catch {}
    }

    function price(uint8 tier) external pure returns (uint256) {
        return PriceLadder.price(tier);
    }

    /// What a job of `replicas` owes is covered by its escrow, however many are paid.
    function check_an_escrow_is_the_shares_and_the_rest(uint128 price_, uint16 units, uint8 replicas, uint8 paid)
        external
        view
    {
        vm.assume(price_ <= _mostPrice && units <= PriceLadder.MAX_UNITS && replicas <= 5 && paid <= replicas);
        uint256 share = uint256(price_) * units;
        uint256 payment = share * replicas;
        assert(share * paid + share * (replicas - paid) == payment);
        // Earnings are counted in 112 bits.
        assert(payment < 1 << 112);
    }

    /// However a bond is cut, its slices cover what they are for, and at least half of it is burned.
    function check_a_bond_covers_every_slice(uint128 price_, uint16 units, uint8 innocent, bool refund, bool bounty)
        external
        view
    {
        vm.assume(price_ <= _mostPrice && units <= PriceLadder.MAX_UNITS && innocent <= 4);
        uint256 ceiling = uint256(price_) * PriceLadder.MAX_UNITS;
        uint256 share = uint256(price_) * units;
        assert(share <= Slices.REFUND * ceiling);
        assert(share * innocent <= Slices.COMPENSATION * ceiling);
        uint256 paid = share * innocent + (refund ? Slices.REFUND * ceiling : 0) + (bounty ? Slices.BOUNTY * ceiling : 0);
        assert(paid <= Slices.BOND * ceiling);
        uint256 burned = Slices.BOND * ceiling - paid;
        assert(2 * burned >= Slices.BOND * ceiling);
        assert(Slices.NO_SHOW * ceiling <= Slices.BOND * ceiling);
    }

    /// The order's own functions say the same.
    function check_an_order_pays_a_share_for_each_replica(Order calldata order) external pure {
        vm.assume(order.tier == 3 && order.units <= PriceLadder.MAX_UNITS && order.replicas <= 5);
        assert(OrderLib.share(order) == 10 * uint256(order.units));
        assert(OrderLib.payment(order) == OrderLib.share(order) * order.replicas);
    }

    /// A deposit pays for the longest answer, and what the answer did not need is the demander's again.
    function check_a_deposit_covers_every_answer(uint96 pricePerByte, uint256 length) external pure {
        vm.assume(length <= AnswerFee.MOST_BYTES);
        uint256 fee = AnswerFee.fee(length, pricePerByte);
        assert(fee <= AnswerFee.deposit(pricePerByte));
        assert(fee >= length * pricePerByte);
    }

    /// Reservation fees come out of the escrow: less than honest work brings, and the rest is the requester's.
    function check_reservation_fees_and_the_rest_are_the_escrow(uint128 price_, uint16 units, uint8 replicas, uint8 there)
        external
        view
    {
        vm.assume(price_ <= _mostPrice && units <= PriceLadder.MAX_UNITS && replicas <= 5 && there <= replicas);
        uint256 share = uint256(price_) * units;
        uint256 fee = share / Slices.RESERVATION_PARTS;
        assert(fee * there <= share * replicas);
        assert(fee < share || share == 0);
    }
}
