"""What a requester publishes of its input: the Poseidon hash of the values and a salt.

The circuit takes the values and, after them, the salt's two elements; it hashes them all and
computes with the values alone. So the hash binds the salt, and the salt changes no output.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import ezkl

from touchstone.errors import InputRangeError
from touchstone.zk.field import from_hex, quantise, to_hex

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SALT_BYTES = 30
"""240 random bits: one element of the field less a few bits, in two halves that ezkl's 128-bit
integers hold."""

SALT_ELEMENTS = 2


def new_salt() -> bytes:
    """A salt for one job. It is as secret as the input, and never used twice."""
    return secrets.token_bytes(SALT_BYTES)


def circuit_input(values: ArrayLike, scale: int, salt: bytes) -> list[str]:
    """What the circuit takes, in ezkl's writing: the quantised values, then the salt.

    Raises:
        InputRangeError: the salt has another length.
    """
    if len(salt) != SALT_BYTES:
        raise InputRangeError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}: use new_salt()")
    half = SALT_BYTES // 2
    salted = (int.from_bytes(part, "big") for part in (salt[:half], salt[half:]))
    return [to_hex(number) for number in (*quantise(values, scale), *salted)]


def input_commitment(values: ArrayLike, salt: bytes, scale: int) -> int:
    """The field element that stands for an input in an order and among a proof's instances.

    Needs no key and no circuit: it is ezkl's Poseidon over the values and the salt.

    Args:
        values: the input's numbers, in the model's order.
        salt: 30 random bytes of this job.
        scale: fraction bits of the circuit's input, from its manifest.
    """
    return from_hex(ezkl.poseidon_hash(circuit_input(values, scale, salt))[0])
