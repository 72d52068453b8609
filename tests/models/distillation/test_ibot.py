import math

import keras
import numpy as np
import pytest
from digit_views import assert_average, batch, train_step

from kerassl import encoders
from kerassl.data import digits
from kerassl.losses.distillation import (
    centred_softmax,
    cross_view_entropy,
    masked_patch_entropy,
)
from kerassl.models.distillation.ibot import IBOT
from kerassl.pretext import MaskedCrops

SIZES = {"output_dim": 24, "hidden_dim": 16, "bottleneck_dim": 8}


def tiny(pretext=None, num_local_views=1, **arguments):
    encoder = encoders.vit((8, 8, 1), 2, num_layers=1, num_heads=2, hidden_dim=8)
    pretext = pretext or MaskedCrops(
        8,
        4,
        2,
        num_local_views=num_local_views,
        flip_rate=0.0,
        blur_rate=0.0,
        jit_compile=False,
    )
    return IBOT(encoder, pretext, **{"total_steps": 10} | SIZES | arguments)


def values(task, x):
    task.compile("sgd")
    return task.evaluate(x, batch_size=16, verbose=0, return_dict=True)


def unmasked(x):
    masks = {name: 0 * x[name] for name in ("mask1", "mask2")}
    return {**x, **masks}


def test_losses_are_those_of_the_written_formulas():
    task = tiny(patch_weight=0.5)
    task.centre.centre.assign(np.linspace(-0.1, 0.1, 24))
    task.patch_centre.centre.assign(np.linspace(0.1, 0.0, 24))
    x = batch(task)
    found = values(task, x)
    outputs = task.predict(x, verbose=0)
    loss = np.mean(cross_view_entropy(outputs["students"], outputs["targets"], 0.1))
    patches = []
    for i in (0, 1):
        logits = np.array(outputs["patch_students"][i], "float64") / 0.1
        logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        each = -(outputs["patch_targets"][i] * logs).sum(-1)
        mask = x[f"mask{i + 1}"]
        patches.append((each * mask).sum(1) / np.maximum(mask.sum(1), 1))
    some = np.stack([x["mask1"].any(1), x["mask2"].any(1)])
    assert some.any() and not some.all()
    np.testing.assert_allclose(found["loss"], loss + 0.5 * np.mean(patches), rtol=1e-4)
    np.testing.assert_allclose(
        found["patch_loss"], np.array(patches)[some].mean(), rtol=1e-4
    )
    # The teacher is a copy as yet, and sees everything.
    for i, view in enumerate(("view1", "view2")):
        logits = task.head(task.encoder(x[view]))
        target = centred_softmax(logits[:, 0], task.centre.centre.value, 0.04)
        np.testing.assert_allclose(outputs["targets"][i], target, rtol=1e-3, atol=1e-6)
        rows = np.reshape(logits[:, 1:], (-1, 24))
        target = centred_softmax(rows, task.patch_centre.centre.value, 0.04)
        target = np.reshape(target, (16, 16, 24))
        np.testing.assert_allclose(
            outputs["patch_targets"][i], target, rtol=1e-3, atol=1e-6
        )


def test_without_masks_the_student_sees_what_the_encoder_does():
    task = tiny()
    x = unmasked(batch(task))
    outputs = task(x, training=False)
    for i, view in enumerate(("view1", "view2", "local1")):
        logits = task.head(task.encoder(x[view]))
        np.testing.assert_allclose(
            outputs["students"][i], logits[:, 0], rtol=1e-4, atol=1e-6
        )
    assert values(task, x)["patch_loss"] == 0


def test_hidden_patches_reach_the_teacher_alone():
    task = tiny()
    x = batch(task)
    pixels = x["mask1"].reshape(-1, 4, 4, 1).repeat(2, axis=1).repeat(2, axis=2)
    noise = np.random.default_rng(0).random(x["view1"].shape, "float32")
    other = {**x, "view1": np.where(pixels == 1, noise, x["view1"])}
    before, after = (task(each, training=False) for each in (x, other))
    for name in ("students", "patch_students"):
        for one, two in zip(before[name], after[name], strict=True):
            np.testing.assert_array_equal(one, two)
    change = np.abs(before["patch_targets"][0] - after["patch_targets"][0])
    assert change.max() > 1e-4


def test_uniform_distributions_have_the_loss_of_chance():
    task = tiny()
    task.head.directions.assign(np.ones(task.head.directions.shape))
    task.teacher.network.set_weights(task._student.get_weights())
    x = batch(task)
    x |= {name: np.ones_like(x[name]) for name in ("mask1", "mask2")}
    found = values(task, x)
    np.testing.assert_allclose(found["loss"], 2 * math.log(24), rtol=1e-5)
    np.testing.assert_allclose(found["patch_loss"], math.log(24), rtol=1e-5)
    np.testing.assert_allclose(task.loss_at_chance(16), 1.5 * math.log(24))


def test_loss_starts_near_chance():
    task = tiny(output_dim=256, bottleneck_dim=1024)
    found = values(task, batch(task, 64))
    np.testing.assert_allclose(found["loss"], task.loss_at_chance(64), rtol=0.15)


def test_teacher_and_centres_follow():
    task = tiny(total_steps=4, base_momentum=0.6, centre_momentum=0.75)
    task.compile(keras.optimizers.SGD(0.5))
    x = batch(task)
    logits = np.concatenate([task.head(task.encoder(x[v])) for v in ("view1", "view2")])
    weights = []
    for step in range(3):
        weights.append([v.numpy() for v in task._student.trainable_variables])
        train_step(task, x)
        if step == 0:
            wanted = 0.25 * logits[:, 0].mean(axis=0)
            np.testing.assert_allclose(task.centre.centre, wanted, 1e-3, 1e-6)
            wanted = 0.25 * logits[:, 1:].mean(axis=(0, 1))
            np.testing.assert_allclose(task.patch_centre.centre, wanted, 1e-3, 1e-6)
    expected = weights[0]
    for k, now in enumerate(weights[1:]):
        m = 1 - (1 - 0.6) * (np.cos(np.pi * k / 4) + 1) / 2
        expected = [m * e + (1 - m) * w for e, w in zip(expected, now, strict=True)]
    assert_average(task.teacher.network, expected)
    encoder = task.teacher_encoder()
    assert_average(encoder, expected[: len(encoder.weights)])
    assert list(task.encoders()) == ["encoder", "teacher_encoder"]


def test_the_last_layer_stands_still_at_first_and_the_mask_token_moves():
    task = tiny(freeze_steps=1)
    task.compile(keras.optimizers.Adam(0.01))
    x = batch(task)
    directions, token = task.head.directions.numpy(), task.mask_token.numpy()
    train_step(task, x)
    np.testing.assert_array_equal(task.head.directions, directions)
    assert not np.array_equal(task.mask_token, token)
    train_step(task, x)
    assert not np.array_equal(task.head.directions, directions)


@pytest.mark.parametrize(
    "argument, value",
    [
        ("total_steps", 0),
        ("output_dim", 2.5),
        ("student_temperature", 0.0),
        ("teacher_temperature", 0.2),
        ("base_momentum", 1.1),
        ("centre_momentum", -0.1),
        ("freeze_steps", 0.5),
        ("patch_weight", -1.0),
    ],
)
def test_errors(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}`.*{value}"):
        tiny(**{argument: value})


def test_other_encoders_and_patches_are_refused():
    views = MaskedCrops(8, 4, 4, num_local_views=1, jit_compile=False)
    with pytest.raises(ValueError, match="`pretext` must cut images as the encoder"):
        tiny(views)
    with pytest.raises(ValueError, match="PatchEmbedding"):
        IBOT(encoders.resnet((8, 8, 1), (1,), (4,)), total_steps=1)


def test_learns_to_tell_hidden_patches_of_digits():
    keras.utils.set_random_seed(0)
    options = {"crop_scale": (0.6, 1.0), "local_crop_scale": (0.3, 0.6)}
    views = MaskedCrops(8, 4, 2, num_local_views=1, blur_rate=0.0, **options)
    task = tiny(views, total_steps=120, base_momentum=0.95)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 64, seed=0)
    history = task.fit(data, epochs=2, steps_per_epoch=60, verbose=0).history
    assert history["patch_loss"][-1] < math.log(24) - 0.3
    assert history["loss"][-1] < task.loss_at_chance(64) - 0.5
    assert history["teacher_entropy"][-1] > 0.3


def test_masked_patch_entropy_of_no_hidden_patch_has_no_gradient():
    import tensorflow as tf

    students = tf.Variable(np.random.default_rng(0).normal(size=(2, 3, 4)))
    targets = np.full((2, 3, 4), 0.25, "float32")
    mask = np.array([[1, 0, 1], [0, 0, 0]])
    with tf.GradientTape() as tape:
        losses = masked_patch_entropy(students, targets, mask)
    found = np.array(tape.gradient(losses, students))
    assert (np.abs(found).max(axis=2) > 0).tolist() == (mask == 1).tolist()
    with pytest.raises(ValueError, match="`students`, `targets` and `mask` must"):
        masked_patch_entropy(students, targets, mask[:, :2])
