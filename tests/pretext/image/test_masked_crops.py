import numpy as np
import pytest
import tensorflow as tf

from kerassl.pretext import MaskedCrops, MultiCrop

IMAGES = np.random.default_rng(0).integers(0, 256, (200, 20, 18, 1)).astype("uint8")


def layer(**options):
    options = {"num_local_views": 1, "jit_compile": False, **options}
    return MaskedCrops(28, 14, 2, **options)


def made(of, seed=(0, 1)):
    (x,) = of(IMAGES, seed=tf.constant(seed, tf.int64))
    return {name: np.asarray(value) for name, value in x.items()}


def test_views_are_those_of_multi_crop():
    x = made(layer())
    plain = MultiCrop(28, 14, num_local_views=1, jit_compile=False)
    views = made(plain)
    for name, value in views.items():
        np.testing.assert_array_equal(x[name], value)
    assert set(x) - set(views) == {"mask1", "mask2"}
    assert x["mask1"].shape == (200, 196) and x["mask1"].dtype == "int32"


def test_half_of_the_views_have_a_share_of_hidden_patches():
    x = made(layer())
    for name in ("mask1", "mask2"):
        shares = x[name].mean(axis=1)
        hidden = shares[shares > 0]
        assert 0.35 < len(hidden) / 200 < 0.65
        assert 0.095 <= hidden.min() and hidden.max() <= 0.505
        np.testing.assert_allclose(hidden.mean(), 0.3, atol=0.04)
    assert not np.array_equal(x["mask1"], x["mask2"])


def test_rates_at_their_ends():
    always = made(layer(masked_share=1.0, mask_ratio=0.25, mask_spread=0.0))
    assert (always["mask1"].sum(axis=1) == 49).all()
    never = made(layer(masked_share=0.0))
    assert not never["mask1"].any() and not never["mask2"].any()


def test_hidden_patches_lie_together():
    x = made(layer(masked_share=1.0, mask_ratio=0.3, mask_spread=0.0))
    mask = x["mask1"].reshape(-1, 14, 14)
    beside = mask[:, :, 1:] == mask[:, :, :-1]
    # Of patches hidden each by itself a share of 0.58 would be like their neighbour.
    assert beside.mean() > 0.75
    # Blocks seldom reach a corner, and no place is hidden always.
    often = mask.mean(axis=0)
    assert 0 < often.min() < 0.1 and 0.4 < often.max() < 0.7


def test_masks_come_from_the_seed_alone():
    of = layer()
    first, again, other = made(of), made(of), made(of, (0, 2))
    np.testing.assert_array_equal(first["mask1"], again["mask1"])
    assert not np.array_equal(first["mask1"], other["mask1"])
    dataset = tf.data.Dataset.from_tensor_slices(IMAGES).batch(200, drop_remainder=True)
    dataset = dataset.map(lambda x: of(x, seed=tf.constant([0, 1], tf.int64)))
    (x,) = next(iter(dataset))
    assert x["mask2"].shape == (200, 196)
    np.testing.assert_array_equal(x["mask2"], first["mask2"])
    again = MaskedCrops.from_config(of.get_config())
    assert again.get_config() == of.get_config()


def test_the_figure_shows_what_is_left():
    figure = layer().draw(IMAGES[:3], tf.constant([0, 1], tf.int64))
    titles = [axis.get_title() for axis in figure.axes]
    assert [title for title in titles if title] == [
        *("image", "view1", "view2", "local1", "mask1", "mask2")
    ]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"patch_size": 3}, "`size` must be a multiple of `patch_size`"),
        ({"mask_ratio": 0.0}, "`mask_ratio`"),
        ({"mask_ratio": 0.1}, "`mask_spread` must leave a share"),
        ({"mask_ratio": 0.9}, "`mask_spread` must leave a share"),
        ({"mask_spread": -0.1}, "`mask_spread`"),
        ({"masked_share": 1.5}, "`masked_share`"),
    ],
)
def test_errors(options, message):
    with pytest.raises(ValueError, match=message):
        MaskedCrops(28, 14, **{"patch_size": 2, "jit_compile": False} | options)
