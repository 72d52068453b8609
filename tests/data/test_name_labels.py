import time

import pytest

from kerassl.data.name_labels import NameLabels
from kerassl.errors import InvalidType


def test_the_group_is_the_label():
    digit, speaker = NameLabels(r"(\d)_"), NameLabels(r"\d_([a-z]+)_")
    assert (digit("7_jackson_32.wav"), speaker("7_jackson_32.wav")) == ("7", "jackson")
    assert digit("x7_jackson_32.wav") is None


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        r"\d_",
        r"(\d)_(\d)",
        "(",
        "(a+)+$",
        "((a*)*)*",
        r"(a|aa)+",
        r"(a)\1",
        "(?P<x>a)(?=b)",
        "(a*)a*a*a*b",
        "(a{99999999999999999999})",
        "(" * 100 + ")" * 100,
        "(a)" + "b" * 300,
    ],
)
def test_other_patterns_are_refused(pattern):
    with pytest.raises(ValueError, match="`label_pattern` must"):
        NameLabels(pattern)


def test_a_pattern_is_a_string():
    with pytest.raises(InvalidType, match="label_pattern"):
        NameLabels(7)


def test_classes_and_escapes_are_no_repeats():
    found = NameLabels(r"[+*?]\+\*([a-z)]*)")
    assert found("?+*ab).wav") == "ab)"


def test_the_worst_pattern_that_is_let_through_ends():
    begin = time.perf_counter()
    assert NameLabels(".*.*.*(b)")("a" * 255) is None
    assert time.perf_counter() - begin < 5
