import keras
import numpy as np
import pytest
from digit_views import digit_views, digits, few_label_accuracy
from scipy.special import logsumexp

from kerassl.encoders import multiscale_cnn, plain_cnn
from kerassl.metrics import effective_rank
from kerassl.models.contrastive.amdim import AMDIM

SIZES = {"kernels": (2, 3, 3, 3), "strides": (1, 1, 1, 1)}


def tiny(widths=(4, 4, 4, 6), jit_compile=False, **options):
    keras.utils.set_random_seed(0)
    encoder = multiscale_cnn((8, 8, 1), widths, **SIZES, depth=1)
    return AMDIM(encoder, digit_views(jit_compile=jit_compile), **options)


def batch(task, count=8):
    data = task.dataset(digits(), count, seed=0)
    (x,) = next(iter(data.as_numpy_iterator()))
    return x


def logs_of(task, x):
    task.compile("sgd")
    return task.evaluate(x, batch_size=len(x["view1"]), verbose=0, return_dict=True)


def embedded(task, images):
    """Returns features and both maps as they are compared."""
    encoder = task.encoder
    layers = [encoder.get_layer(name).output for name in ("map5", "map7")]
    whole, *maps = keras.Model(encoder.input, [encoder.output, *layers])(images)
    pairs = zip(task.embeddings, maps, strict=True)
    return np.array(whole), *(np.array(layer(m)) for layer, m in pairs)


def loss_and_square(sources, maps, clip):
    rows = maps.reshape(len(maps), -1, maps.shape[-1])
    raw = np.einsum("bd,ipd->bip", sources, rows) / np.sqrt(sources.shape[1])
    scores = clip * np.tanh(raw / clip)
    losses = [
        logsumexp([right, *np.delete(scores[i], i, axis=0).ravel()]) - right
        for i in range(len(sources))
        for right in scores[i, i]
    ]
    return np.mean(losses), np.mean(raw**2)


def test_loss_is_that_of_the_written_formula():
    task = tiny(clip=3.0, penalty_weight=0.2)
    x = batch(task)
    logs = logs_of(task, x)
    views = [embedded(task, x[view]) for view in task.views]
    draws = np.mod(x["seed"], 25)
    expected = 0
    for k, ((whole, coarse, _), (_, coarse2, fine2)) in enumerate((views, views[::-1])):
        place = coarse.reshape(8, 25, -1)[np.arange(8), draws[:, k]]
        for sources, maps in ((whole, coarse2), (whole, fine2), (place, coarse2)):
            loss, square = loss_and_square(sources, maps, 3.0)
            expected += (loss + 0.2 * square) / 2
    np.testing.assert_allclose(logs["loss"], expected, rtol=1e-3)
    assert 0 <= logs["contrastive_accuracy"] <= 1


def test_embeddings_that_say_nothing_have_the_loss_at_chance():
    task = tiny()
    for norm in (
        task.encoder.get_layer("features_bn"),
        *(e.norm for e in task.embeddings),
    ):
        norm.gamma.assign(np.zeros(norm.gamma.shape))
    expected = 2 * np.log(1 + 7 * 25) + np.log(1 + 7 * 49)
    assert task.loss_at_chance(8) == pytest.approx(expected)
    np.testing.assert_allclose(logs_of(task, batch(task))["loss"], expected, rtol=1e-5)


def test_a_view_does_not_reach_what_is_known_of_the_other():
    task = tiny()
    x = batch(task)
    one = task.propagate(x, training=False)
    two = task.propagate({**x, "view2": 1 - x["view2"]}, training=False)
    for name in ("whole", "places", "drawn"):
        np.testing.assert_array_equal(one[name][:, 0], two[name][:, 0])
        assert not np.allclose(one[name][:, 1], two[name][:, 1])


def test_a_place_is_drawn_by_the_examples_own_seed():
    task = tiny()
    x = batch(task)
    one = task.propagate(x, training=False)
    held = np.array(one["places"])[:, 0]
    same = np.isclose(held, np.array(one["drawn"])[:, 0, None], rtol=1e-6).all(-1)
    assert same[:, :25].any(1).all() and len(set(same.argmax(1))) > 1
    two = task.propagate({**x, "seed": x["seed"] + 1}, training=False)
    assert not np.array_equal(one["drawn"], two["drawn"])
    turned = {name: part[::-1] for name, part in x.items()}
    three = task.propagate(turned, training=False)
    np.testing.assert_allclose(three["drawn"][::-1], one["drawn"], rtol=1e-5)


def test_defaults_are_the_papers():
    config = tiny().get_config()
    assert config["map_names"] == ("map5", "map7")
    assert (config["clip"], config["penalty_weight"]) == (20.0, 0.05)


@pytest.mark.parametrize(
    "argument, value",
    [
        ("clip", 0.0),
        ("penalty_weight", -1),
        ("map_names", ("map5",)),
        ("map_names", ("map5", "map9")),
        ("map_names", "map5"),
    ],
)
def test_errors(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}`"):
        tiny(**{argument: value})


def test_layers_that_are_no_maps_are_told():
    with pytest.raises(ValueError, match="`encoder` must give a vector"):
        AMDIM(plain_cnn((8, 8, 1)), map_names=("relu1", "features"))


@pytest.mark.quality
def test_learns_features_of_digits_that_beat_random_ones():
    task = tiny((16, 32, 32, 64), jit_compile=True)
    before = few_label_accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 64, seed=0)
    history = task.fit(data, steps_per_epoch=40, epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] - 1
    assert history["contrastive_accuracy"][-1] > 5 / (1 + 63 * 25)
    assert few_label_accuracy(task) > before + 0.05
    features = task.features(task.pretext.prepare(digits("test").fetch(range(500))))
    assert effective_rank(features) > 5
