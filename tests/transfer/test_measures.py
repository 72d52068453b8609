import keras
import numpy as np
import pytest

from kerassl.transfer import embedding_map, fine_tune, knn, linear_probe
from kerassl.transfer.examples import draw_labels, split_off
from kerassl.transfer.features import encode
from kerassl.transfer.fine_tune import FineTuner


def problem(rows, seed, noise=0.3):
    """Three classes at three corners, in names, with noise dimensions."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, rows)
    x = np.hstack([np.eye(3)[y], np.zeros((rows, 5))])
    return (x + rng.normal(0, noise, x.shape)).astype("float32"), np.array(list("abc"))[
        y
    ]


TRAIN, TEST = problem(90, 0), problem(60, 1)


def dense(seed=0, units=6):
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(units, "relu"), keras.layers.Dense(units)]
    return keras.Sequential([keras.Input((8,)), *layers])


def informative():
    encoder = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3)])
    encoder.set_weights([np.eye(8, 3), np.zeros(3)])
    return encoder


def useless():
    encoder = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3)])
    encoder.set_weights([np.eye(8, 3, k=-5), np.zeros(3)])
    return encoder


@pytest.mark.parametrize("measure", [knn, linear_probe])
def test_an_informative_encoder_beats_a_useless_one(measure):
    good, bad = measure(informative(), TRAIN, TEST), measure(useless(), TRAIN, TEST)
    assert good.accuracy > 0.85 and bad.accuracy < 0.6
    assert good.accuracy == np.mean(good.predictions == TEST[1])


@pytest.mark.parametrize("frozen", [True, False])
def test_fine_tuning_learns_and_leaves_the_encoder_alone(frozen):
    encoder = informative()
    before = encoder.get_weights()
    result = fine_tune(
        encoder, TRAIN, TEST, frozen=frozen, learning_rate=0.03, steps=80
    )
    assert result.accuracy > 0.85
    logits = result.classifier.predict(TEST[0], verbose=0)
    assert (result.classes[logits.argmax(1)] == result.predictions).all()
    for old, new in zip(before, encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_frozen_keeps_the_encoder_of_the_classifier():
    encoder = dense()
    result = fine_tune(encoder, TRAIN, TEST, frozen=True, steps=20)
    for old, new in zip(
        encoder.get_weights(), result.classifier.get_weights(), strict=False
    ):
        np.testing.assert_array_equal(old, new)


def test_the_test_labels_choose_nothing():
    shuffled = TEST[0], np.roll(TEST[1], 7)
    for measure in (linear_probe, fine_tune):
        options = {"steps": 40} if measure is fine_tune else {}
        a = measure(dense(), TRAIN, TEST, **options)
        b = measure(dense(), TRAIN, shuffled, **options)
        assert a.settings == b.settings
        assert (a.predictions == b.predictions).all()


def test_the_strength_is_chosen_on_validation_data():
    # A validation set on which only strong regularisation is right.
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 30)).astype("float32")
    y = np.arange(40) % 2
    result = linear_probe(None, (x, y), (x, y), validation=(x, y))
    assert result.settings["C"] == 0.1 or result.settings["validation_accuracy"] == 1
    few = linear_probe(None, (x[:2], y[:2]), (x, y))
    assert few.settings == {"C": 0.1, "validation_accuracy": None}


def test_the_learning_rate_is_chosen_on_validation_data():
    rates = (1e-6, 0.03)
    result = fine_tune(dense(), TRAIN, TEST, learning_rate=rates, steps=60)
    assert result.settings["learning_rate"] == 0.03
    result = fine_tune(dense(), TRAIN, TEST, None, learning_rate=rates, steps=20)
    assert result.settings["learning_rate"] == 1e-6
    assert result.settings["validation_loss"] is None


def test_the_same_seed_gives_the_same_tuning_twice():
    layers = [keras.layers.Dense(6), keras.layers.BatchNormalization()]
    layers += [keras.layers.Dropout(0.3)]
    tuner = FineTuner(
        keras.Sequential([keras.Input((8,)), *layers]), np.unique(TRAIN[1])
    )
    runs = []
    for seed in (1, 2, 1):
        tuner.fit(TRAIN, seed=seed, steps=40, learning_rate=0.03)
        runs.append(tuner.classifier.get_weights())
    for first, _, again in zip(*runs, strict=True):
        np.testing.assert_array_equal(first, again)
    assert any((a != b).any() for a, b in zip(runs[0], runs[1], strict=True))


def test_dicts_of_arrays_are_encoded():
    ids = keras.Input((5,), dtype="int32", name="token_ids")
    mask = keras.Input((5,), dtype="int32", name="padding_mask")
    sequence = keras.layers.Embedding(9, 4)(ids)
    encoder = keras.Model({"token_ids": ids, "padding_mask": mask}, sequence)
    rng = np.random.default_rng(0)
    x = {
        "token_ids": rng.integers(0, 9, (40, 5)),
        "padding_mask": np.ones((40, 5), int),
    }
    y = (x["token_ids"] == 3).any(1).astype(int)
    assert encode(encoder, x).shape == (40, 4)
    assert encode(encoder, x, 16) is not None
    result = fine_tune(encoder, (x, y), (x, y), learning_rate=0.05, steps=100)
    assert result.accuracy > 0.8
    assert knn(encoder, (x, y), (x, y), k=1).accuracy == 1


def test_draws_are_stratified_and_nested():
    y = np.repeat([4, 5, 6], [50, 30, 2])
    five, ten = draw_labels(y, 5, seed=3), draw_labels(y, 10, seed=3)
    assert sorted(y[five]) == [4] * 5 + [5] * 5 + [6] * 2
    assert set(five) < set(ten)
    assert set(five) != set(draw_labels(y, 5, seed=4))
    kept, held = split_off(y, 0.2, seed=0)
    assert np.bincount(y[held], minlength=7)[4:].tolist() == [10, 6, 0]
    assert sorted([*kept, *held]) == list(range(82))


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="`train`.*pair"):
        knn(None, TRAIN[0], TEST)
    with pytest.raises(ValueError, match="`test`.*60.*59"):
        knn(None, TRAIN, (TEST[0], TEST[1][:-1]))
    with pytest.raises(ValueError, match="two classes"):
        linear_probe(None, (TRAIN[0], np.zeros(90, int)), TEST)
    with pytest.raises(ValueError, match="`steps`.*0"):
        fine_tune(dense(), TRAIN, TEST, steps=0)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_a_map_has_a_colour_for_each_label(method):
    figure = embedding_map(None, TRAIN[0][:30], TRAIN[1][:30], method=method)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["a", "b", "c"]
    with pytest.raises(ValueError, match="`method`.*'umap'"):
        embedding_map(None, TRAIN[0], method="umap")
