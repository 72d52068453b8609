import math

import keras
import numpy as np
import pytest
from digit_views import (
    assert_average,
    batch,
    digit_views,
    few_label_accuracy,
    train_step,
)

from kerassl.data import digits
from kerassl.encoders import resnet, vit
from kerassl.layers.moving_average import cosine_momentum
from kerassl.losses.distillation import centred_softmax, cross_view_entropy
from kerassl.models.distillation.dino import DINO
from kerassl.pretext import MultiCrop

CHANCE = math.log(24)


def small_vit(**sizes):
    sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, **sizes}
    return vit((8, 8, 1), patch_size=2, output="class_token", **sizes)


def crops(**options):
    options = {"num_local_views": 3, "jit_compile": False, **options}
    return MultiCrop(8, 4, flip_rate=0.0, blur_rate=0.0, **options)


def tiny(encoder=None, pretext=None, **arguments):
    options = {"output_dim": 24, "hidden_dim": 16, "bottleneck_dim": 8, **arguments}
    options = {"total_steps": 10, **options}
    return DINO(encoder or small_vit(), pretext or crops(), **options)


def values(task, x):
    """Returns the logs of a batch, without training."""
    task.compile("sgd")
    return task.evaluate(x, batch_size=16, verbose=0, return_dict=True)


def test_loss_is_that_of_the_written_formula():
    task = tiny()
    task.centre.centre.assign(np.linspace(-0.1, 0.1, 24))
    x = batch(task)
    loss = values(task, x)["loss"]
    names = ["view1", "view2", "local1", "local2", "local3"]
    assert set(names) == set(x) and x["local2"].shape == (16, 4, 4, 1)
    students = [task.head(task.encoder(x[name])) for name in names]
    centre = task.centre.centre.value
    # The teacher is a copy as yet.
    targets = [centred_softmax(each, centre, 0.04) for each in students[:2]]
    expected = np.mean(cross_view_entropy(students, targets, 0.1))
    np.testing.assert_allclose(loss, expected, rtol=1e-4)


def test_loss_starts_near_chance():
    """In many dimensions, where the cosines of what is not learnt are near 0."""
    task = tiny(output_dim=256, bottleneck_dim=1024)
    assert task.loss_at_chance(16) == math.log(256)
    np.testing.assert_allclose(
        values(task, batch(task))["loss"], math.log(256), rtol=0.06
    )


def test_uniform_distributions_have_the_loss_of_chance():
    task = tiny()
    task.head.directions.assign(np.ones(task.head.directions.shape))
    task.teacher.network.set_weights(task._student.get_weights())
    found = values(task, batch(task))
    for name in ("loss", "teacher_entropy"):
        np.testing.assert_allclose(found[name], CHANCE, rtol=1e-5)
    np.testing.assert_allclose(found["divergence"], 0, atol=1e-4)


def test_a_collapse_shows_in_entropy_and_divergence():
    task = tiny()
    x = batch(task)
    found = values(task, x)
    assert found["divergence"] > 0.02 and 0 < found["teacher_entropy"] < CHANCE
    # The features are one for all images, and one dimension wins for all.
    task.encoder.get_layer("norm").gamma.assign(np.zeros(8))
    directions = np.array(task.head.directions)
    bottleneck = task.head.stack[-1]
    bottleneck.kernel.assign(np.zeros(bottleneck.kernel.shape))
    bottleneck.bias.assign(directions[:, 3])
    task.teacher.network.set_weights(task._student.get_weights())
    task.student_temperature = 0.004
    task.teacher_temperature = 0.004
    found = values(task, x)
    for name in ("loss", "teacher_entropy", "divergence"):
        np.testing.assert_allclose(found[name], 0, atol=0.05)


def test_the_centre_follows_the_teachers_global_views_after_they_are_used():
    task = tiny(centre_momentum=0.75, base_momentum=1.0)
    task.compile(keras.optimizers.SGD(0.0))
    x = batch(task)
    cold = values(task, x)["loss"]
    task.compile(keras.optimizers.SGD(0.0))
    logits = [task.head(task.encoder(x[name])) for name in ("view1", "view2")]
    mean = np.mean(np.concatenate(logits), axis=0)
    history = task.fit(x, batch_size=16, shuffle=False, verbose=0).history
    np.testing.assert_allclose(history["loss"], [cold], rtol=1e-4)
    np.testing.assert_allclose(task.centre.centre, 0.25 * mean, rtol=1e-3, atol=1e-6)
    train_step(task, x)
    np.testing.assert_allclose(
        task.centre.centre, (0.25 + 0.75 * 0.25) * mean, rtol=1e-3, atol=1e-6
    )


def test_the_teacher_follows_the_papers_schedule():
    task = tiny(total_steps=4, base_momentum=0.6)
    task.compile(keras.optimizers.SGD(0.5))
    x = batch(task)
    weights = []
    for _ in range(4):
        weights.append([v.numpy() for v in task._student.trainable_variables])
        train_step(task, x)
    expected = weights[0]
    for k, now in enumerate(weights[1:]):
        m = 1 - (1 - 0.6) * (np.cos(np.pi * k / 4) + 1) / 2
        expected = [m * e + (1 - m) * w for e, w in zip(expected, now, strict=True)]
    np.testing.assert_allclose(task.momentum, cosine_momentum(3, 4, 0.6), rtol=1e-6)
    assert_average(task.teacher.network, expected)
    own = {id(v) for part in (task.encoder, task.head) for v in part.variables}
    assert {id(v) for v in task.trainable_variables} <= own
    encoder = task.teacher_encoder()
    assert_average(encoder, expected[: len(encoder.weights)])


def test_the_last_layer_stands_still_at_first():
    task = tiny(freeze_steps=2)
    task.compile(keras.optimizers.Adam(0.01))
    x, seen = batch(task), []
    for _ in range(4):
        kernel = task.head.stack[0].kernel.numpy()
        train_step(task, x)
        assert not np.array_equal(task.head.stack[0].kernel, kernel)
        seen.append(task.head.directions.numpy())
    np.testing.assert_array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[1], seen[2])
    assert not np.array_equal(seen[2], seen[3])


def test_the_teachers_temperature_warms_up():
    task = tiny(
        warmup_teacher_temperature=0.02, teacher_temperature=0.06, warmup_steps=2
    )
    task.compile(keras.optimizers.SGD(0.0))
    found = [float(task.target_temperature)]
    for _ in range(3):
        train_step(task, batch(task))
        found.append(float(task.target_temperature))
    np.testing.assert_allclose(found, [0.02, 0.04, 0.06, 0.06], rtol=1e-5)
    np.testing.assert_allclose(tiny().target_temperature, 0.04, rtol=1e-6)


def test_the_student_learns_from_local_views():
    task = tiny(base_momentum=1.0)
    x = batch(task)
    both = values(task, x)["loss"]
    alone = values(task, {name: x[name] for name in ("view1", "view2")})["loss"]
    swapped = x | {"view1": x["view2"], "view2": x["view1"]}
    assert abs(both - alone) > 1e-4
    np.testing.assert_allclose(values(task, swapped)["loss"], both, rtol=1e-5)


@pytest.mark.parametrize(
    "argument, value",
    [
        ("total_steps", 0),
        ("output_dim", 2.5),
        ("hidden_dim", 0),
        ("bottleneck_dim", None),
        ("student_temperature", 0.0),
        ("teacher_temperature", -0.1),
        ("warmup_teacher_temperature", 0.0),
        ("warmup_steps", -1),
        ("base_momentum", 1.1),
        ("centre_momentum", -0.1),
        ("freeze_steps", 0.5),
    ],
)
def test_errors(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}`.*{value}"):
        tiny(**{argument: value})


def test_views_of_another_size_than_the_encoders_are_refused():
    encoder = resnet((8, 8, 1), depths=(1,), widths=(8,))
    with pytest.raises(ValueError, match="`pretext` must .*8 x 8.*'local1' of 4 x 4"):
        tiny(encoder)
    tiny(encoder, digit_views())


@pytest.mark.quality
def test_learns_features_of_digits_that_beat_random_ones():
    task = tiny(
        resnet((8, 8, 1), (1, 1), (16, 32)),
        MultiCrop(
            8,
            8,
            num_local_views=2,
            crop_scale=(0.5, 1.0),
            local_crop_scale=(0.3, 0.6),
            flip_rate=0.0,
            color_strength=0.5,
            blur_rate=0.0,
        ),
        total_steps=150,
        output_dim=128,
        hidden_dim=64,
        bottleneck_dim=32,
        base_momentum=0.95,
        freeze_steps=10,
    )
    before = few_label_accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 128, seed=0)
    history = task.fit(data, epochs=2, steps_per_epoch=75, verbose=0).history
    assert few_label_accuracy(task) > before + 0.05
    assert history["loss"][-1] < task.loss_at_chance(128) - 0.5
    assert history["teacher_entropy"][-1] > 0.5


@pytest.mark.parametrize(
    "half", [{"warmup_steps": 3}, {"warmup_teacher_temperature": 0.03}]
)
def test_half_a_warmup_is_refused(half):
    with pytest.raises(ValueError, match="`warmup_steps`.*`warmup_teacher_temp"):
        tiny(**half)


@pytest.mark.parametrize("first", [{}, {"warmup_teacher_temperature": 0.2}])
def test_a_teacher_that_is_not_sharper_is_refused(first):
    warmup = {"warmup_steps": 3, "teacher_temperature": 0.05} if first else {}
    with pytest.raises(ValueError, match="`teacher_temperature` must be below"):
        tiny(**{"teacher_temperature": 0.1, **warmup, **first})


def test_a_run_keeps_the_teachers_encoder_too():
    task = tiny()
    task.compile(keras.optimizers.SGD(0.5), jit_compile=False)
    for _ in range(2):
        train_step(task, batch(task))
    kept = task.encoders()
    assert list(kept) == ["encoder", "teacher_encoder"]
    student, teacher = (kept[name].get_weights() for name in kept)
    assert any(
        np.abs(a - b).max() > 1e-6 for a, b in zip(student, teacher, strict=True)
    )
