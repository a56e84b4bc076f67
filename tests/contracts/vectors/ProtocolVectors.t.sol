// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Actors} from "../lib/Actors.sol";
import {
    AnswerVector,
    JobVector,
    PayloadVector,
    PriceVector,
    ProtocolVectors,
    SeatVector
} from "./ProtocolVectors.sol";
import {AuditLib} from "../../../contracts/types/Audit.sol";
import {JobId, ModelId, PoolId, modelIdOf} from "../../../contracts/types/Ids.sol";
import {Claim, ClaimLib} from "../../../contracts/types/Claim.sol";
import {AnswerFee} from "../../../contracts/types/Demand.sol";
import {Order, OrderLib} from "../../../contracts/types/Order.sol";
import {Payload} from "../../../contracts/types/Payload.sol";
import {PriceLadder} from "../../../contracts/types/PriceLadder.sol";
import {Slices} from "../../../contracts/types/Slices.sol";

/// Python and Solidity agree on every hash of the protocol.
contract ProtocolVectorsTest is Actors {
    using OrderLib for Order;

    function structHash(Order calldata order) external pure returns (bytes32) {
        return order.structHash();
    }

    function poolAndPayment(Order calldata order) external pure returns (PoolId, uint256, uint256) {
        return (order.pool(), order.payment(), order.auditOdds());
    }

    function payloadRoot(bytes calldata data, bytes32 salt) external view returns (bytes32) {
        return Payload.root(data, salt);
    }

    function test_answer_fees() external pure {
        AnswerVector[] memory answers = ProtocolVectors.answers();
        for (uint256 i; i < answers.length; ++i) {
            uint256 price = answers[i].pricePerByte;
            assertEq(AnswerFee.deposit(price), answers[i].deposit, "deposit");
            assertEq(AnswerFee.fee(0, price), answers[i].feeOfNothing, "fee of nothing");
            assertEq(AnswerFee.fee(1025, price), answers[i].feeOf1025Bytes, "fee");
        }
    }

    function test_payload_roots() external view {
        PayloadVector[] memory payloads = ProtocolVectors.payloads();
        for (uint256 i; i < payloads.length; ++i) {
            bytes memory data = new bytes(payloads[i].length);
            for (uint256 j; j < data.length; ++j) data[j] = bytes1(uint8((7 * j + j / 256) % 256));
            assertEq(this.payloadRoot(data, payloads[i].salt), payloads[i].root, "root");
        }
    }

    function test_prices_and_bonds() external pure {
        PriceVector[] memory prices = ProtocolVectors.prices();
        for (uint256 i; i < prices.length; ++i) {
            assertEq(PriceLadder.price(prices[i].tier), prices[i].price, "price");
            assertEq(PriceLadder.slotCeiling(prices[i].tier) * Slices.BOND, prices[i].bond, "bond");
        }
    }

    function test_orders() external view {
        JobVector[] memory jobs = ProtocolVectors.jobs();
        for (uint256 i; i < jobs.length; ++i) {
            JobVector memory job = jobs[i];
            assertEq(_separator(job.chainId, job.market), job.domainSeparator, "domain");
            assertEq(ModelId.unwrap(modelIdOf(job.modelName, job.modelVersion)), ModelId.unwrap(job.order.model), "model");
            (PoolId itsPool, uint256 payment, uint256 odds) = this.poolAndPayment(job.order);
            assertEq(PoolId.unwrap(itsPool), job.pool, "pool");
            assertEq(payment, job.payment, "payment");
            assertEq(odds, job.auditOdds, "odds");
            assertEq(AuditLib.seedOf(JobId.wrap(job.job), job.seed), job.auditSeed, "audit seed");
            assertEq(this.structHash(job.order), job.orderStructHash, "order");
            assertEq(_typed(job, job.orderStructHash), job.job, "job");
            _assertSigned(job.job, job.orderSignature, job.order.requester);
            bytes32 receipt = keccak256(
                abi.encode(keccak256("Receipt(bytes32 job,bytes32 outputRoot)"), job.job, job.outputRoot)
            );
            assertEq(receipt, job.receiptStructHash, "receipt");
        }
    }

    function test_commitments_and_claims() external pure {
        JobVector[] memory jobs = ProtocolVectors.jobs();
        for (uint256 i; i < jobs.length; ++i) {
            JobVector memory job = jobs[i];
            JobId id = JobId.wrap(job.job);
            assertEq(ClaimLib.drawOf(job.seed, job.round), job.draw, "draw");
            assertEq(ClaimLib.seedWith(job.seed, job.order.inputRoot), job.fixedSeed, "seed with an input");
            assertEq(ClaimLib.inputStructHash(id, job.order.inputRoot), job.inputStructHash, "input");
            bytes32[] memory commitments = new bytes32[](job.seats.length);
            for (uint256 s; s < job.seats.length; ++s) {
                SeatVector memory seat = job.seats[s];
                commitments[s] = ClaimLib.commitment(id, job.draw, seat.provider, job.outputRoot, seat.salt);
                assertEq(commitments[s], seat.commitment, "commitment");
                assertEq(
                    ClaimLib.commitStructHash(id, job.draw, seat.commitment), seat.commitStructHash, "commit"
                );
                _assertSigned(_typed(job, seat.commitStructHash), seat.commitSignature, seat.provider);
                Claim memory claim = Claim(
                    id, job.draw, job.order.shard, job.order.inputRoot, job.outputRoot, job.set, seat.salt
                );
                assertEq(ClaimLib.structHash(claim), seat.claimStructHash, "claim");
                assertEq(AuditLib.seal(id, seat.provider, job.outputRoot, seat.salt), seat.seal, "seal");
                _assertSigned(_typed(job, seat.claimStructHash), seat.claimSignature, seat.provider);
            }
            assertEq(ClaimLib.setOf(commitments), job.set, "set");
        }
    }

    function test_the_markets_own_domain_follows_the_same_formula() external view {
        assertEq(_separator(block.chainid, address(market)), market.domainSeparator(), "domain");
    }

    function _separator(uint256 chainId, address market_) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Touchstone"),
                keccak256("1"),
                chainId,
                market_
            )
        );
    }

    function _typed(JobVector memory job, bytes32 hash) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", job.domainSeparator, hash));
    }

    /// Signatures are compact, of 64 bytes.
    function _assertSigned(bytes32 digest, bytes memory signature, address signer) private pure {
        assertEq(signature.length, 64, "compact");
        (bytes32 r, bytes32 vs) = abi.decode(signature, (bytes32, bytes32));
        assertEq(ECDSA.recover(digest, r, vs), signer, "signer");
    }
}
