"""Random numbers by example: known bits, no dependence on the batch."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerassl.errors import InvalidValue
from kerassl.ops.random import threefry, uniform


def words(*values):
    return [ops.convert_to_tensor([value], dtype="uint32") for value in values]


@pytest.mark.parametrize(
    "key_and_counter, expected",
    [  # the vectors that the authors of Threefry publish with it
        ((0, 0, 0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF,) * 4, (0x1CB996FC, 0xBB002BE7)),
        (
            (0x13198A2E, 0x03707344, 0x243F6A88, 0x85A308D3),
            (0xC4923A9C, 0x483DF7A0),
        ),
    ],
)
def test_known_answers(key_and_counter, expected):
    found = [int(word[0]) for word in threefry(*words(*key_and_counter))]
    assert found == list(expected)


def test_an_example_draws_the_same_in_any_batch():
    seeds = np.arange(20).reshape(10, 2) - 7
    whole = ops.convert_to_numpy(uniform(seeds, (3, 4)))
    parts = [uniform(seeds[:3], (3, 4)), uniform(seeds[3:], (3, 4))]
    np.testing.assert_array_equal(
        whole, np.concatenate([ops.convert_to_numpy(part) for part in parts])
    )


def test_numbers_are_uniform_and_unlike():
    seeds = np.stack([np.arange(200), np.full(200, 5)], axis=1)
    numbers = ops.convert_to_numpy(uniform(seeds, (100,)))
    assert numbers.min() >= 0.0 and numbers.max() < 1.0
    counts, _ = np.histogram(numbers, 10, (0, 1))
    assert abs(counts - 2000).max() < 200  # 4.7 standard deviations
    assert len(np.unique(numbers)) > 19_900
    assert abs(np.corrcoef(numbers[0], numbers[1])[0, 1]) < 0.4


def test_a_size_of_zero_is_refused():
    with pytest.raises(InvalidValue, match="`shape` must be"):
        uniform(np.zeros((2, 2), "int32"), (0,))


def test_compiled_numbers_are_the_same():
    seeds = np.array([[1, 2], [-3, 4]], "int32")
    compiled = tf.function(lambda seeds: uniform(seeds, (3, 5)), jit_compile=True)
    np.testing.assert_array_equal(compiled(seeds), uniform(seeds, (3, 5)))
