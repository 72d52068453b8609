import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl.optimizers.row_adagrad import RowAdagrad


@pytest.mark.parametrize("initial", [0.0, 0.5])
def test_matches_reference_over_steps(initial):
    random = np.random.default_rng(0)
    table = random.normal(size=(5, 3))
    variable, vector = keras.Variable(table), keras.Variable([1.0, 2.0])
    optimizer = RowAdagrad(0.3, initial_accumulator_value=initial)
    optimizer.build([variable, vector])
    sums, vector_sums = np.full(5, initial), np.full(2, initial)
    expected = np.array([1.0, 2.0])
    for _ in range(4):
        gradient, other = random.normal(size=(5, 3)), random.normal(size=2)
        optimizer.apply([keras.ops.array(gradient), keras.ops.array(other)])
        sums += (gradient**2).mean(axis=1)
        table -= 0.3 * gradient / np.sqrt(sums)[:, None]
        vector_sums += other**2
        expected -= 0.3 * other / np.sqrt(vector_sums)
    np.testing.assert_allclose(variable.numpy(), table, rtol=1e-5)
    np.testing.assert_allclose(vector.numpy(), expected, rtol=1e-5)


def test_rows_named_twice_are_summed_first():
    start = np.arange(8.0).reshape(4, 2)
    values = np.array([[1.0, 2.0], [3.0, 4.0], [-2.0, 5.0]], "float32")
    dense = np.zeros((4, 2), "float32")
    np.add.at(dense, [2, 0, 2], values)
    results = []
    for gradient in (
        tf.IndexedSlices(tf.constant(values), tf.constant([2, 0, 2]), (4, 2)),
        tf.constant(dense),
    ):
        variable = keras.Variable(start)
        optimizer = RowAdagrad(0.5)
        optimizer.build([variable])
        optimizer.apply([gradient])
        optimizer.apply([gradient])
        results.append(variable.numpy())
    np.testing.assert_allclose(results[0], results[1], rtol=1e-6)
    np.testing.assert_array_equal(results[0][[1, 3]], start[[1, 3]])


def test_steps_do_not_depend_on_the_scale_of_the_loss():
    results = []
    for scale in (1.0, 1e-6):
        variable = keras.Variable(np.ones((2, 3)))
        optimizer = RowAdagrad(0.1)
        optimizer.build([variable])
        for step in ([[1.0, -2.0, 0.5]] * 2, [[0.3, 0.1, 0.2]] * 2):
            optimizer.apply([keras.ops.array(step) * scale])
        results.append(variable.numpy())
    np.testing.assert_allclose(results[0], results[1], rtol=1e-4)


def test_the_state_is_one_number_a_row():
    optimizer = RowAdagrad()
    optimizer.build([keras.Variable(np.zeros((7, 3)))])
    assert [tuple(v.shape) for v in optimizer.variables[2:]] == [(7,)]


def test_configuration():
    made = RowAdagrad(0.2, epsilon=1e-8, initial_accumulator_value=1e-9)
    again = RowAdagrad.from_config(made.get_config())
    assert float(again.learning_rate) == pytest.approx(0.2)
    assert (again.epsilon, again.initial_accumulator_value) == (1e-8, 1e-9)


def test_a_file_that_names_no_start_begins_at_none():
    config = RowAdagrad().get_config()
    del config["initial_accumulator_value"]
    assert RowAdagrad.from_config(config).initial_accumulator_value == 0


def test_epsilon_must_be_positive():
    with pytest.raises(ValueError, match="epsilon"):
        RowAdagrad(epsilon=0)


def test_a_start_below_none_is_refused():
    with pytest.raises(ValueError, match="`initial_accumulator_value`"):
        RowAdagrad(initial_accumulator_value=-1e-9)
