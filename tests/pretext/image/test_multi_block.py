import numpy as np
import pytest
import tensorflow as tf

from kerassl.pretext import MultiBlock
from kerassl.pretext.image.multi_block import block_shapes

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 20, 18, 3)).astype("uint8")


def layer(size=32, patch_size=2, **options):
    return MultiBlock(size, patch_size, jit_compile=False, **options)


def made(of, images=IMAGES, seed=(0, 1)):
    (x,) = of(images, seed=tf.constant(seed, tf.int64))
    return {name: np.asarray(value) for name, value in x.items()}


def grids(places, mask, side):
    """Returns which patches of a square grid are meant, boolean."""
    found = np.zeros((*places.shape[:-1], side * side), bool)
    for index in np.ndindex(places.shape[:-1]):
        found[index][places[index][mask[index] == 1]] = True
    return found.reshape(*places.shape[:-1], side, side)


def extent(block):
    """Returns (height, width) of what is meant, and whether it is a whole rectangle."""
    rows, columns = np.nonzero(block)
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    return height, width, height * width == block.sum()


def test_targets_are_rectangles_of_the_shares_asked_for():
    x = made(layer())
    assert x["images"].shape == (40, 32, 32, 3) and x["images"].dtype == "float32"
    blocks = grids(x["targets"], x["target_mask"], 16)
    for image in blocks:
        shapes = [extent(block) for block in image]
        assert len(set(shapes)) == 1 and shapes[0][2]
        height, width, _ = shapes[0]
        # Sides are rounded to patches, so areas and ratios are near what was asked.
        assert 0.15 - 0.025 <= height * width / 256 <= 0.2 + 0.025
        assert 0.75 - 0.15 <= height / width <= 1.5 + 0.25
    assert len({extent(image[0])[:2] for image in blocks}) > 4
    assert (x["target_mask"].sum(-1) == blocks.sum((-1, -2))).all()


def test_the_context_is_a_square_less_the_targets():
    x = made(layer(context_limit=1.0))
    covered = grids(x["targets"], x["target_mask"], 16).any(axis=1)
    context = grids(x["context"], x["context_mask"], 16)
    assert not (covered & context).any()
    for taken, seen in zip(covered, context, strict=True):
        rows, columns = (np.flatnonzero((seen | taken).any(axis=a)) for a in (1, 0))
        side = round(np.sqrt((seen | taken).sum()))
        assert len(rows) >= 15 and len(columns) >= 15 and side >= 14
    assert (x["context_mask"].sum(1) == context.sum((1, 2))).all()


def test_a_large_context_is_cut_to_a_random_part():
    whole, cut = made(layer(context_limit=1.0)), made(layer(context_limit=0.25))
    assert whole["context"].shape == (40, 256) and cut["context"].shape == (40, 64)
    of_whole, of_cut = (
        grids(x["context"], x["context_mask"], 16).reshape(40, -1) for x in (whole, cut)
    )
    assert not (of_cut & ~of_whole).any()
    expected = np.minimum(of_whole.sum(1), 64)
    np.testing.assert_array_equal(of_cut.sum(1), expected)
    # Not the first ones, row by row.
    assert of_cut[:, 128:].sum() > 0.3 * of_cut.sum()


def test_every_image_has_a_context_on_a_small_grid():
    images = np.zeros((2000, 4, 4, 1), "uint8")
    x = made(layer(8, 2, context_scale=(0.3, 0.3), num_targets=3), images)
    assert (x["context_mask"].sum(1) > 0).all()
    covered = grids(x["targets"], x["target_mask"], 4).any(axis=1)
    assert not (grids(x["context"], x["context_mask"], 4) & covered).any()


def test_places_are_uniform():
    options = {"target_scale": (0.25, 0.25), "target_ratio": (1.0, 1.0)}
    images = np.zeros((3000, 4, 4, 1), "uint8")
    x = made(layer(8, 2, num_targets=1, **options), images)
    found, counts = np.unique(x["targets"][:, 0, 0], return_counts=True)
    assert found.tolist() == [0, 1, 2, 4, 5, 6, 8, 9, 10]
    np.testing.assert_allclose(counts / 3000, 1 / 9, atol=0.03)


def test_batches_come_from_the_seed_alone_and_have_static_shapes():
    of = layer()
    first, again = made(of), made(of)
    for name, value in first.items():
        np.testing.assert_array_equal(again[name], value)
    assert not np.array_equal(made(of, seed=(0, 2))["targets"], first["targets"])
    dataset = tf.data.Dataset.from_tensor_slices(IMAGES).batch(20, drop_remainder=True)
    dataset = dataset.map(lambda x: of(x, seed=tf.constant([0, 1], tf.int64)))
    spec = dataset.element_spec[0]
    assert {name: tuple(part.shape) for name, part in spec.items()} == {
        "images": (20, 32, 32, 3),
        "context": (20, 128),
        "context_mask": (20, 128),
        "targets": (20, 4, first["targets"].shape[2]),
        "target_mask": (20, 4, first["targets"].shape[2]),
    }
    (x,) = next(iter(dataset))
    np.testing.assert_array_equal(x["images"].shape[0], 20)
    again = MultiBlock.from_config(of.get_config())
    assert again.get_config() == of.get_config()


def test_block_shapes_are_those_of_the_shares():
    shapes = block_shapes(14, (0.15, 0.2), (0.75, 1.5))
    assert shapes.shape == (1024, 2)
    areas = shapes.prod(axis=1) / 196
    assert 0.12 < areas.min() and areas.max() < 0.23
    np.testing.assert_allclose(areas.mean(), 0.175, atol=0.005)
    assert block_shapes(4, (1.0, 1.0), (4.0, 4.0)).tolist() == [[4, 2]] * 1024


def test_the_figure_shows_context_and_targets():
    figure = layer().draw(IMAGES[:3], tf.constant([0, 1], tf.int64))
    titles = [axis.get_title() for axis in figure.axes]
    assert [title for title in titles if title] == [
        *("image", "view", "context", "targets")
    ]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"size": 30, "patch_size": 4}, "`size` must be a multiple of `patch_size`"),
        ({"patch_size": 0}, "`patch_size`"),
        ({"num_targets": 0}, "`num_targets`"),
        ({"num_targets": 6}, "`num_targets` blocks of `target_scale` must leave"),
        ({"target_scale": (0.3, 0.2)}, "`target_scale` must be a pair"),
        ({"target_scale": None}, "`target_scale` must be a pair"),
        ({"target_ratio": (0.0, 1.0)}, "`target_ratio` must be a pair"),
        ({"context_scale": (0.5, 1.5)}, "`context_scale` must be a pair"),
        ({"context_limit": 0.0}, "`context_limit`"),
        ({"context_limit": 1.5}, "`context_limit`"),
    ],
)
def test_errors(options, message):
    with pytest.raises(ValueError, match=message):
        layer(**options)
