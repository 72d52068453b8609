"""Which measures will be made is told without making what only others need."""

import numpy as np
import pytest

from kerassl.data import ArraySource
from kerassl.pretraining.measuring import expected
from kerassl.transfer import Measure

TEST = ArraySource(np.zeros((3, 2)))


class Fitting(Measure):
    name = "fitting"

    def __init__(self, reason=None, fallback=False):
        self.reason, self.fallback, self.asked = reason, fallback, 0

    def left_out(self, task, test):
        self.asked += 1
        return self.reason


def test_what_is_made_where_nothing_else_fits_is_asked_last():
    last = [Fitting("no", True), Fitting(None, True), Fitting(None, True)]
    first = [Fitting(), Fitting("no")]
    assert expected(None, [last[1], *first], TEST) == first[:1]
    assert last[1].asked == 0
    assert expected(None, [first[1], *last], TEST) == [last[1]]


@pytest.mark.parametrize("test", [None, TEST])
def test_where_nothing_fits_nothing_is_made(test):
    assert expected(None, [Fitting("no"), Fitting("no", True)], test) == []
    assert expected(None, [Fitting()], None) == []
