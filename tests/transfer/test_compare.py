import json

import keras
import numpy as np
import pytest

from kerassl.transfer import Comparison, compare

FAST = {"fine_tune_options": {"steps": 20, "layer_decay": 0.8}, "progress": False}


def problem(rows, seed):
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % 3
    x = np.hstack([np.eye(3)[y], np.zeros((rows, 9))])
    return (x + rng.normal(0, 0.4, x.shape)).astype("float32"), y


def good_encoder():
    encoder = keras.Sequential([keras.Input((12,)), keras.layers.Dense(3)])
    encoder.set_weights([np.eye(12, 3), np.zeros(3)])
    return encoder


@pytest.fixture(scope="module")
def comparison():
    budgets = (1, 5, None)
    return compare(
        good_encoder(),
        problem(60, 0),
        problem(90, 1),
        labels_per_class=budgets,
        draws=3,
        **FAST,
    )


def test_every_cell_has_its_draws(comparison):
    # The supervised network itself has one figure under fine-tuning.
    assert len(comparison.rows) == 3 * 3 * 3 - 2
    assert all(len(row["accuracies"]) == 3 for row in comparison.rows)
    assert comparison.protocol["seeds"] == [0, 1, 2]
    assert all(row["kind"] == row["encoder"] for row in comparison.rows)
    assert comparison.protocol["test_examples"] == 90
    row = comparison.row("random", "knn", 5)
    assert row["std"] == pytest.approx(np.std(row["accuracies"], ddof=1))


def test_the_good_encoder_beats_its_random_control(comparison):
    for method in ("knn", "linear_probe"):
        good = comparison.row("pretrained", method, 5)["mean"]
        assert good > comparison.row("random", method, 5)["mean"] + 0.1


def test_controls_have_full_rates_in_every_layer(comparison):
    decays = {
        row["encoder"]: row["settings"][0]["layer_decay"]
        for row in comparison.rows
        if row["method"] == "fine_tune"
    }
    assert decays == {"pretrained": 0.8, "random": 1.0, "supervised": 1.0}


def test_one_label_a_class_takes_the_defaults(comparison):
    probe = comparison.row("pretrained", "linear_probe", 1)["settings"][0]
    assert probe == {"C": 0.1, "validation_accuracy": None, "features": "pooled"}
    tuned = comparison.row("pretrained", "fine_tune", 1)["settings"][0]
    assert tuned["validation_loss"] is None


def test_it_is_written_in_all_forms(comparison):
    again = Comparison.from_dict(json.loads(json.dumps(comparison.to_dict())))
    assert again.to_markdown() == comparison.to_markdown()
    # Without an input there is nothing to be judged against.
    assert comparison.verdict is None and comparison.labels_saved() is None
    page = comparison.to_markdown()
    assert "1 a class | 5 a class | all labels" in page and "90 test examples" in page
    mean = comparison.row("random", "knn", 5)["mean"]
    assert f"{100 * mean:.1f} ±" in page
    assert comparison.table().row_count == 9
    figure = comparison.figure()
    assert [a.get_title() for a in figure.axes] == [
        "kNN",
        "linear probe",
        "fine-tuning",
    ]


def test_the_same_seed_gives_the_same_figures():
    sets = problem(45, 0), problem(60, 1)
    options = {"labels_per_class": (5,), "draws": 2, **FAST}
    first = compare(good_encoder(), *sets, **options)
    again = compare(good_encoder(), *sets, **options)
    assert first.rows == again.rows


def test_wrong_arguments_are_named():
    sets = problem(45, 0), problem(60, 1)
    with pytest.raises(ValueError, match="`methods`.*'svm'"):
        compare(good_encoder(), *sets, methods=["svm"])
    with pytest.raises(ValueError, match="labels_per_class.*0"):
        compare(good_encoder(), *sets, labels_per_class=[0])
    with pytest.raises(ValueError, match="labels_per_class.*'5'"):
        compare(good_encoder(), *sets, labels_per_class="5")
    with pytest.raises(ValueError, match="labels_per_class.*: 5"):
        compare(good_encoder(), *sets, labels_per_class=5)
    with pytest.raises(ValueError, match="`draws` must be .*: 'many'"):
        compare(good_encoder(), *sets, draws="many")


def test_a_class_with_fewer_labels_than_asked_is_told():
    sets = problem(30, 0), problem(30, 1)
    options = {"methods": ["knn"], "controls": [], "draws": 1, "progress": False}
    page = compare(good_encoder(), *sets, labels_per_class=(5, 50), **options)
    assert "gives all; the smallest has 10." in page.to_markdown()
    page = compare(good_encoder(), *sets, labels_per_class=(10, None), **options)
    assert "the smallest" not in page.to_markdown()


def test_all_labels_take_fewer_draws():
    sets = problem(45, 0), problem(60, 1)
    options = {"methods": ["knn", "fine_tune"], "draws": 5, **FAST}
    few = compare(good_encoder(), *sets, labels_per_class=(5, None), **options)
    draws = {
        (row["kind"], row["labels_per_class"]): len(row["accuracies"])
        for row in few.rows
    }
    few_draws = {"pretrained": 5, "random": 5, "supervised": 3}
    assert draws == {
        **{(kind, 5): draws for kind, draws in few_draws.items()},
        **{(kind, None): 3 for kind in few_draws},
    }
    assert "With all labels 3 draws." in few.to_markdown()
    alone = compare(good_encoder(), *sets, labels_per_class=(None,), **options)
    assert {len(row["accuracies"]) for row in alone.rows} == {5}
    assert "With all labels" not in alone.to_markdown()
