import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from digit_views import batch, digit_views, features_of, few_label_accuracy

from kerassl import distribute
from kerassl.data import digits
from kerassl.encoders.resnet import resnet
from kerassl.losses.redundancy import barlow_twins
from kerassl.metrics.geometry import effective_rank
from kerassl.models.base import global_mean_share
from kerassl.models.redundancy.barlow_twins import BarlowTwins


def tiny(widths=(8,), jit_compile=False, **arguments):
    encoder = resnet((8, 8, 1), (1,) * len(widths), widths)
    sizes = {"projection_dim": 12, "hidden_dims": (10,)}
    return BarlowTwins(
        encoder, digit_views(jit_compile=jit_compile), **{**sizes, **arguments}
    )


def logs_of(task, x):
    task.compile("sgd")
    return task.evaluate(x, batch_size=16, verbose=0, return_dict=True)


def test_loss_is_that_of_the_written_formula():
    task = tiny(redundancy_weight=0.3)
    x = batch(task)
    logs = logs_of(task, x)
    z1, z2 = (
        (z - z.mean(0)) / np.sqrt(z.var(0) + 1e-5) for z in task.predict(x, verbose=0)
    )
    c = z1.T @ z2 / 16
    invariance = ((1 - np.diag(c)) ** 2).sum()
    redundancy = (c**2).sum() - (np.diag(c) ** 2).sum()
    for name, value in {
        "invariance": invariance / 12,
        "redundancy": redundancy / (12 * 11),
        "loss": invariance + 0.3 * redundancy,
    }.items():
        np.testing.assert_allclose(logs[name], value, rtol=1e-4)


def test_views_that_know_nothing_of_each_other_have_the_loss_at_chance():
    task = tiny(redundancy_weight=0.3)
    z1, z2 = task.predict(batch(task), verbose=0)
    z1, z2 = 100 * z1, 100 * z2  # so that the variances are far above epsilon
    random = np.random.default_rng(0)
    losses = [barlow_twins(z1, z2[random.permutation(16)], 0.3) for _ in range(400)]
    np.testing.assert_allclose(np.mean(losses), task.loss_at_chance(16), rtol=0.03)
    assert task.loss_at_chance(16) == pytest.approx(12 * (1 + (1 + 0.3 * 11) / 15))


def test_collapsed_embeddings_have_the_loss_of_no_correlation():
    task = tiny()
    task.projector.stack[-1].kernel.assign(np.zeros((10, 12)))
    logs = logs_of(task, batch(task))
    assert logs == {"loss": 12.0, "invariance": 1.0, "redundancy": 0.0}


def test_gradients_through_the_replicas_correlations_are_those_of_one_batch(
    two_replicas,
):
    rows = np.random.default_rng(0).normal(size=(8, 2, 3)).astype("float32")
    shares = (5, 3)

    def gradient(rows):
        with tf.GradientTape() as tape:
            tape.watch(rows)
            views = (distribute.all_gather(rows[:, view]) for view in (0, 1))
            loss = global_mean_share(barlow_twins(*views))
        return tape.gradient(loss, rows)

    expected = gradient(tf.constant(rows))
    parts = two_replicas.experimental_distribute_values_from_function(
        lambda context: tf.constant(
            np.split(rows, shares[:1])[context.replica_id_in_sync_group]
        )
    )
    found = tf.function(lambda rows: two_replicas.run(gradient, (rows,)))(parts)
    found = np.concatenate(two_replicas.experimental_local_results(found))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    alone = np.concatenate([gradient(tf.constant(p)) for p in np.split(rows, [5])])
    assert np.abs(alone - expected).max() > 0.1  # what local statistics would give


def test_a_view_does_not_reach_the_embedding_of_the_other():
    task = tiny()
    x = batch(task)
    first = task.predict(x, verbose=0)[0]
    other = task.predict({**x, "view2": 1 - x["view2"]}, verbose=0)
    np.testing.assert_array_equal(other[0], first)
    assert not np.allclose(other[1], task.predict(x, verbose=0)[1])


def test_defaults_are_the_papers():
    # Read, not built: three layers of 8192 units take half a gigabyte.
    names = inspect.signature(BarlowTwins).parameters
    dims = [names[name].default for name in ("hidden_dims", "projection_dim")]
    assert dims == [(8192, 8192), 8192]
    assert names["redundancy_weight"].default == 0.0051


@pytest.mark.parametrize(
    "argument, value",
    [
        ("projection_dim", 0),
        ("hidden_dims", (8, 0)),
        ("redundancy_weight", -1),
        ("redundancy_weight", float("nan")),
        ("redundancy_weight", "1"),
    ],
)
def test_errors(argument, value):
    with pytest.raises((ValueError, TypeError), match=f"`{argument}` must"):
        tiny(**{argument: value})


@pytest.mark.quality
def test_learns_features_of_digits_that_beat_random_ones():
    task = tiny(
        (16, 32),
        jit_compile=True,
        projection_dim=128,
        hidden_dims=(128,),
        redundancy_weight=0.02,
    )
    before = few_label_accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 128, seed=0)
    history = task.fit(data, steps_per_epoch=40, epochs=3, verbose=0).history
    assert history["loss"][-1] < 128 / 2  # a collapse has 128
    assert few_label_accuracy(task) > before + 0.2
    assert effective_rank(features_of(task, digits("test"))) > 5
