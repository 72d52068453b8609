import keras
import numpy as np
import pytest

from kerassl.layers import RowContext


def grid(rows=6, columns=5):
    return np.random.default_rng(0).normal(size=(2, rows, columns, 3)).astype("float32")


def built(depth):
    keras.utils.set_random_seed(0)
    context = RowContext(hidden_dim=8, depth=depth)
    context(grid())
    # No place is shut by a ReLU.
    for variable in context.weights:
        if "bias" in variable.path:
            variable.assign(np.full(variable.shape, 0.5))
    return context


@pytest.mark.parametrize("row", range(1, 6))
def test_nothing_below_reaches_a_row(row):
    context, x = built(depth=4), grid()
    changed = x.copy()
    changed[:, row:] = np.random.default_rng(1).normal(size=changed[:, row:].shape)
    one, two = (context(each, training=True).numpy() for each in (x, changed))
    np.testing.assert_array_equal(two[:, :row], one[:, :row])
    assert not np.allclose(two[:, row], one[:, row])


def test_as_many_rows_above_reach_it_as_it_is_deep():
    context, x = built(depth=2), grid() + 3
    changed = x.copy()
    changed[:, 0] += 1.0
    moved = np.abs(context(changed) - context(x)).max(axis=(0, 2, 3)) > 1e-6
    assert moved.tolist() == [True, True, True, False, False, False]


def test_config_round_trip_and_errors():
    context = RowContext(hidden_dim=8, depth=2)
    assert RowContext.from_config(context.get_config()).depth == 2
    assert context.compute_output_shape((None, 4, 4, 3)) == (None, 4, 4, 3)
    with pytest.raises(ValueError, match="`depth`"):
        RowContext(depth=0)
    with pytest.raises(ValueError, match="`hidden_dim`"):
        RowContext(hidden_dim=1.5)
