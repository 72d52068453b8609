import keras
import numpy as np
import pytest

from kerassl.encoders.resnet import resnet
from kerassl.layers.moving_average import MovingAverage, cosine_momentum


def network(seed=0, dtype=None):
    """Returns a small residual network with weights of its own everywhere."""
    model = resnet((8, 8, 1), (1, 1), (4, 6), dtype=dtype)
    set_random(model, seed)
    return model


def set_random(model, seed):
    random = np.random.default_rng(seed)
    # Variances must not be negative.
    model.set_weights([random.uniform(0.1, 1, w.shape) for w in model.get_weights()])


def images(seed=0):
    return np.random.default_rng(seed).normal(size=(6, 8, 8, 1)).astype("float32")


def test_a_copy_gives_what_the_network_gives():
    student = network()
    teacher = MovingAverage(student)
    for training in (False, True):
        expected = student(images(), training=training)
        np.testing.assert_array_equal(teacher(images(), training=training), expected)


def test_first_update_copies_all_weights():
    student = network()
    teacher = MovingAverage(student)
    set_random(student, 1)
    teacher.follow(student, 0.999)
    for ours, theirs in zip(
        teacher.network.get_weights(), student.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_later_updates_are_those_of_numpy():
    student = network()
    teacher = MovingAverage(student)
    teacher.follow(student, 0.5)
    trainable = [v.trainable for v in student.weights]
    expected = student.get_weights()
    for seed, momentum in [(1, 0.9), (2, 0.25), (3, 1.0)]:
        set_random(student, seed)
        teacher.follow(student, momentum)
        expected = [
            momentum * old + (1 - momentum) * new if averaged else old
            for old, new, averaged in zip(
                expected, student.get_weights(), trainable, strict=True
            )
        ]
    assert int(teacher.updates.numpy()) == 4
    for ours, value in zip(teacher.network.get_weights(), expected, strict=True):
        np.testing.assert_allclose(ours, value, rtol=1e-6)


def test_batch_statistics_are_the_copys_own():
    student = network()
    teacher = MovingAverage(student)
    before = student.get_weights()
    outputs = teacher(images(), training=True)
    assert np.abs(outputs - teacher(images(), training=False)).max() > 1e-3
    moved = [
        v.path
        for v, old in zip(teacher.network.weights, before, strict=True)
        if not np.array_equal(v.numpy(), old)
    ]
    assert moved and all("moving_" in path for path in moved)
    for now, old in zip(student.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, old)


def test_it_is_never_trainable():
    layer = MovingAverage(network())
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, layer(inputs))
    model.trainable = True
    assert model.trainable_variables == layer.trainable_variables == []
    assert len(layer.non_trainable_variables) == len(layer.variables)


def test_weights_survive_saving(tmp_path):
    student = network()
    teacher = MovingAverage(student)
    for seed in (1, 2):
        set_random(student, seed)
        teacher.follow(student, 0.5)
    inputs = keras.Input((8, 8, 1))
    keras.Model(inputs, teacher(inputs)).save_weights(tmp_path / "a.weights.h5")
    other = MovingAverage(network(9))
    keras.Model(inputs, other(inputs)).load_weights(tmp_path / "a.weights.h5")
    for a, b in zip(other.variables, teacher.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_weights_of_half_precision_are_refused():
    assert MovingAverage(network(dtype="mixed_bfloat16")).network
    with pytest.raises(ValueError, match=r"`network` must have float32.*'bfloat16'"):
        MovingAverage(resnet((8, 8, 1), (1,), (4,), dtype="bfloat16"))


def test_cosine_momentum_is_the_papers_formula():
    for step in (0, 1, 37, 100):
        expected = 1 - (1 - 0.996) * (np.cos(np.pi * step / 100) + 1) / 2
        np.testing.assert_allclose(cosine_momentum(step, 100), expected, rtol=1e-6)
    assert float(cosine_momentum(-1, 100)) == float(cosine_momentum(0, 100))
    assert float(cosine_momentum(250, 100)) == 1.0
