import keras
import numpy as np
import pytest
from digit_views import few_label_accuracy, unit_rows

from kerassl.data import digits
from kerassl.encoders.resnet import resnet
from kerassl.models.distillation.distillation import Distillation
from kerassl.pretext import RandomView


def network(widths=(8,), shape=(8, 8, 1)):
    return resnet(shape, (1,) * len(widths), widths)


def tiny(teacher=None, encoder=None, **arguments):
    return Distillation(
        encoder or network(),
        RandomView(8, crop_scale=(0.6, 1.0), flip_rate=0.0, jit_compile=False),
        teacher=teacher or network((8, 12)),
        **arguments,
    )


def flat(units, **options):
    layers = [keras.layers.Flatten(), keras.layers.Dense(units, **options)]
    return keras.Sequential([keras.Input((8, 8, 1)), *layers])


def batch(count=16):
    return {"image": digits().fetch(range(count)).numpy() / np.float32(255)}


def logs_of(task, x):
    task.compile("sgd")
    return task.evaluate(x, batch_size=16, verbose=0, return_dict=True)


def test_loss_and_baseline_are_those_of_the_written_formulas():
    teacher = network((8, 12))
    task, x = tiny(teacher), batch()
    logs = logs_of(task, x)
    p, t = (unit_rows(z) for z in task.predict(x, verbose=0))
    features = teacher.predict(x["image"], verbose=0)
    if features.ndim == 4:
        features = features.mean((1, 2))
    np.testing.assert_allclose(t, unit_rows(features), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(logs["loss"], ((p - t) ** 2).sum(1).mean(), rtol=1e-4)
    constant = unit_rows(t.mean(0, keepdims=True))
    expected = ((t - constant) ** 2).sum(1).mean()
    np.testing.assert_allclose(logs["constant"], expected, rtol=1e-3, atol=1e-5)


def test_a_constant_student_has_the_loss_of_the_baseline():
    task, x = tiny(), batch()
    dense = task.head.stack[-1]
    _, t = task.predict(x, verbose=0)
    dense.kernel.assign(np.zeros(dense.kernel.shape))
    dense.bias.assign(unit_rows(t).mean(0))
    logs = logs_of(task, x)
    np.testing.assert_allclose(logs["loss"], logs["constant"], rtol=1e-3)


def test_a_student_that_is_the_teacher_has_no_loss():
    teacher = flat(6)
    task = tiny(teacher, keras.models.clone_model(teacher))
    task.encoder.set_weights(teacher.get_weights())
    task.head.stack[-1].kernel.assign(np.eye(6))
    assert logs_of(task, batch())["loss"] < 1e-6


def test_unrelated_directions_have_the_loss_at_chance():
    # Many dimensions, of which each is as often positive as negative.
    task = tiny(flat(2048), flat(64))
    assert task.loss_at_chance(16) == 2
    np.testing.assert_allclose(logs_of(task, batch())["loss"], 2, atol=0.2)


def test_the_teacher_stays_as_it_is():
    teacher = network((8, 12))
    before = teacher.get_weights()
    task, x = tiny(teacher), batch()
    task.trainable = True
    task.compile(keras.optimizers.AdamW(0.1, weight_decay=0.1))
    task.fit(x, batch_size=16, epochs=2, verbose=0)
    for found in (teacher.get_weights(), task.teacher.get_weights()):
        for a, b in zip(found, before, strict=True):
            np.testing.assert_array_equal(a, b)
    assert teacher.trainable and len(teacher.trainable_variables) > 0
    own = {id(v) for part in (task.encoder, task.head) for v in part.variables}
    assert {id(v) for v in task.trainable_variables} <= own


def test_round_trip_brings_the_teacher(tmp_path):
    task, x = tiny(), batch()
    task.compile("adam")
    task.fit(x, batch_size=16, verbose=0)
    task.save(tmp_path / "task.keras")
    again = keras.models.load_model(tmp_path / "task.keras")
    for a, b in zip(again.predict(x), task.predict(x), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_a_teacher_of_any_size_of_image_is_taken():
    maps = keras.Input((None, None, 1))
    teacher = keras.Model(maps, keras.layers.Conv2D(5, 3)(maps))
    assert tiny(teacher).predict(batch(2), verbose=0)[1].shape == (2, 5)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"hidden_dims": (0,)}, "`hidden_dims` must"),
        ({"pooling": "max"}, "`pooling` must"),
        ({"teacher": "resnet"}, "`teacher` must be a keras.Model. Received: str"),
        (
            {"teacher": network(shape=(16, 16, 1))},
            r"`teacher` must take.*\(16, 16, 1\)",
        ),
        ({"teacher": flat(3, activation="softmax")}, "`teacher`.*softmax"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        tiny(**arguments)


def test_learns_of_a_teacher_what_a_random_encoder_lacks():
    # Its features are the pixels turned, which tell digits better.
    task = tiny(flat(64, use_bias=False), network((16, 32)), hidden_dims=(64,))
    before = few_label_accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 128, seed=0)
    history = task.fit(data, steps_per_epoch=60, epochs=2, verbose=0).history
    assert history["loss"][-1] < 0.5 * history["constant"][-1]
    assert few_label_accuracy(task) > before + 0.1
