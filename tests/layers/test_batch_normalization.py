import os
import subprocess
import sys

import keras
import numpy as np
import tensorflow as tf

from kerassl.layers import batch_normalization

X = np.random.default_rng(0).normal(size=(7, 3)).astype("float32")


def normalised(make, strategy):
    """Returns the rows and the moving mean of a batch in shares of 4 and 3."""
    with strategy.scope():
        layer = make()
        layer.build((None, 3))

    @tf.function
    def step(rows):
        return strategy.run(lambda rows: layer(rows, training=True), (rows,))

    shares = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant((X[:4], X[4:])[context.replica_id_in_sync_group])
    )
    rows = strategy.experimental_local_results(step(shares))
    means = strategy.experimental_local_results(layer.moving_mean.value)
    return np.concatenate(rows), [mean.numpy() for mean in means]


def test_replicas_share_the_statistics(two_replicas):
    one = batch_normalization()
    expected = one(X, training=True)
    rows, means = normalised(batch_normalization, two_replicas)
    np.testing.assert_allclose(rows, expected, rtol=1e-4, atol=1e-5)
    for mean in means:
        np.testing.assert_allclose(mean, one.moving_mean.numpy(), rtol=1e-5)


def test_those_of_plain_keras_differ(two_replicas):
    _, (first, second) = normalised(keras.layers.BatchNormalization, two_replicas)
    assert np.abs(first - second).max() > 1e-3


def test_keras_alone_loads_it(tmp_path):
    layer = batch_normalization(center=False, name="bn")
    keras.Sequential([keras.Input((3,)), layer]).save(tmp_path / "model.keras")
    code = "import keras, sys; print(keras.saving.load_model(sys.argv[1]).layers)"
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "model.keras"],
        capture_output=True,
        text=True,
    )
    assert "BatchNormalization name=bn" in done.stdout, done.stderr[-2000:]


def test_jax_has_the_global_batch():
    code = """
import numpy as np
from kerassl.layers import batch_normalization
rows = np.array(batch_normalization()(np.arange(4.0).reshape(4, 1), training=True))
assert abs(rows.mean()) < 1e-5 and abs(rows.std() - 1) < 1e-3
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
