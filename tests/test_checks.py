"""Numbers that are none, or out of range, are refused by name."""

import numpy as np
import pytest

from kerassl.checks import check_integer, check_number, check_positive_integers


@pytest.mark.parametrize(
    "value", ["0.1", "", None, True, [0.1], {"a": 1}, 1j, np.ones(1), object()]
)
def test_what_is_no_number_is_named(value):
    with pytest.raises(TypeError, match="`rate` must be a number, in .0, 1.*rate="):
        check_number("rate", value, least=0, most=1)


@pytest.mark.parametrize(
    "limits, wanted",
    [
        ({"above": 0}, "above 0"),
        ({"least": 0}, "0 or more"),
        ({"least": 0, "most": 1}, r"in \[0, 1\]"),
        ({"least": 0, "below": 1}, r"in \[0, 1\)"),
        ({"above": 0, "most": 1}, r"in \(0, 1\]"),
        ({}, "finite"),
    ],
)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e300])
def test_nan_and_infinity_are_never_in_range(limits, wanted, value):
    with pytest.raises(ValueError, match=f"`rate` must be {wanted}.*Received: rate="):
        check_number("rate", value, **limits)


def test_ends_of_a_range():
    check_number("rate", 0, least=0, most=1)
    check_number("rate", 1, least=0, most=1)
    check_number("rate", np.float32(0.5), above=0, below=1)
    for value, limits in ((0, {"above": 0}), (1, {"below": 1}), (2, {"most": 1})):
        with pytest.raises(ValueError, match="`rate` must be"):
            check_number("rate", value, **limits)
    with pytest.raises(ValueError, match=r"finite in float32.*rate=1000+\.\.\."):
        check_number("rate", 10**400)


@pytest.mark.parametrize("value", [0, -3, 1.0, "4", None, True, float("nan"), 2**31])
def test_what_is_no_size_is_named(value):
    with pytest.raises(ValueError, match="`dim` must be a positive integer.*dim="):
        check_positive_integers(size=1, dim=value)


def test_integers_have_ends():
    check_integer("start", 0, least=0)
    check_integer("number", -5)
    with pytest.raises(ValueError, match="`start` must be an integer >= 0. Received"):
        check_integer("start", -1, least=0)
    with pytest.raises(ValueError, match="an integer >= 0, at most 9. Received"):
        check_integer("start", 10, least=0, most=9)
