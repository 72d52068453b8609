import contextlib

import keras
import keras_hub
import numpy as np
import pytest
from digit_views import digit_views
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from kerassl.encoders.resnet import resnet
from kerassl.losses.contrastive import nt_xent
from kerassl.models.contrastive.simclr import SimCLR
from kerassl.optimizers.lars import LARS
from kerassl.pretext.image.two_views import TwoViews


def tiny(dtype=None, jit_compile=False, widths=(8, 12), **arguments):
    encoder = resnet((8, 8, 1), (1,) * len(widths), widths, dtype=dtype)
    views = digit_views(jit_compile=jit_compile)
    return SimCLR(encoder, views, **{"projection_dim": 8, **arguments})


def digits():
    images, labels = load_digits(return_X_y=True)
    images = np.round(images * (255 / 16)).astype("uint8").reshape(-1, 8, 8, 1)
    return images, labels


def views_of(task, images, seed=0):
    return {
        name: np.array(view)
        for name, view in task.pretext(images, (0, seed))[0].items()
    }


def train(task, steps=4, optimizer=None):
    task.compile(optimizer or LARS(0.5, weight_decay=1e-4))
    images, _ = digits()
    data = task.dataset(images, 32, seed=1)
    history = task.fit(data, steps_per_epoch=steps, verbose=0).history
    return history, [np.array(w) for w in task.get_weights()]


def test_loss_and_accuracy_are_those_of_the_written_formulas():
    task = tiny(temperature=0.3)
    task.compile("sgd")
    x = views_of(task, digits()[0][:16])
    logs = task.evaluate(x, batch_size=16, verbose=0, return_dict=True)
    z1, z2 = task.predict(x, verbose=0)
    np.testing.assert_allclose(logs["loss"], nt_xent(z1, z2, 0.3), rtol=1e-4)
    z = np.concatenate([z1, z2])
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    similarity = z @ z.T - 10 * np.eye(32)
    right = similarity.argmax(1) == (np.arange(32) + 16) % 32
    np.testing.assert_allclose(logs["contrastive_accuracy"], right.mean(), atol=1e-6)


def test_head_is_as_wide_as_the_encoder_by_default():
    assert tiny().head.hidden_dims == (12,)
    assert tiny(hidden_dim=7).head.hidden_dims == (7,)


def test_projections_are_normalised_where_that_is_asked_for():
    """Off by default, as in the paper's formula and in files saved before."""
    assert not any("batch_normalization" in w.path for w in tiny().head.weights[-2:])
    task = tiny(final_batch_norm=True)
    x = views_of(task, digits()[0][:64])
    z = np.concatenate(task.propagate(x, training=True))
    np.testing.assert_allclose(z.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(z.std(0), 1, atol=0.05)
    assert SimCLR.from_config(task.get_config()).final_batch_norm is True


def test_two_replicas_equal_one(two_replicas):
    results = []
    for scope in (contextlib.nullcontext(), two_replicas.scope()):
        keras.utils.set_random_seed(0)
        with scope:
            task = tiny()
        # Later, on some processors, rounding decides at the corner of a ReLU.
        results.append(train(task, steps=2))
    (history1, weights1), (history2, weights2) = results
    for name in ("loss", "contrastive_accuracy"):
        np.testing.assert_allclose(history2[name], history1[name], rtol=1e-5)
    for w1, w2 in zip(weights1, weights2, strict=True):
        np.testing.assert_allclose(w2, w1, rtol=1e-4, atol=1e-5)


def test_round_trip_of_a_trained_task(tmp_path):
    task = tiny(hidden_dim=10, temperature=0.2)
    train(task, steps=1)
    task.save(tmp_path / "task.keras")
    again = keras.models.load_model(tmp_path / "task.keras")
    for name in ("projection_dim", "hidden_dim", "temperature", "pooling"):
        assert getattr(again, name) == getattr(task, name)
    x = views_of(task, digits()[0][:8])
    np.testing.assert_allclose(
        again.predict(x, verbose=0)[1], task.predict(x, verbose=0)[1], rtol=1e-5
    )
    np.testing.assert_allclose(
        again.features(x["view1"]), task.features(x["view1"]), rtol=1e-5
    )


def test_bfloat16_encoder():
    task = tiny(dtype="mixed_bfloat16")
    assert task.head.compute_dtype == "bfloat16"
    history, weights = train(task, steps=2)
    assert np.isfinite(history["loss"]).all()
    assert {w.dtype.name for w in weights} == {"float32"}


def test_feature_maps_and_tokens_are_pooled():
    images = keras.Input((8, 8, 1))
    feature_map = keras.layers.Conv2D(6, 4, strides=4)(images)
    tokens = keras.layers.Reshape((4, 6))(feature_map)
    for output in (feature_map, tokens):
        task = SimCLR(keras.Model(images, output), projection_dim=4)
        x = np.ones((2, 8, 8, 1), "float32")
        assert task.features(x).shape == (2, 6)
        assert task({"view1": x, "view2": x})[0].shape == (2, 4)


@pytest.mark.parametrize(
    "backbone",
    [
        lambda: keras_hub.models.ResNetBackbone(
            input_conv_filters=[64],
            input_conv_kernel_sizes=[3],
            stackwise_num_filters=[64, 64],
            stackwise_num_blocks=[1, 1],
            stackwise_num_strides=[1, 2],
            block_type="basic_block",
            image_shape=(16, 16, 3),
        ),
        lambda: keras_hub.models.ViTBackbone(
            image_shape=(16, 16, 3),
            patch_size=(8, 8),
            num_layers=1,
            num_heads=2,
            hidden_dim=16,
            mlp_dim=32,
        ),
    ],
    ids=["ResNet", "ViT"],
)
def test_keras_hub_backbones_are_encoders(backbone, tmp_path):
    task = SimCLR(backbone(), TwoViews(16, jit_compile=False), projection_dim=8)
    task.compile("adam")
    images = np.random.default_rng(0).integers(0, 256, (16, 20, 20, 3), "uint8")
    before = [np.array(v) for v in task.encoder.trainable_variables]
    task.fit(task.dataset(images, 8), verbose=0)
    moved = [
        np.any(np.array(v) != w)
        for v, w in zip(task.encoder.trainable_variables, before, strict=True)
        if not v.path.endswith("key/bias")  # softmax ignores it
    ]
    assert all(moved)
    task.encoder.save(tmp_path / "encoder.keras")
    again = keras.models.load_model(tmp_path / "encoder.keras")
    x = np.array(task.pretext.prepare(images))
    np.testing.assert_allclose(
        again.predict(x, verbose=0), task.encoder.predict(x, verbose=0), rtol=1e-5
    )


@pytest.mark.parametrize(
    "argument, value", [("temperature", -1), ("projection_dim", 0), ("hidden_dim", 2.5)]
)
def test_errors(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must.*{argument}={value}"):
        tiny(**{argument: value})


@pytest.mark.quality
def test_learns_features_of_digits_that_beat_random_ones():
    images, labels = digits()
    # Ten labels a class are enough where the features are good.
    few = np.concatenate([np.flatnonzero(labels[:1000] == k)[:10] for k in range(10)])

    def accuracy(task):
        features = task.features(np.array(task.pretext.prepare(images)))
        features = (features - features.mean(0)) / (features.std(0) + 1e-6)
        probe = LogisticRegression(C=0.1, max_iter=500)
        probe.fit(features[few], labels[few])
        return probe.score(features[1000:], labels[1000:])

    task = tiny(widths=(16, 32), jit_compile=True)
    before = accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(images[:1000], 128, seed=0)
    history = task.fit(data, steps_per_epoch=120, verbose=0).history
    assert history["contrastive_accuracy"][-1] > 10 / 255
    assert accuracy(task) > before + 0.05
