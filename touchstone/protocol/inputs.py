"""Whether an input is the one that an order names and pays for: the same rule for every role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from touchstone.errors import PayloadError, UnpaidInputError
from touchstone.protocol.payload import (
    MAX_PAYLOAD_BYTES,
    MAX_SEQUENCES,
    decode_payload,
    payload_root,
    rows_of,
)

if TYPE_CHECKING:
    from touchstone.protocol.orders import Order


def input_size_limit(order: Order, unit_rows: int) -> int:
    """The most bytes that an input of the order may have."""
    return min(MAX_PAYLOAD_BYTES, 8 + 4 * MAX_SEQUENCES + 4 * order.units * unit_rows)


def check_paid_input(
    order: Order, unit_rows: int, max_rows: int, payload: bytes, salt: bytes
) -> int:
    """Rows of a payload that is what the order names and pays for.

    Args:
        order: the order.
        unit_rows: rows that one unit of the model's work covers.
        max_rows: the longest sequence that the model takes, in rows.
        payload: the input.
        salt: the job's salt.

    Raises:
        UnpaidInputError: `malformed`, `oversized` or `wrong_input`.
    """
    try:
        sequences = decode_payload(payload)
    except PayloadError as error:
        raise UnpaidInputError("malformed", str(error)) from None
    longest = max(len(s) for s in sequences)
    if min(len(s) for s in sequences) < 1:
        raise UnpaidInputError("malformed", "a sequence is empty")
    if longest > max_rows:
        raise UnpaidInputError(
            "oversized", f"a sequence has {longest} rows, the model takes {max_rows}"
        )
    rows, paid = rows_of(sequences), order.units * unit_rows
    if rows > paid:
        raise UnpaidInputError("oversized", f"the input has {rows} rows, {paid} are paid for")
    if payload_root(payload, salt) != order.input_root:
        raise UnpaidInputError("wrong_input", "payload and salt do not have the order's input root")
    return rows
