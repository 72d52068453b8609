import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl.data import ArraySource, Subset, as_source
from kerassl.data.dataset import (
    check_fits,
    prepared_batches,
    pretext_dataset,
    steps_per_epoch,
)
from kerassl.errors import UserError
from kerassl.pretext import (
    ImagesAndNoise,
    PretextLayer,
    RandomView,
    Reconstruct,
    TwoViews,
)


class Noise(PretextLayer):
    def call(self, inputs, seed):
        return inputs, tf.random.stateless_uniform(tf.shape(inputs), seed)


def batches(count, *, size=23, batch_size=5, seed=0, start=0):
    dataset = pretext_dataset(
        np.arange(size, dtype="int64"),
        Noise(),
        batch_size=batch_size,
        seed=seed,
        start=start,
    )
    return [tuple(t.numpy() for t in b) for b in dataset.take(count)]


def test_the_nth_batch_does_not_depend_on_where_one_starts():
    whole = batches(20)
    for start in (1, 4, 5, 13):
        for late, early in zip(batches(3, start=start), whole[start:], strict=False):
            np.testing.assert_array_equal(late[0], early[0])
            np.testing.assert_array_equal(late[1], early[1])


@pytest.mark.parametrize("size, batch_size", [(23, 5), (24, 6), (96, 64), (7, 7)])
def test_no_batch_reaches_into_the_next_pass(size, batch_size):
    per_pass = size // batch_size
    found = batches(5 * per_pass, size=size, batch_size=batch_size)
    passes = np.reshape([b[0] for b in found], (5, per_pass * batch_size))
    for one in passes:
        assert len(set(one)) == per_pass * batch_size  # none twice
    assert len({tuple(one) for one in passes}) == 5
    left_out = {tuple(sorted(set(range(size)) - set(one))) for one in passes}
    assert len(left_out) == (5 if size % batch_size else 1)


def test_batches_that_fill_a_pass_are_those_of_the_first_release():
    # Drawn by kerassl 0.1.0: its runs of such sizes go on to the bit.
    order = np.concatenate([b[0] for b in batches(6, size=9, batch_size=3, seed=7)])
    assert order.tolist() == [0, 8, 5, 6, 2, 1, 3, 4, 7, 6, 7, 5, 3, 0, 1, 2, 8, 4]


def test_all_examples_in_order():
    dataset = pretext_dataset(np.arange(23), Noise(), batch_size=5, seed=1)
    whole, rest = dataset.in_order()
    parts = [*whole, *rest]
    assert [len(x) for x, _ in parts] == [5, 5, 5, 5, 3]
    np.testing.assert_array_equal(np.concatenate([x for x, _ in parts]), np.arange(23))
    assert whole.element_spec[0].shape == (5,) and rest.element_spec[0].shape == (3,)
    # Another batch has other noise; the same one has that of training.
    for number, (_, noise) in enumerate(parts[:4]):
        trained = batches(1, seed=1, start=number)[0][1]
        np.testing.assert_array_equal(noise, trained)
    filled, nothing = dataset.in_order(fill=True)
    assert nothing is None
    order = np.concatenate([x for x, _ in filled])
    np.testing.assert_array_equal(order, [*np.arange(23), 0, 1])


def test_a_stream_in_order():
    stream = tf.data.Dataset.range(7)
    dataset = pretext_dataset(stream, Noise(), batch_size=3)
    whole, rest = dataset.in_order()
    order = [x.numpy().tolist() for x, _ in [*whole, *rest]]
    assert order == [[0, 1, 2], [3, 4, 5], [6]]
    filled, _ = dataset.in_order(fill=True)
    assert [x.numpy().tolist() for x, _ in filled][-1] == [6, 0, 1]


def test_seeds_and_batches_differ():
    first, second = batches(2)
    assert not np.array_equal(first[1], second[1])
    assert not np.array_equal(first[0], batches(1, seed=1)[0][0])


def test_permutations_are_uniform():
    # 400 passes over 5 examples: each example comes first about 80 times.
    first = np.array([b[0][0] for b in batches(400, size=5)])
    counts = np.bincount(first, minlength=5)
    assert counts.min() > 50 and counts.max() < 115


def test_knows_the_length_of_a_pass():
    dataset = pretext_dataset(np.arange(23), Noise(), batch_size=5)
    assert steps_per_epoch(dataset) == 4
    assert dataset.element_spec[0].shape == (5,)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"batch_size": 24}, "`batch_size` is 24, but there are only 23 examples"),
        ({"batch_size": 0}, "`batch_size` must be an integer >= 1. Received: 0"),
        ({"start": -1}, "`start` must be an integer >= 0. Received: -1"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        batches(1, **options)


class Named(PretextLayer):
    def call(self, inputs, seed):
        return {"value": 10 * inputs}, inputs

    def prepare(self, inputs):
        return -inputs


def test_ids_are_positions_in_the_source():
    dataset = pretext_dataset(
        np.arange(23), Named(), batch_size=5, reads=["id"], start=3
    )
    for x, y in dataset.take(7):
        assert x["id"].dtype == tf.int64 and x["id"].shape == (5,)
        np.testing.assert_array_equal(x["id"], y)
        np.testing.assert_array_equal(x["value"], 10 * x["id"])
    (x, _) = next(iter(pretext_dataset(np.arange(23), Named(), batch_size=5)))
    assert set(x) == {"value"}


def reads(seed=0, start=0):
    options = {"batch_size": 5, "seed": seed, "start": start}
    data = pretext_dataset(np.arange(23), Named(), reads=["seed", "step"], **options)
    assert data.element_spec[0]["seed"].shape == (5, 2)
    assert data.element_spec[0]["step"].shape == (5,)
    return [{k: v.numpy() for k, v in x.items()} for x, _ in data.take(6)]


def test_seeds_and_steps_are_a_function_of_seed_and_number():
    whole, later = reads(), reads(start=2)
    for one, other in zip(whole[2:], later, strict=False):
        np.testing.assert_array_equal(one["seed"], other["seed"])
    assert [set(x["step"]) for x in later] == [{n} for n in range(2, 8)]
    seeds = np.concatenate([x["seed"] for x in whole] + [reads(1)[0]["seed"]])
    assert len(np.unique(seeds, axis=0)) == len(seeds)


def test_an_unknown_read_is_refused():
    with pytest.raises(UserError, match="`reads` must be some of"):
        pretext_dataset(np.arange(23), Named(), batch_size=5, reads=["ids"])


def test_ids_need_random_access_and_a_dict():
    stream = tf.data.Dataset.range(23)
    with pytest.raises(ValueError, match="`examples` must be readable at any position"):
        pretext_dataset(stream, Named(), batch_size=5, reads=["id"])
    with pytest.raises(ValueError, match="must give a dict of inputs"):
        pretext_dataset(np.arange(23), Noise(), batch_size=5, reads=["id"])


def test_prepared_batches_are_clean_and_in_order():
    source = as_source(np.arange(23))
    batches = list(prepared_batches(source, Named(), 10).as_numpy_iterator())
    assert [len(batch) for batch in batches] == [10, 10, 3]
    np.testing.assert_array_equal(np.concatenate(batches), -np.arange(23))


@pytest.mark.parametrize("kind", [TwoViews, RandomView, Reconstruct, ImagesAndNoise])
def test_images_out_of_range_are_refused_before_training(kind):
    layer = kind(8)
    images = np.full((40, 8, 8, 1), 0.5, "float32")
    images[39] = 255
    for examples in (images, images.tolist(), ArraySource(images)):
        with pytest.raises(UserError, match="from 0.5 to 255: divide them by 255"):
            pretext_dataset(examples, layer, batch_size=4)
    with pytest.raises(UserError, match="divide them by 255"):
        prepared_batches(Subset(ArraySource(images), [39]), layer)
    stream = tf.data.Dataset.from_tensor_slices(images[::-1])
    with pytest.raises(UserError, match="divide them by 255"):
        pretext_dataset(stream, layer, batch_size=4)
    with pytest.raises(UserError, match=r"a dict with \['image'\]"):
        pretext_dataset({"image": images}, layer, batch_size=4)


def test_an_error_inside_prepare_is_not_taken_for_a_layer_without_one():
    class Broken(Reconstruct):
        def prepare(self, inputs):
            raise NotImplementedError("half done")

    class OnlyTrains(PretextLayer):
        """A layer without `prepare`."""

    encoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    source = as_source(np.zeros((4, 3)))
    with pytest.raises(NotImplementedError, match="half done"):
        check_fits(source, Broken(), encoder)
    check_fits(source, OnlyTrains(), encoder)
