// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Sampler, SamplerLib} from "./Sampler.sol";
import {VersionedWord, VersionedWordLib} from "./VersionedWord.sol";

/// A provider's leaf in the pool. `next` is its weight from epoch `changed` on, `current` until then.
struct Member {
    address owner;
    /// Where its entry stands from the next epoch on; means nothing while `next` is zero.
    uint32 place;
    uint16 next;
    uint16 current;
    uint32 changed;
}

/// Sum of all weights, in two versions like a member's.
struct Totals {
    uint24 leaves;
    uint48 next;
    uint48 current;
    uint32 changed;
}

/// The weights of a pool, kept so that a draw costs the same whatever the number of leaves: it loads the counts of
/// the classes, then one word for each throw (see Sampler). All that a draw reads changes at epoch boundaries only.
struct Roster {
    Totals totals;
    /// Eight lanes of 24 bits: entries in each of the classes 0 to 7. Lane 8: entries in all classes above, so that
    /// a pool without any, whose leaves all weigh at most 128, costs one word.
    VersionedWord light;
    /// Nine lanes: entries in each of the classes 8 to 16.
    VersionedWord heavy;
    /// Five entries in each word, the one of place p in lane p % 5 of word p / 5: leaf << 16 | weight. What stands
    /// beyond the count of its class means nothing.
    mapping(uint256 word => VersionedWord) entries;
    mapping(uint256 leaf => Member) members;
}

library RosterLib {
    using SamplerLib for Sampler;
    using VersionedWordLib for VersionedWord;
    using SafeCast for uint256;

    uint256 private constant LIGHT_CLASSES = 8;
    uint256 private constant COUNT_BITS = 24;
    uint256 private constant COUNT_MASK = (1 << COUNT_BITS) - 1;
    uint256 private constant WEIGHT_BITS = 16;
    uint256 private constant WEIGHT_MASK = (1 << WEIGHT_BITS) - 1;
    uint256 private constant ENTRY_BITS = 40;
    uint256 private constant ENTRY_MASK = (1 << ENTRY_BITS) - 1;
    uint256 private constant ENTRIES = 5;

    /// Leaves are numbered in 24 bits, less one value that seats use for "empty".
    uint256 internal constant MAX_LEAVES = type(uint24).max - 1;

    error RosterFull(uint256 leaves);

    // --- changes, from the next epoch on -----------------------------------------------------------------------

    /// Append a leaf of weight zero.
    function join(Roster storage roster, address owner) internal returns (uint256 leaf) {
        leaf = roster.totals.leaves;
        if (leaf >= MAX_LEAVES) revert RosterFull(leaf);
        // SAFETY: just checked.
        roster.totals.leaves = uint24(leaf + 1);
        roster.members[leaf].owner = owner;
    }

    /// Set the leaf's weight from epoch `epoch + 1` on; at most 65,535.
    function setNext(Roster storage roster, uint256 leaf, uint256 weight, uint256 epoch) internal {
        Member memory member = roster.members[leaf];
        uint256 before = member.next;
        if (member.changed <= epoch) (member.current, member.changed) = (member.next, _tag(epoch));
        member.next = weight.toUint16();

        if (before != 0 && weight != 0 && _classOf(before) == _classOf(weight)) {
            _put(roster, member.place, _entry(leaf, weight), epoch);
        } else {
            if (before != 0) _remove(roster, member.place, epoch);
            if (weight != 0) member.place = _insert(roster, leaf, weight, epoch);
        }
        roster.members[leaf] = member;

        Totals memory totals = roster.totals;
        if (totals.changed <= epoch) (totals.current, totals.changed) = (totals.next, _tag(epoch));
        // SAFETY: 2^24 leaves of 2^16 need 40 bits.
        totals.next = uint48(totals.next + weight - before);
        roster.totals = totals;
    }

    // --- views -----------------------------------------------------------------------------------------------

    function ownerOf(Roster storage roster, uint256 leaf) internal view returns (address) {
        return roster.members[leaf].owner;
    }

    /// The leaf's weight from the next epoch on.
    function nextWeight(Roster storage roster, uint256 leaf) internal view returns (uint256) {
        return roster.members[leaf].next;
    }

    /// The leaf's weight in this epoch.
    function weightAt(Roster storage roster, uint256 leaf, uint256 epoch) internal view returns (uint256) {
        Member memory member = roster.members[leaf];
        return member.changed <= epoch ? member.next : member.current;
    }

    /// Sum of all weights in this epoch.
    function total(Roster storage roster, uint256 epoch) internal view returns (uint256) {
        Totals memory totals = roster.totals;
        return totals.changed <= epoch ? totals.next : totals.current;
    }

    /// A sampler of this epoch's entries, with room for `capacity` of them to be taken.
    function samplerOf(Roster storage roster, uint256 epoch, uint256 capacity)
        internal
        view
        returns (Sampler memory sampler)
    {
        sampler = SamplerLib.none(capacity);
        uint256 counts = roster.light.read(epoch);
        for (uint256 class; counts != 0; ++class) {
            if (class == LIGHT_CLASSES) counts = roster.heavy.read(epoch);
            if (counts & COUNT_MASK != 0) sampler.append(class, counts & COUNT_MASK);
            counts >>= COUNT_BITS;
        }
    }

    /// The leaf whose entry stands at a place in this epoch, and its weight.
    function entryAt(Roster storage roster, uint256 place, uint256 epoch)
        internal
        view
        returns (uint256 leaf, uint256 weight)
    {
        // SAFETY: nothing here can overflow; the divisor is not zero.
        unchecked {
            uint256 entry = roster.entries[place / ENTRIES].read(epoch) >> (ENTRY_BITS * (place % ENTRIES));
            return ((entry & ENTRY_MASK) >> WEIGHT_BITS, entry & WEIGHT_MASK);
        }
    }

    // --- inside ----------------------------------------------------------------------------------------------

    /// Append an entry to its weight's class.
    function _insert(Roster storage roster, uint256 leaf, uint256 weight, uint256 epoch)
        private
        returns (uint32 place)
    {
        uint256 class = _classOf(weight);
        uint256 count = _count(roster, class);
        // SAFETY: below 17 * STRIDE, which is below 2^29.
        place = uint32(class * SamplerLib.STRIDE + count);
        _put(roster, place, _entry(leaf, weight), epoch);
        _setCount(roster, class, count, count + 1, epoch);
    }

    /// Remove the entry of a place; the last one of its class moves there.
    function _remove(Roster storage roster, uint32 place, uint256 epoch) private {
        uint256 class = place / SamplerLib.STRIDE;
        uint256 count = _count(roster, class);
        uint256 last = class * SamplerLib.STRIDE + count - 1;
        if (place != last) {
            uint256 entry = (roster.entries[last / ENTRIES].readNext() >> (ENTRY_BITS * (last % ENTRIES))) & ENTRY_MASK;
            _put(roster, place, entry, epoch);
            roster.members[entry >> WEIGHT_BITS].place = place;
        }
        _setCount(roster, class, count, count - 1, epoch);
    }

    function _put(Roster storage roster, uint256 place, uint256 entry, uint256 epoch) private {
        VersionedWord storage word = roster.entries[place / ENTRIES];
        uint256 shift = ENTRY_BITS * (place % ENTRIES);
        word.writeNext((word.readNext() & ~(ENTRY_MASK << shift)) | (entry << shift), epoch);
    }

    function _count(Roster storage roster, uint256 class) private view returns (uint256) {
        if (class < LIGHT_CLASSES) return (roster.light.readNext() >> (COUNT_BITS * class)) & COUNT_MASK;
        return (roster.heavy.readNext() >> (COUNT_BITS * (class - LIGHT_CLASSES))) & COUNT_MASK;
    }

    /// SAFETY (all lanes): there are fewer entries than leaves, whose number fits a lane.
    function _setCount(Roster storage roster, uint256 class, uint256 before, uint256 count, uint256 epoch) private {
        if (class >= LIGHT_CLASSES) {
            uint256 shift = COUNT_BITS * (class - LIGHT_CLASSES);
            roster.heavy.writeNext(roster.heavy.readNext() + (count << shift) - (before << shift), epoch);
            class = LIGHT_CLASSES;
        }
        uint256 at_ = COUNT_BITS * class;
        roster.light.writeNext(roster.light.readNext() + (count << at_) - (before << at_), epoch);
    }

    function _entry(uint256 leaf, uint256 weight) private pure returns (uint256) {
        return (leaf << WEIGHT_BITS) | weight;
    }

    function _classOf(uint256 weight) private pure returns (uint256) {
        return Math.log2(weight, Math.Rounding.Ceil);
    }

    /// SAFETY: 2^32 epochs last for 136 years, even at one a second.
    function _tag(uint256 epoch) private pure returns (uint32) {
        return uint32(epoch + 1);
    }
}
