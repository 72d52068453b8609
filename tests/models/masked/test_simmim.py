import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl import zoo
from kerassl.data import digits
from kerassl.encoders import dense, vit
from kerassl.models import SimMIM
from kerassl.pretext import MaskedPatches

SEED = tf.constant([3, 4], "int64")


def tiny(encoder=None, pretext=None, **options):
    sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, **options}
    encoder = encoder or vit((8, 8, 1), 2, **sizes)
    return SimMIM(encoder, pretext or masks())


def masks(**options):
    options = {"mask_ratio": 0.6, "flip_rate": 0.0, "jit_compile": False, **options}
    return MaskedPatches(8, 2, **options)


def batch(task, count=16):
    (x,) = task.pretext(digits().fetch(range(count)), SEED)
    return {name: np.array(value) for name, value in x.items()}


def mask_of(x):
    """Returns which pixels are hidden, (batch, 8, 8, 1)."""
    mask = np.zeros((len(x["hidden"]), 16))
    np.put_along_axis(mask, x["hidden"], 1.0, axis=1)
    return mask.reshape(-1, 4, 4, 1).repeat(2, axis=1).repeat(2, axis=2)


def drawn(x, told):
    """Returns images of what is told of the hidden patches, by loops."""
    images = np.zeros_like(x["images"])
    for i, places in enumerate(x["hidden"]):
        for j, place in enumerate(places):
            row, column = 2 * (place // 4), 2 * (place % 4)
            images[i, row : row + 2, column : column + 2, 0] = told[i, j].reshape(2, 2)
    return images


def test_loss_is_that_of_the_written_formula():
    task = tiny()
    x = batch(task)
    mask, found = mask_of(x), task.values_of((x,))
    error = np.abs(drawn(x, np.array(task(x))) - x["images"])
    wanted = (error * mask).sum() / mask.sum()
    np.testing.assert_allclose(found["loss"], wanted, rtol=1e-5)
    shown = (x["images"] * (1 - mask)).sum((1, 2), keepdims=True)
    guess = shown / (1 - mask).sum((1, 2), keepdims=True)
    wanted = (np.abs(guess - x["images"]) * mask).sum() / mask.sum()
    np.testing.assert_allclose(found["visible_mean"], wanted, rtol=1e-5)


def test_it_begins_near_the_loss_of_guessing_0():
    task = tiny()
    x = batch(task)
    mask = mask_of(x)
    guessing = (np.abs(x["images"]) * mask).sum() / mask.sum()
    assert task.values_of((x,))["loss"] == pytest.approx(guessing, rel=0.1)


def test_what_is_hidden_changes_nothing():
    task = tiny()
    x = batch(task)
    before, told = np.array(task.encode_masked(x)), np.array(task(x))
    assert before.shape == (16, 17, 8)
    x["images"] = x["images"] + 77 * mask_of(x).astype("float32")
    np.testing.assert_array_equal(task.encode_masked(x), before)
    np.testing.assert_array_equal(task(x), told)
    x["images"][3] += 0.5
    changed = np.any(np.array(task.encode_masked(x)) != before, axis=(1, 2))
    np.testing.assert_array_equal(changed, np.arange(16) == 3)


def test_a_hidden_patch_is_the_token_at_its_place():
    task = tiny()
    x = batch(task)
    embedding = task.encoder.get_layer("patches")
    # An image whose patches are the token, but for the place, which is added after.
    embedding.patch_embedding.kernel.assign(np.zeros((2, 2, 1, 8)))
    embedding.patch_embedding.bias.assign(task.mask_token[0])
    np.testing.assert_allclose(
        task.encode_masked(x), task.encoder(x["images"]), rtol=1e-4, atol=1e-5
    )


def test_every_weight_learns():
    task = tiny()
    weights = {v.path: v.numpy() for v in task.trainable_variables}
    task.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    task.fit(batch(task), batch_size=16, verbose=0)
    for variable in task.trainable_variables:
        still = np.array_equal(variable.numpy(), weights[variable.path])
        # Its gradient is 0: a softmax does not see what all logits have.
        assert still <= ("key/bias" in variable.path), variable.path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SimMIM(dense((8, 8, 1), (4,))), "`encoder` must begin with"),
        (lambda: tiny(output="class_token"), "`encoder` must give the tokens"),
        (lambda: tiny(pretext=MaskedPatches(16, 2)), "`pretext` must cut .*16 x 16"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_preset_is_the_papers():
    spec = zoo.config("simmim_base")
    pretext = zoo.build(spec["pretext"])
    assert pretext.unit_size == 32 and pretext._hidden == 30  # of 49, as in its code
    assert "| 85,798,656 |" in zoo.card("simmim_base")
    assert f"| {768 * 768 + 768 + 768:,} |" in zoo.card("simmim_base")


def stripes():
    """Returns images of stripes that begin bright or dark: any patch tells which."""
    bright = np.random.default_rng(0).integers(0, 2, (64, 1, 1, 1))
    columns = np.arange(8).reshape(1, 1, 8, 1)
    return np.broadcast_to((columns + bright) % 2 * 255, (64, 8, 8, 1)).astype("uint8")


def test_learns_to_tell_stripes_that_it_does_not_see():
    task = tiny(pretext=masks(crop_scale=None))
    task.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    data = task.dataset(stripes(), 16, seed=0)
    history = task.fit(data, epochs=2, steps_per_epoch=40, verbose=0).history
    assert history["loss"][-1] < 0.3 * history["visible_mean"][-1]
