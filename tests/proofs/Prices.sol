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

    /// However a bond is cut, its slices cover what they are for, and at least half of it is burned. For every price at
    /// all, with the numbers of units and of innocent seats counted out: a product of two unknowns is beyond a solver.
    /// Loop: units from 0 to 16.
    /// @custom:halmos --loop 17
    function check_a_bond_covers_every_slice(uint128 price_) external view {
        vm.assume(price_ <= _mostPrice);
        for (uint256 units; units <= PriceLadder.MAX_UNITS; ++units) {
            // SAFETY: a price has 104 bits, and no factor here more than eight.
            unchecked {
                uint256 ceiling = uint256(price_) * PriceLadder.MAX_UNITS;
                uint256 share = uint256(price_) * units;
                uint256 bad = _above(share, Slices.REFUND * ceiling);
                for (uint256 innocent; innocent <= 4; ++innocent) {
                    bad |= _above(share * innocent, Slices.COMPENSATION * ceiling);
                    bad |= _aboveHalf(share * innocent, ceiling);
                    bad |= _aboveHalf(share * innocent + Slices.REFUND * ceiling, ceiling);
                    bad |= _aboveHalf(share * innocent + Slices.BOUNTY * ceiling, ceiling);
                    bad |= _aboveHalf(share * innocent + (Slices.REFUND + Slices.BOUNTY) * ceiling, ceiling);
                }
                assert(bad == 0);
            }
        }
    }

    /// Whether so much leaves less than half of a bond to burn.
    function _aboveHalf(uint256 paid, uint256 ceiling) private pure returns (uint256) {
        unchecked {
            return _above(2 * paid, Slices.BOND * ceiling);
        }
    }

    /// Without a branch, since each would be a question of its own.
    function _above(uint256 a, uint256 b) private pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := gt(a, b)
        }
    }

    /// The order's own functions say the same. Loop: all 90 tiers.
    /// @custom:halmos --loop 90
    function check_an_order_pays_a_share_for_each_replica(uint16 units, uint8 replicas) external view {
        vm.assume(units <= PriceLadder.MAX_UNITS && replicas <= 5);
        Order memory order;
        (order.units, order.replicas) = (units, replicas);
        for (order.tier = 0; order.tier < PriceLadder.TIERS; ++order.tier) {
            (uint256 share, uint256 payment) = this.pays(order);
            assert(share == PriceLadder.price(order.tier) * units);
            assert(payment == share * replicas);
        }
    }

    function pays(Order calldata order) external pure returns (uint256 share, uint256 payment) {
        return (OrderLib.share(order), OrderLib.payment(order));
    }

    /// A deposit pays for the longest answer, and each byte that the answer is shorter is worth its price: so no answer
    /// costs more than the deposit, and what it did not need is the demander's again.
    function check_a_deposit_covers_every_answer(uint96 pricePerByte, uint32 length) external pure {
        vm.assume(length <= AnswerFee.MOST_BYTES);
        // SAFETY: at most 96 and 32 bits.
        unchecked {
            uint256 missing = AnswerFee.MOST_BYTES - length;
            assert(AnswerFee.deposit(pricePerByte) - AnswerFee.fee(length, pricePerByte) == missing * pricePerByte);
        }
    }

    /// A longer answer never costs less, whatever a byte costs: the length any, the price every power of two.
    /// Loop: 96 powers of two.
    /// @custom:halmos --loop 96
    function check_no_answer_costs_more_than_the_deposit(uint32 length) external pure {
        vm.assume(length <= AnswerFee.MOST_BYTES);
        for (uint256 bit; bit < 96; ++bit) {
            uint256 pricePerByte = 1 << bit;
            assert(AnswerFee.fee(length, pricePerByte) <= AnswerFee.deposit(pricePerByte));
            assert(AnswerFee.fee(length, pricePerByte) >= length * pricePerByte);
        }
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
