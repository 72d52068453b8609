import keras
import numpy as np
import pytest

from kerassl import encoders
from kerassl.data import digits
from kerassl.losses import smooth_l1
from kerassl.models.distillation.ijepa import IJEPA
from kerassl.pretext import MultiBlock

PREDICTOR = {"predictor_dim": 8, "predictor_layers": 1, "predictor_heads": 2}


def tiny(hidden_dim=8, pretext=None, **arguments):
    encoder = encoders.vit((8, 8, 1), 2, 1, num_heads=2, hidden_dim=hidden_dim)
    blocks = pretext or MultiBlock(
        8, 2, num_targets=2, crop_scale=(0.6, 1.0), jit_compile=False
    )
    return IJEPA(encoder, blocks, **{"total_steps": 10} | PREDICTOR | arguments)


def batch(task, count=16):
    (x,) = task.pretext(digits().fetch(range(count)), (0, 3))
    return {name: np.array(value) for name, value in x.items()}


def train_step(task, x):
    task.fit(x, batch_size=len(x["images"]), shuffle=False, verbose=0)


def test_loss_is_that_of_the_written_formula():
    task = tiny()
    # Distinct targets, of which some are cut to nothing by the mask.
    x = batch(task)
    task.compile("sgd")
    loss = task.evaluate(x, batch_size=16, verbose=0)
    states = task.encoder.predict(x["images"], verbose=0)[:, 1:]
    states -= states.mean(-1, keepdims=True)
    states /= np.sqrt(states.var(-1, keepdims=True) + 1e-5)
    predictions, _ = task.predict(x, verbose=0)
    losses = []
    for i, m, j in np.argwhere(x["target_mask"] == 1):
        errors = np.abs(predictions[i, m, j] - states[i, x["targets"][i, m, j]])
        losses.append(np.where(errors < 1, errors**2 / 2, errors - 0.5).mean())
    assert 0 < len(losses) < x["target_mask"].size
    np.testing.assert_allclose(loss, np.mean(losses), rtol=1e-4)


def test_the_first_loss_is_that_at_chance():
    keras.utils.set_random_seed(0)
    task = tiny(hidden_dim=64)
    task.compile("sgd")
    loss = task.evaluate(batch(task, 64), batch_size=64, verbose=0)
    np.testing.assert_allclose(loss, task.loss_at_chance(64), rtol=0.1)


def test_what_is_outside_the_context_reaches_no_prediction():
    task = tiny()
    x = batch(task)
    rows, columns = np.divmod(np.arange(16), 4)
    hidden = np.ones((16, 4, 4), bool)
    for own, places, mask in zip(hidden, x["context"], x["context_mask"], strict=True):
        own[rows[places[mask == 1]], columns[places[mask == 1]]] = False
    assert hidden.any() and not hidden.all()
    pixels = hidden.repeat(2, axis=1).repeat(2, axis=2)[..., None]
    noise = np.random.default_rng(0).random(x["images"].shape, "float32")
    other = {**x, "images": np.where(pixels, noise, x["images"])}
    before, after = (task(each, training=True) for each in (x, other))
    np.testing.assert_array_equal(before[0], after[0])
    assert np.abs(before[1] - after[1]).max() > 1e-3  # the targets see it
    other = {**x, "images": np.where(pixels, x["images"], noise)}
    assert np.abs(before[0] - task(other, training=True)[0]).max() > 1e-5


def test_the_target_follows_evenly():
    task = tiny(total_steps=4, base_momentum=0.6)
    task.compile(keras.optimizers.SGD(0.5))
    x = batch(task)
    weights = []
    for _ in range(4):
        weights.append([v.numpy() for v in task.encoder.trainable_variables])
        train_step(task, x)
    expected = weights[0]
    for k, now in enumerate(weights[1:]):
        kept = 0.6 + 0.4 * k / 4
        expected = [
            kept * e + (1 - kept) * w for e, w in zip(expected, now, strict=True)
        ]
    np.testing.assert_allclose(task.momentum, 0.6 + 0.4 * 3 / 4, rtol=1e-6)
    target = task.target_encoder()
    for variable, wanted in zip(target.weights, expected, strict=True):
        np.testing.assert_allclose(variable, wanted, rtol=1e-5, atol=1e-6)
    assert set(task.encoders()) == {"encoder", "target_encoder"}


def test_no_gradient_reaches_the_target():
    task = tiny(base_momentum=1.0)
    task.compile(keras.optimizers.AdamW(1e-2, weight_decay=0.1))
    x = batch(task)
    train_step(task, x)
    weights = [v.numpy() for v in task.target.network.weights]
    train_step(task, x)
    for variable, before in zip(task.target.network.weights, weights, strict=True):
        np.testing.assert_array_equal(variable.numpy(), before)
    parts = (task.encoder, task.predictor)
    own = {id(v) for part in parts for v in part.variables}
    assert {id(v) for v in task.trainable_variables} == own


@pytest.mark.parametrize(
    "argument, value",
    [
        ("total_steps", 0),
        ("predictor_dim", 0),
        ("predictor_layers", -1),
        ("predictor_heads", 2.5),
        ("base_momentum", 1.1),
    ],
)
def test_errors(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must"):
        tiny(**{argument: value})


def test_other_encoders_and_patches_are_refused():
    with pytest.raises(ValueError, match="PatchEmbedding"):
        IJEPA(encoders.resnet((8, 8, 1), (1,), (4,)), total_steps=1)
    encoder = encoders.vit((8, 8, 1), 4, num_layers=1, num_heads=2, hidden_dim=8)
    with pytest.raises(ValueError, match="`pretext` must cut images as the encoder"):
        IJEPA(encoder, MultiBlock(8, 2, 2), total_steps=1, **PREDICTOR)


def stripes(count, seed=0):
    """Returns images of stripes that lie somewhere else in each."""
    random = np.random.default_rng(seed)
    shift, turned = random.uniform(0, 8, (count, 1, 1)), random.random(count) < 0.5
    places = np.arange(8)
    waves = np.cos((places[None, None] + shift) * np.pi / 4) * np.ones((1, 8, 1))
    waves[turned] = waves[turned].transpose(0, 2, 1)
    return (127.5 + 127.5 * waves[..., None]).astype("uint8")


def test_learns_to_tell_what_it_does_not_see():
    keras.utils.set_random_seed(0)
    scaled = {"crop_scale": (0.9, 1.0), "mean": (0.5,), "std": (0.35,)}
    blocks = MultiBlock(8, 2, num_targets=2, jit_compile=False, **scaled)
    # The target stands still: what it gives cannot become easy to tell.
    options = {"base_momentum": 1.0, "predictor_dim": 16}
    task = tiny(pretext=blocks, total_steps=120, **options)
    task.compile(keras.optimizers.Adam(0.01))
    data = task.dataset(stripes(512), 32, seed=0)
    task.fit(data, epochs=1, steps_per_epoch=120, verbose=0)
    (x,) = task.pretext(stripes(256, seed=1), (0, 3))
    x = {name: np.array(value) for name, value in x.items()}
    predictions, targets = task.predict(x, verbose=0)
    counts = x["target_mask"] == 1
    guesses = np.zeros_like(targets)
    for place in range(16):
        here = counts & (x["targets"] == place)
        guesses[here] = targets[here].mean(axis=0)
    loss, guessed = (np.array(smooth_l1(p, targets)) for p in (predictions, guesses))
    assert np.mean(loss[counts]) < 0.6 * np.mean(guessed[counts])
