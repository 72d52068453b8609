"""Options of a comparison are refused before anything is trained for them."""

import pytest

import kerassl
from kerassl import transfer, zoo

WRONG = [
    ({"draws": 0}, "`draws` must be an integer >= 1"),
    ({"draws": "many"}, "`draws`"),
    ({"drawz": 3}, "`drawz` is no option .* draws"),
    ({"methods": ["svm"]}, "`methods` must be some of"),
    ({"methods": "knn"}, "`methods`"),
    ({"methods": []}, "`methods` must not be empty"),
    ({"controls": ["chance"]}, "`controls` must be some of"),
    ({"labels_per_class": 5}, "`labels_per_class` must be a list"),
    ({"labels_per_class": [0]}, "`labels_per_class`"),
    ({"validation": 1.0}, "`validation` must be in"),
    ({"validation": "a fifth"}, "`validation` must be a number"),
    ({"seed": -1}, "`seed`"),
    ({"pooling": "max"}, "`pooling` must be one of"),
    ({"features": "map"}, "`features` must be 'auto', 'pooled' or a list"),
    ({"features": []}, "`features` must be"),
    ({"features": ["maps"]}, "`features` must be some of"),
    ({"features": 5}, "`features` must be"),
    ({"calibrate": "yes"}, "`calibrate` must be true or false"),
    ({"knn_options": 5}, "`knn_options` must be an object"),
    ({"knn_options": {"k": 0}}, "`knn_options.k` must be"),
    ({"knn_options": {"temperature": float("nan")}}, "`knn_options.temperature`"),
    ({"linear_probe_options": {"strengths": []}}, "strengths` must be a list"),
    ({"linear_probe_options": {"strengths": [-1]}}, "strengths` must be above 0"),
    ({"fine_tune_options": {"learning_rate": "fast"}}, "learning_rate` must be a list"),
    ({"fine_tune_options": {"steps": 0}}, "`fine_tune_options.steps`"),
    ({"supervised_options": {"speed": 1}}, "`supervised_options.speed` is no option"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_a_wrong_option_is_told(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        transfer.check_options(options)


@pytest.mark.parametrize("options", [WRONG[0][0], WRONG[14][0], WRONG[18][0]])
def test_pretraining_refuses_it_before_it_makes_a_folder(options, tmp_path):
    (name, value), *_ = options.items()
    with pytest.raises((TypeError, ValueError), match=f"`transfer.{name}"):
        kerassl.pretrain(
            "simclr_digits",
            out=tmp_path / "run",
            overrides={f"transfer.{name}": value},
        )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", zoo.names())
def test_every_preset_has_options_that_fit(name):
    transfer.check_options(zoo.config(name).get("transfer", {}))
