"""An input is the order's, and no more than it pays for."""

import numpy as np
import pytest

from touchstone.errors import UnpaidInputError
from touchstone.protocol.inputs import check_paid_input, input_size_limit
from touchstone.protocol.payload import MAX_PAYLOAD_BYTES, encode_payload, payload_root

SALT = b"s" * 32
UNIT_ROWS, MAX_ROWS = 8, 6


class OrderOf:
    """The two fields of an order that the rule is about."""

    def __init__(self, payload: bytes, units: int) -> None:
        self.input_root, self.units = payload_root(payload, SALT), units


def check(lengths, units=1, salt=SALT):
    payload = encode_payload([np.ones(n, np.int32) for n in lengths])
    return check_paid_input(OrderOf(payload, units), UNIT_ROWS, MAX_ROWS, payload, salt)


def test_what_is_paid_for_is_taken_to_the_last_row():
    assert check([6, 2]) == 8
    assert check([6, 6, 4], units=2) == 16


@pytest.mark.parametrize(
    ("lengths", "rule"), [([6, 3], "oversized"), ([7], "oversized"), ([3, 0], "malformed")]
)
def test_rows_beyond_the_pay_or_the_model_and_empty_sequences_are_refused(lengths, rule):
    with pytest.raises(UnpaidInputError) as refused:
        check(lengths)
    assert refused.value.rule == rule


def test_another_salt_has_another_root():
    with pytest.raises(UnpaidInputError) as refused:
        check([3], salt=b"t" * 32)
    assert refused.value.rule == "wrong_input"


def test_what_is_no_payload_is_malformed():
    with pytest.raises(UnpaidInputError) as refused:
        check_paid_input(OrderOf(b"x", 1), UNIT_ROWS, MAX_ROWS, b"x", SALT)
    assert refused.value.rule == "malformed"


def test_the_size_limit_holds_every_paid_input_and_never_more_than_a_payload():
    payload = encode_payload([np.ones(1, np.int32)] * 8)
    assert len(payload) <= input_size_limit(OrderOf(payload, 1), UNIT_ROWS)
    assert input_size_limit(OrderOf(payload, 1 << 30), UNIT_ROWS) == MAX_PAYLOAD_BYTES
