import keras
import numpy as np
import pytest
from digit_views import batch, features_of, few_label_accuracy, train_step

from kerassl.data import digits
from kerassl.encoders import plain_cnn, resnet
from kerassl.losses.clustering import swapped_prediction
from kerassl.metrics.geometry import effective_rank
from kerassl.models.clustering.swav import SwAV
from kerassl.ops import sinkhorn
from kerassl.pretext import MultiCrop


def crops(**options):
    plain = {"flip_rate": 0.0, "color_strength": 0.5, "blur_rate": 0.0}
    sizes = {"size": 8, "local_size": 6, "num_local_views": 1}
    return MultiCrop(**{**plain, **sizes, "jit_compile": False, **options})


def tiny(pretext=None, **arguments):
    encoder = resnet((None, None, 1), (1,), (8,))
    sizes = {"projection_dim": 64, "hidden_dim": 16, "num_prototypes": 20}
    return SwAV(encoder, pretext or crops(), **{**sizes, **arguments})


def logs_of(task, x):
    task.compile("sgd", jit_compile=False)
    return task.evaluate(x, batch_size=16, verbose=0, return_dict=True)


def test_loss_is_that_of_the_written_formula():
    task = tiny(temperature=0.2, epsilon=0.1, sinkhorn_rounds=2)
    x = batch(task)
    assert list(x) == ["view1", "view2", "local1"]
    scores, codes = task.predict(x, batch_size=16, verbose=0)
    assert scores.shape == (16, 3, 20)
    for i in (0, 1):
        wanted = sinkhorn(scores[:, i], 0.1, 2)
        np.testing.assert_allclose(codes[:, i], wanted, atol=1e-5)
    logs = logs_of(task, x)
    loss = np.mean(swapped_prediction(scores, codes, 0.2))
    np.testing.assert_allclose(logs["loss"], loss, rtol=1e-5)
    counts = np.bincount(scores[:, :2].argmax(axis=-1).ravel(), minlength=20)
    shares = counts[counts > 0] / 32
    in_use = np.exp(-np.sum(shares * np.log(shares)))
    np.testing.assert_allclose(logs["prototypes_in_use"], in_use, rtol=1e-5)


def test_loss_at_chance():
    # In so many dimensions random directions are nearly at right angles.
    task = tiny(projection_dim=512)
    assert task.loss_at_chance(16) == pytest.approx(np.log(20))
    x = batch(task)
    assert logs_of(task, x)["loss"] == pytest.approx(np.log(20), abs=0.3)
    # Where all features are one, every code is even, and no prediction better.
    last = task.head.stack[-1]
    last.kernel.assign(np.zeros(last.kernel.shape))
    logs = logs_of(task, x)
    assert logs["loss"] == pytest.approx(np.log(20), rel=1e-5)
    assert logs["prototypes_in_use"] == pytest.approx(1)


def test_a_view_does_not_reach_the_code_of_the_other():
    task = tiny()
    x = batch(task)
    scores, codes = task.predict(x, batch_size=16, verbose=0)
    changed = {**x, "view2": 1 - x["view2"], "local1": 1 - x["local1"]}
    others, other_codes = task.predict(changed, batch_size=16, verbose=0)
    np.testing.assert_array_equal(other_codes[:, 0], codes[:, 0])
    np.testing.assert_array_equal(others[:, 0], scores[:, 0])
    assert not np.allclose(other_codes[:, 1], codes[:, 1])
    assert not np.allclose(others[:, 2], scores[:, 2])


def test_prototypes_stand_still_at_first():
    task = tiny(freeze_steps=2)
    task.compile(keras.optimizers.SGD(0.5, momentum=0.9), jit_compile=False)
    x, rows = batch(task), task.prototypes.rows.numpy()
    for step in range(3):
        np.testing.assert_allclose(task.prototypes.rows.numpy(), rows, atol=1e-6)
        kernel = task.head.stack[-1].kernel.numpy()
        train_step(task, x)
        assert np.abs(task.head.stack[-1].kernel.numpy() - kernel).max() > 1e-5
        assert int(task.steps.numpy()) == step + 1
    after = task.prototypes.rows.numpy()
    assert np.abs(after - rows).max() > 1e-5
    np.testing.assert_allclose(np.linalg.norm(after, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(("size", "start", "used_after"), [(24, 0, 2), (8, 3, 3)])
def test_the_queue_is_used_once_it_is_full_and_has_started(size, start, used_after):
    task = tiny(queue_size=size, queue_start=start)
    task.compile(keras.optimizers.SGD(0.01), jit_compile=False)
    x = batch(task)
    for step in range(used_after + 1):
        scores, codes = task.predict(x, batch_size=16, verbose=0)
        for i, queue in enumerate(task.queues):
            earlier = queue.rows.numpy() @ task.prototypes.rows.numpy().T
            among = sinkhorn(np.concatenate([earlier, scores[:, i]]))[size:]
            wanted = among if step >= used_after else sinkhorn(scores[:, i])
            np.testing.assert_allclose(codes[:, i], wanted, atol=1e-4)
        train_step(task, x)
    first, second = (queue.rows.numpy() for queue in task.queues)
    assert np.abs(first - second).max() > 1e-3  # each of its view


def test_all_crops_may_be_of_one_size():
    encoder = plain_cnn((8, 8, 1), (8,), (1,), grid=2)
    views = crops(local_size=8, num_local_views=2)
    task = SwAV(
        encoder, views, projection_dim=8, hidden_dim=8, num_prototypes=5, freeze_steps=0
    )
    scores, codes = task(batch(task))
    assert tuple(scores.shape) == (16, 4, 5) and tuple(codes.shape) == (16, 2, 5)


def test_two_global_views_are_needed():
    task = tiny(crops(num_global_views=1))
    with pytest.raises(ValueError, match="2 or more global views"):
        task(batch(task))


def test_defaults_are_the_papers():
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    config = SwAV(encoder).get_config()
    wanted = {
        "projection_dim": 128,
        "hidden_dim": 2048,
        "num_prototypes": 3000,
        "temperature": 0.1,
        "epsilon": 0.05,
        "sinkhorn_rounds": 3,
        "freeze_steps": 313,
        "queue_size": 0,
    }
    assert {name: config[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("projection_dim", 0),
        ("hidden_dim", None),
        ("num_prototypes", 0),
        ("temperature", 0),
        ("epsilon", float("nan")),
        ("sinkhorn_rounds", 0),
        ("freeze_steps", -1),
        ("queue_size", 1.5),
        ("queue_start", -1),
    ],
)
def test_errors(argument, value):
    with pytest.raises((ValueError, TypeError), match=f"`{argument}` must"):
        tiny(**{argument: value})


@pytest.mark.quality
def test_learns_features_of_digits_that_beat_random_ones():
    views = crops(local_size=8, num_local_views=2, local_crop_scale=(0.2, 0.5))
    encoder = resnet((8, 8, 1), (1, 1), (16, 32))
    task = SwAV(
        encoder,
        views,
        projection_dim=64,
        hidden_dim=64,
        num_prototypes=60,
        freeze_steps=10,
    )
    before = few_label_accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 128, seed=0)
    history = task.fit(data, steps_per_epoch=40, epochs=3, verbose=0).history
    assert history["loss"][-1] < np.log(60) - 0.3
    assert history["prototypes_in_use"][-1] > 20
    assert few_label_accuracy(task) > before + 0.1
    assert effective_rank(features_of(task, digits("test"))) > 4


def test_a_queue_is_as_full_as_training_made_it():
    task = tiny(queue_size=40)
    task.compile(keras.optimizers.SGD(0.01), jit_compile=False)
    x = batch(task)
    train_step(task, x)
    # A larger batch afterwards does not fill it: 16 rows are features, 24 are not.
    large = {name: np.concatenate([view] * 3) for name, view in x.items()}
    scores, codes = task.predict(large, batch_size=48, verbose=0)
    assert int(task.kept.numpy()) == 16
    np.testing.assert_allclose(codes[:, 0], sinkhorn(scores[:, 0]), atol=1e-4)


def test_a_start_without_a_queue_is_refused():
    with pytest.raises(ValueError, match="`queue_start` must be 0"):
        tiny(queue_start=3)


def test_views_of_another_size_than_the_encoder_takes_are_refused():
    encoder = plain_cnn((8, 8, 1), (8,), (1,), grid=2)
    with pytest.raises(ValueError, match="`pretext` must make views of the size"):
        SwAV(encoder, crops(local_size=6))
