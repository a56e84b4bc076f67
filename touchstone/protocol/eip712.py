"""EIP-712 digests and compact signatures (EIP-2098)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eth_abi.abi import encode
from eth_keys.datatypes import Signature as KeySignature
from eth_keys.exceptions import BadSignature
from eth_typing import Hash32
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from touchstone.errors import SignatureError

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from eth_typing import ChecksumAddress

_DOMAIN_TYPEHASH = keccak(
    text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_NAME = keccak(text="Touchstone")
_VERSION = keccak(text="1")
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


@dataclass(frozen=True, slots=True)
class Domain:
    """The chain and market contract that a signature is for: it is void on any other."""

    chain_id: int
    market: ChecksumAddress

    @property
    def separator(self) -> bytes:
        """EIP-712 domain separator, 32 bytes."""
        return keccak(
            encode(
                ["bytes32", "bytes32", "bytes32", "uint256", "address"],
                [_DOMAIN_TYPEHASH, _NAME, _VERSION, self.chain_id, self.market],
            )
        )

    def digest(self, struct_hash: bytes) -> bytes:
        """What is signed for a struct of that hash, 32 bytes."""
        return keccak(b"\x19\x01" + self.separator + struct_hash)


@dataclass(frozen=True, slots=True)
class Signature:
    """A compact signature: `r`, and `s` with the parity of the point in its top bit."""

    r: bytes
    vs: bytes

    def __post_init__(self) -> None:
        if len(self.r) != 32 or len(self.vs) != 32:
            raise SignatureError(
                f"a compact signature is 32 + 32 bytes, not {len(self.r)} + {len(self.vs)}"
            )

    def to_bytes(self) -> bytes:
        """64 bytes, r first."""
        return self.r + self.vs

    @classmethod
    def from_bytes(cls, data: bytes) -> Signature:
        """Reads 64 bytes. Raises SignatureError for any other length."""
        return cls(data[:32], data[32:])

    def expanded(self) -> bytes:
        """The 65-byte form r, s, v that contracts' `isValidSignature` and `ecrecover` take."""
        parity = self.vs[0] >> 7
        s = bytes([self.vs[0] & 0x7F]) + self.vs[1:]
        return self.r + s + bytes([27 + parity])


def sign(account: LocalAccount, digest: bytes) -> Signature:
    """Signs a 32-byte digest as it stands."""
    signed = account.unsafe_sign_hash(Hash32(digest))
    parity = signed.v - 27
    return Signature(signed.r.to_bytes(32, "big"), (signed.s | parity << 255).to_bytes(32, "big"))


def recover(digest: bytes, signature: Signature) -> ChecksumAddress:
    """The address that signed `digest`.

    Raises:
        SignatureError: the signature is no point of the curve, or its `s` is in the upper half,
            which the contracts refuse.
    """
    packed = int.from_bytes(signature.vs, "big")
    s = packed & ((1 << 255) - 1)
    if s > _HALF_ORDER:
        raise SignatureError("the signature's s is in the upper half of the order")
    try:
        key = KeySignature(vrs=(packed >> 255, int.from_bytes(signature.r, "big"), s))
        return to_checksum_address(key.recover_public_key_from_msg_hash(digest).to_address())
    except (BadSignature, ValidationError, ValueError) as error:
        raise SignatureError(f"the signature recovers no address: {error}") from error


def is_signed_by(digest: bytes, expanded: bytes, address: str) -> bool:
    """Whether `address` made this 65-byte signature (r, s, v) with a plain key."""
    if len(expanded) != 65 or expanded[64] not in (27, 28) or expanded[32] & 0x80:
        return False
    parity = expanded[64] - 27
    packed = bytes([expanded[32] | parity << 7]) + expanded[33:64]
    try:
        return recover(digest, Signature(expanded[:32], packed)) == address
    except SignatureError:
        return False
