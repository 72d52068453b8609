import keras
import numpy as np
import pytest
from digit_views import digits
from scipy.special import logsumexp

from kerassl.encoders import conv, patch_grid, plain_cnn
from kerassl.models.contrastive.patch_cpc import PatchCPC
from kerassl.pretext import RandomView


def tiny(last_step=2, **options):
    keras.utils.set_random_seed(0)
    patches = conv((4, 4, 1), (6,), 8, activation="tanh")
    encoder = patch_grid(patches, (8, 8, 1), stride=2)
    sizes = {"target_dim": 6, "context_dim": 8, "context_depth": 2}
    view = RandomView(8, (0.8, 1.0), flip_rate=0.0, jit_compile=False)
    return PatchCPC(encoder, view, **{**sizes, "last_step": last_step, **options})


def batch(count=12):
    images = np.random.default_rng(0).random((count, 8, 8, 1))
    return {"image": images.astype("float32")}


def logs_of(task, x):
    task.compile("sgd")
    return task.evaluate(x, batch_size=len(x["image"]), verbose=0, return_dict=True)


def test_loss_and_accuracy_are_those_of_the_written_formulas():
    task = tiny(prediction_scale=2.0)
    x = batch()
    logs = logs_of(task, x)
    patches = task.encoder(x["image"]).numpy()
    context = task.context(patches).numpy()
    targets = (patches @ task.target.kernel.numpy()).reshape(-1, 6)
    total, right = 0, []
    for step, predictor in zip((1, 2), task.predictors, strict=True):
        kernel, bias = predictor.kernel.numpy(), predictor.bias.numpy()
        own = np.arange(12 * 9).reshape(12, 3, 3)[:, step:].ravel()
        predictions = 2.0 * (context[:, :-step] @ kernel + bias).reshape(-1, 6)
        scores = predictions @ targets.T
        total += np.mean(logsumexp(scores, 1) - scores[np.arange(len(own)), own])
        right.append(scores.argmax(1) == own)
    np.testing.assert_allclose(logs["loss"], total, rtol=1e-4)
    expected = np.concatenate(right).mean()
    np.testing.assert_allclose(logs["contrastive_accuracy"], expected, rtol=1e-4)


def test_predictions_that_say_nothing_have_the_loss_at_chance():
    task = tiny()
    for predictor in task.predictors:
        predictor.kernel.assign(np.zeros(predictor.kernel.shape))
    expected = 2 * np.log(12 * 9)
    assert task.loss_at_chance(12) == pytest.approx(expected)
    np.testing.assert_allclose(logs_of(task, batch())["loss"], expected, rtol=1e-5)


def test_a_fresh_task_is_near_chance():
    logs = logs_of(tiny(), batch())
    np.testing.assert_allclose(logs["loss"], 2 * np.log(12 * 9), rtol=0.02)


def test_nothing_below_a_row_reaches_what_is_predicted_there():
    task = tiny()
    x = batch()
    changed = x["image"].copy()
    changed[:, 4:] = 1 - changed[:, 4:]  # patches of row 0 end at pixel 4
    one, two = (
        task.propagate({"image": image}, training=True)
        for image in (x["image"], changed)
    )
    for step in ("step1", "step2"):
        np.testing.assert_array_equal(one[step][:, 0], two[step][:, 0])
    assert not np.allclose(one["step1"][:, 1], two["step1"][:, 1])
    assert not np.allclose(one["targets"][:, 2], two["targets"][:, 2])


def test_each_step_has_a_predictor_of_its_own_and_near_ones_may_be_left_out():
    task = tiny(first_step=2)
    assert [p.name for p in task.predictors] == ["predictor2"]
    assert set(task.propagate(batch(), training=False)) == {"targets", "step2"}
    assert task.loss_at_chance(12) == pytest.approx(np.log(12 * 9))


def test_defaults_are_the_papers():
    encoder = patch_grid(conv((4, 4, 1), (2,), 4), (16, 16, 1), stride=2)
    task = PatchCPC(encoder)
    assert list(task.steps) == [1, 2, 3, 4, 5]
    assert (task.target_dim, task.prediction_scale) == (64, 0.1)
    assert (task.context.hidden_dim, task.context.depth) == (256, 5)


@pytest.mark.parametrize(
    "argument, value",
    [
        ("last_step", 3),  # of three rows
        ("first_step", 0),
        ("first_step", 3),
        ("target_dim", 0),
        ("context_dim", 1.5),
        ("context_depth", 0),
        ("prediction_scale", 0.0),
    ],
)
def test_errors(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}`"):
        tiny(**{argument: value})


def test_an_encoder_without_a_grid_is_told():
    with pytest.raises(ValueError, match="`encoder` must have a layer 'patch_map'"):
        PatchCPC(plain_cnn((8, 8, 1)))


def test_learns_to_predict_the_patches_of_digits_it_has_not_seen():
    keras.utils.set_random_seed(0)
    encoder = patch_grid(conv((4, 4, 1), (32,), 32), (8, 8, 1), stride=2, grid=3)
    view = RandomView(8, (0.8, 1.0), flip_rate=0.0)
    sizes = {"target_dim": 32, "context_dim": 32, "context_depth": 2}
    task = PatchCPC(encoder, view, last_step=2, **sizes)
    task.compile(keras.optimizers.Adam(3e-3))
    task.fit(task.dataset(digits(), 64, seed=0), steps_per_epoch=100, verbose=0)
    unseen = task.dataset(digits("test"), 64, seed=0)
    logs = task.evaluate(unseen, verbose=0, return_dict=True)
    assert logs["loss"] < task.loss_at_chance(64) - 2
    assert logs["contrastive_accuracy"] > 10 / (64 * 9)
