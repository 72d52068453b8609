import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl import zoo
from kerassl.data import digits
from kerassl.encoders import dense, open_encoder, resnet, vit
from kerassl.models import MAE
from kerassl.pretext import MaskedPatches

SEED = tf.constant([3, 4], "int64")
SMALL = {"decoder_dim": 8, "decoder_layers": 1, "decoder_heads": 2}


def tiny_vit(**options):
    sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8}
    return vit((8, 8, 1), 2, positions="sin_cos", **{**sizes, **options})


def masks(**options):
    return MaskedPatches(8, 2, jit_compile=False, flip_rate=0.0, **options)


def tiny(encoder=None, pretext=None, **options):
    encoder = tiny_vit() if encoder is None else encoder
    return MAE(encoder, pretext or masks(), **{**SMALL, **options})


def batch(task, count=16):
    (x,) = task.pretext(digits().fetch(range(count)), SEED)
    return {name: np.array(value) for name, value in x.items()}


def cut(images):
    """Returns patches of 2 x 2 pixels, by loops."""
    places = [(i, j) for i in range(0, 8, 2) for j in range(0, 8, 2)]
    rows = [images[:, i : i + 2, j : j + 2].reshape(-1, 4) for i, j in places]
    return np.stack(rows, axis=1)


@pytest.mark.parametrize("normalize", [True, False])
def test_loss_is_that_of_the_written_formula(normalize):
    task = tiny(normalize_targets=normalize)
    x = batch(task)
    targets = cut(x["images"]).astype("float64")
    if normalize:
        mean, variance = targets.mean(-1, keepdims=True), targets.var(-1, keepdims=True)
        targets = (targets - mean) / np.sqrt(variance + 1e-6)
    told = np.zeros_like(targets)
    mask = np.zeros((16, 16, 1))
    np.put_along_axis(told, x["hidden"][:, :, None], np.array(task(x)), axis=1)
    np.put_along_axis(mask, x["hidden"][:, :, None], 1.0, axis=1)
    found = task.values_of((x,))
    error = (told - targets) ** 2
    np.testing.assert_allclose(
        found["loss"], (error * mask).sum() / mask.sum() / 4, rtol=1e-4
    )
    error = (targets.mean(-1, keepdims=True) - targets) ** 2
    np.testing.assert_allclose(
        found["plain_guess"], (error * mask).sum() / mask.sum() / 4, rtol=1e-4
    )


def test_it_begins_at_chance_which_is_1_where_no_patch_is_plain():
    task = tiny(tiny_vit(hidden_dim=64), decoder_dim=64)
    x = batch(task)
    x["images"] = np.random.default_rng(0).random(x["images"].shape, "float32")
    found = task.values_of((x,))
    np.testing.assert_allclose(found["plain_guess"], 1, rtol=1e-3)
    np.testing.assert_allclose(found["loss"], 1, atol=0.1)


def test_what_is_hidden_changes_nothing_that_the_encoder_gives():
    task = tiny()
    x = batch(task)
    patches = cut(np.arange(64).reshape(1, 8, 8, 1))[0]  # the pixels of each patch
    before, told = np.array(task.encode_visible(x)), np.array(task(x))
    assert before.shape == (16, 1 + 4, 8)
    for i, places in enumerate(x["hidden"]):
        x["images"][i].reshape(-1)[patches[places].ravel()] = 77.0
    np.testing.assert_array_equal(task.encode_visible(x), before)
    np.testing.assert_array_equal(task(x), told)
    x["images"][3].reshape(-1)[patches[x["visible"][3, 0]]] += 0.5
    changed = np.any(np.array(task.encode_visible(x)) != before, axis=(1, 2))
    np.testing.assert_array_equal(changed, np.arange(16) == 3)


def test_all_visible_patches_give_what_the_encoder_gives():
    task = tiny()
    images = batch(task)["images"]
    x = {"images": images, "visible": np.tile(np.arange(16), (16, 1))}
    np.testing.assert_allclose(
        task.encode_visible(x), task.encoder(images), rtol=1e-4, atol=1e-5
    )
    states = open_encoder(task.encoder).embed(images)
    assert states.shape == (16, 17, 8)


def test_fixed_positions_stay_and_the_rest_learns():
    task = tiny()
    layer = task.encoder.get_layer("patches")
    before = np.array(layer.position_embedding)
    assert not before[0].any()
    weights = {v.path: v.numpy() for v in task.trainable_variables}
    task.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    task.fit(batch(task), batch_size=16, verbose=0)
    np.testing.assert_array_equal(layer.position_embedding, before)
    for variable in task.trainable_variables:
        still = np.array_equal(variable.numpy(), weights[variable.path])
        # Its gradient is 0: a softmax does not see what all logits have.
        assert still <= ("key/bias" in variable.path), variable.path


def test_a_picture_of_what_is_restored():
    task = tiny(pretext=masks(mean=[0.3], std=[0.4]))
    figure = task.draw(digits().fetch(range(5)))
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["image", "visible", "restored"]
    x = batch(task)
    restored = cut(task.restore(x))
    clean = cut(x["images"])
    for i in range(16):
        np.testing.assert_array_equal(
            restored[i, x["visible"][i]], clean[i, x["visible"][i]]
        )
        hidden = x["hidden"][i]
        assert np.abs(restored[i, hidden] - clean[i, hidden]).max() > 0.01


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MAE(dense((8, 8, 1), (4,))), "`encoder` must begin with"),
        (lambda: MAE(resnet((8, 8, 1), (1,), (4,))), "`encoder` must begin with"),
        (lambda: MAE(tiny_vit(output="class_token")), "`encoder` must give the tokens"),
        (lambda: tiny(pretext=MaskedPatches(8, 4)), "`pretext` must cut .* of 2. Rec"),
        (lambda: tiny(pretext=MaskedPatches(16, 2)), "`pretext` must cut .*16 x 16"),
        (lambda: tiny(decoder_dim=6), "`decoder_dim` must be a multiple"),
        (lambda: tiny(decoder_layers=0), "`decoder_layers` must"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def block(dim):
    return 4 * (dim**2 + dim) + 8 * dim**2 + 5 * dim + 4 * dim


def sizes(spec):
    """Returns the numbers of weights of encoder and decoder, by the paper's formulas.

    Fixed positions of the encoder are counted, as in the authors' code.
    """
    encoder, model = spec["encoder"], spec["model"]
    dim, side = encoder["hidden_dim"], encoder["input_shape"][0]
    numbers = encoder["patch_size"] ** 2 * encoder["input_shape"][2]
    tokens = 1 + (side // encoder["patch_size"]) ** 2
    ends = numbers * dim + dim + dim + tokens * dim + 2 * dim
    width = model["decoder_dim"]
    outer = dim * width + width + width + 2 * width + width * numbers + numbers
    return (
        ends + encoder["num_layers"] * block(dim),
        outer + model["decoder_layers"] * block(width),
    )


@pytest.mark.parametrize(
    ("name", "encoder", "decoder"),
    [
        ("mae_tiny", 5_524_416, 205_152),
        ("mae_small", 21_665_664, 667_584),
        ("mae_base", 85_798_656, 26_008_320),
        ("mae_large", 303_301_632, 26_139_392),
    ],
)
def test_the_presets_have_the_papers_sizes(name, encoder, decoder):
    spec = zoo.config(name)
    assert sizes(spec) == (encoder, decoder)
    for count in (encoder, decoder):
        assert f"| {count:,} |" in zoo.card(name)
    if name == "mae_tiny":  # the others take too long to make
        task = zoo.load(name)
        found = task.encoder.count_params(), task.decoder.count_params()
        assert found == (encoder, decoder)
        assert len(task.pretext._units) - task.pretext._hidden == 49


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
    assert history["loss"][-1] < 0.3 * history["plain_guess"][-1]
