import math

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from drawn import images_in

from kerassl import zoo
from kerassl.data import digits
from kerassl.encoders import dense, vit
from kerassl.errors import UserError
from kerassl.layers import PatchEmbedding, PlaceDecoder
from kerassl.losses import smoothed_places
from kerassl.models import DropPos
from kerassl.pretext import MaskedPatches

SEED = tf.constant([3, 4], "int64")
SIZES = {"decoder_dim": 8, "decoder_layers": 1, "decoder_heads": 2}


def tiny(encoder=None, pretext=None, **options):
    sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8}
    encoder = encoder or vit((8, 8, 1), 2, **sizes, positions="sin_cos")
    return DropPos(
        encoder, pretext or masks(), **{"total_steps": 4, **SIZES, **options}
    )


def masks(**options):
    options = {"mask_ratio": 0.5, "flip_rate": 0.0, "jit_compile": False, **options}
    return MaskedPatches(8, 2, **options)


def batch(task, count=16):
    (x,) = task.pretext(digits().fetch(range(count)), SEED)
    return {name: np.array(value) for name, value in x.items()}


def patch(images, i, place):
    """Returns the pixels of a patch, to be read and written."""
    row, column = 2 * (place // 4), 2 * (place % 4)
    return images[i, row : row + 2, column : column + 2]


def test_loss_is_that_of_the_written_formula():
    task = tiny()
    x = batch(task)
    logits, weights = (np.array(part, "float64") for part in task(x))
    assert logits.shape == (16, 6, 16)  # of 8 visible patches 2 keep their positions
    answers = np.array(smoothed_places((4, 4), 1.0))
    total = right = 0.0
    for i in range(16):
        for j, place in enumerate(x["visible"][i, 2:]):
            told = np.exp(logits[i, j]) / np.exp(logits[i, j]).sum()
            total -= weights[i, j] * (answers[place] * np.log(told)).sum()
            right += told.argmax() == place
    found = task.values_of((x,))
    assert found["loss"] == pytest.approx(total / weights.sum(), rel=1e-5)
    assert found["accuracy"] == pytest.approx(right / 96)


def test_patches_count_by_how_much_they_are_like_the_whole():
    task = tiny(affinity_temperature=0.1)
    x = batch(task)
    states = np.array(task.encoder(x["images"]), "float64")
    states /= np.linalg.norm(states, axis=-1, keepdims=True)
    found = np.array(task.affinity(x))
    for i in range(16):
        shares = np.exp(states[i, 1:] @ states[i, 0] / 0.1)
        shares = shares[x["visible"][i]] / shares[x["visible"][i]].sum()
        np.testing.assert_allclose(found[i], shares[2:], rtol=1e-4)
    alike = tiny(affinity_temperature=None).affinity(x)
    np.testing.assert_allclose(alike, np.full((16, 6), 1 / 8))


def test_the_width_falls_evenly_to_0():
    task = tiny(sigma=2.0)
    x = batch(task)
    logits = np.array(task(x)[0], "float64")
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    weights = np.array(task.affinity(x))
    for done, sigma in ((0, 2.0), (1, 1.5), (3, 0.5), (4, 0.0), (9, 0.0)):
        task.steps.assign(done)
        answers = np.array(smoothed_places((4, 4), sigma))[x["visible"][:, 2:]]
        wanted = -(weights * (answers * logs).sum(-1)).sum() / weights.sum()
        assert task.values_of((x,))["loss"] == pytest.approx(wanted, rel=1e-4)


def test_a_step_has_the_width_of_its_number():
    task = tiny(sigma=2.0, affinity_temperature=None)
    task.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    x = batch(task)
    first = task.values_of((x,))["loss"]
    history = task.fit(x, batch_size=16, epochs=2, shuffle=False, verbose=0).history
    assert history["loss"][0] == pytest.approx(first, rel=1e-5)
    task.steps.assign(1)
    assert history["loss"][1] == pytest.approx(task.values_of((x,))["loss"], rel=1e-5)


def test_the_first_loss_is_that_at_chance():
    task = tiny()
    assert task.loss_at_chance(16) == pytest.approx(math.log(16))
    found = task.values_of((batch(task),))
    assert found["loss"] == pytest.approx(math.log(16), rel=0.02)


def test_no_pixel_of_a_hidden_patch_is_seen():
    task = tiny()
    x = batch(task)
    before = np.array(task(x)[0])
    for i, places in enumerate(x["hidden"]):
        for place in places:
            patch(x["images"], i, place)[:] += 0.3
    np.testing.assert_array_equal(task(x)[0], before)
    patch(x["images"], 3, x["visible"][3, 4])[:] += 0.3
    changed = np.any(np.array(task(x)[0]) != before, axis=(1, 2))
    np.testing.assert_array_equal(changed, np.arange(16) == 3)


def moved(x, first, second):
    """Returns images in which two of the visible patches have changed places."""
    x = {name: value.copy() for name, value in x.items()}
    for i, visible in enumerate(x["visible"]):
        a, b = (patch(x["images"], i, visible[j]) for j in (first, second))
        a[:], b[:] = b.copy(), a.copy()
    x["visible"][:, [first, second]] = x["visible"][:, [second, first]]
    return x


def test_a_dropped_position_is_not_seen_and_a_kept_one_is():
    task = tiny()
    x = batch(task)
    before = np.array(task(x)[0])
    # The same patches in the same order, two of them from elsewhere.
    np.testing.assert_array_equal(task(moved(x, 2, 5))[0], before)
    assert np.any(np.array(task(moved(x, 0, 1))[0]) != before, axis=(1, 2)).all()


def test_every_weight_learns():
    task = tiny()
    weights = {v.path: v.numpy() for v in task.trainable_variables}
    assert any("dropped_position" in path for path in weights)
    task.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    task.fit(batch(task), batch_size=16, verbose=0)
    assert int(task.steps) == 1
    for variable in task.trainable_variables:
        still = np.array_equal(variable.numpy(), weights[variable.path])
        # Its gradient is 0: a softmax does not see what all logits have.
        assert still <= ("key/bias" in variable.path), variable.path


@pytest.mark.parametrize(
    ("ratio", "asked"), [(1.0, 8), (0.75, 6), (0.7, 6), (0.125, 1), (1e-9, 1)]
)
def test_the_share_is_rounded_up(ratio, asked):
    task = tiny(position_mask_ratio=ratio)
    logits, weights = task(batch(task))
    assert logits.shape == (16, asked, 16) and weights.shape == (16, asked)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tiny(encoder=dense((8, 8, 1), (4,))), "`encoder` must begin with"),
        (lambda: tiny(pretext=MaskedPatches(16, 2)), "`pretext` must cut .*16 x 16"),
        (lambda: tiny(position_mask_ratio=0), "`position_mask_ratio` must"),
        (lambda: tiny(position_mask_ratio=1.1), "`position_mask_ratio` must"),
        (lambda: tiny(sigma=-1), "`sigma` must"),
        (lambda: tiny(affinity_temperature=0), "`affinity_temperature` must"),
        (lambda: tiny(affinity_temperature=math.nan), "`affinity_temperature` must"),
        (lambda: tiny(total_steps=0), "`total_steps` must"),
        (lambda: tiny(decoder_dim=6), "`decoder_dim` must be a multiple of"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_temperature_that_is_no_number():
    with pytest.raises(UserError, match="`affinity_temperature` must"):
        tiny(affinity_temperature="0.1")


def test_an_encoder_without_a_class_token_has_no_affinity():
    inputs = keras.Input((None, None, 1))
    x = PatchEmbedding((8, 8), 2, 8, use_class_token=False)(inputs)
    x = keras_hub.layers.TransformerEncoder(16, 2, normalize_first=True)(x)
    encoder = keras.Model(inputs, keras.layers.LayerNormalization()(x))
    with pytest.raises(ValueError, match="`affinity_temperature` must be None"):
        tiny(encoder=encoder)
    task = tiny(encoder=encoder, affinity_temperature=None)
    assert task(batch(task))[0].shape == (16, 6, 16)


def test_the_preset_is_the_papers():
    spec = zoo.config("droppos_base")
    task = spec["model"]
    assert (task["decoder_dim"], task["decoder_layers"]) == (512, 2)
    pretext = zoo.build(spec["pretext"])
    assert pretext.mask_ratio == 0.75 and pretext._hidden == 147  # of 196
    assert "| 85,798,656 |" in zoo.card("droppos_base")
    decoder = PlaceDecoder((14, 14))
    decoder.build((None, 50, 768))
    assert f"| {decoder.count_params() + 768:,} |" in zoo.card("droppos_base")


def numbered():
    """Returns images whose patches tell their places, in binary."""
    bits = np.arange(16)[:, None] >> np.arange(4) & 1
    image = bits.reshape(4, 4, 2, 2).transpose(0, 2, 1, 3).reshape(8, 8, 1)
    return np.broadcast_to(image * 255, (64, 8, 8, 1)).astype("uint8")


def test_learns_to_place_patches_that_tell_it():
    task = tiny(pretext=masks(crop_scale=None), total_steps=60, decoder_dim=16)
    task.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    data = task.dataset(numbered(), 16, seed=0)
    history = task.fit(data, epochs=2, steps_per_epoch=60, verbose=0).history
    assert history["accuracy"][-1] > 0.8  # by chance 0.06


def test_what_is_drawn_is_the_images_and_what_is_made_of_them():
    task = tiny(pretext=masks(crop_scale=None))
    figure = task.draw(numbered()[:3])
    assert images_in(figure) == 3
    x = {"images": (numbered()[:2] / 255).astype("float32")}
    x["visible"] = np.tile(np.arange(8), (2, 1))
    x["hidden"] = np.tile(np.arange(8, 16), (2, 1))
    put = task._put(x, x["images"])
    for place in (0, 1):  # those that keep their positions
        np.testing.assert_array_equal(
            patch(put, 0, place), patch(x["images"], 0, place)
        )
