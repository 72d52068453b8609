import numpy as np
import pytest

from kerassl.data import ArraySource, Subset


def test_a_part_in_a_given_order():
    whole = ArraySource(np.arange(5) * 10, labels=[0, 1, 0, 1, 1], class_names="ab")
    part = Subset(whole, [4, 0, 1])
    assert len(part) == 3
    assert part.fetch([2, 0]).numpy().tolist() == [10, 40]
    assert part.labels.tolist() == [1, 0, 1]
    assert part.class_names == ("a", "b")
    assert part.describe()["examples"] == 3
    assert Subset(part, [1]).fetch([0]).numpy().tolist() == [0]


@pytest.mark.parametrize("indices", [[5], [-1, 2]])
def test_positions_lie_in_the_source(indices):
    with pytest.raises(ValueError, match=r"`indices` must lie in \[0, 5\)"):
        Subset(ArraySource(np.arange(5)), indices)
