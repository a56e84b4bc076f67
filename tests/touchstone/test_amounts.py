import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchstone.amounts import format_tokens, parse_positive_tokens, parse_tokens
from touchstone.errors import AmountError


@pytest.mark.parametrize(
    ("units", "text"),
    [
        (0, "0"),
        (1, "0.000000000000000001"),
        (10**18, "1"),
        (15 * 10**17, "1.5"),
        (-(10**17), "-0.1"),
        (2**256 - 1, f"{(2**256 - 1) // 10**18}.{(2**256 - 1) % 10**18:018d}"),
    ],
)
def test_known_amounts(units, text):
    assert format_tokens(units) == text
    assert parse_tokens(text) == units


@given(st.integers(-(2**256), 2**256))
def test_every_amount_survives_the_round_trip(units):
    assert parse_tokens(format_tokens(units)) == units


@pytest.mark.parametrize(
    "text", ["", ".", "1.", ".5", "1e3", "1,5", "+1", "0x1", "nan", "٣", "0.1234567890123456789"]
)
def test_what_is_not_a_plain_decimal_is_refused(text):
    with pytest.raises(AmountError):
        parse_tokens(text)


@pytest.mark.parametrize("text", ["0", "-1", "-0.5", "0.0"])
def test_what_moves_or_limits_something_is_positive(text):
    with pytest.raises(AmountError, match="not a positive amount"):
        parse_positive_tokens(text)
    assert parse_positive_tokens("0.5") == 5 * 10**17
