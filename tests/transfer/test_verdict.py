"""The verdict over paired draws, beside SciPy's own interval."""

import json

import numpy as np
import pytest
from scipy import stats

from kerassl.transfer.verdict import paired_interval, verdict


def told(differences, **options):
    options = {"what": "The probe", "against": "on raw pixels", **options}
    return verdict(differences, **options)


def test_the_interval_is_that_of_the_paired_t_test():
    rng = np.random.default_rng(0)
    differences = rng.normal(2.0, 3.0, 7)
    found = stats.ttest_1samp(differences, 0.0).confidence_interval(0.95)
    mean, half_width = paired_interval(differences)
    np.testing.assert_allclose(
        [mean - half_width, mean + half_width], [found.low, found.high]
    )


@pytest.mark.parametrize(
    ("differences", "sentence", "better"),
    [
        ([4.0, 4.2, 4.1], "is 4.1 ± 0.2 points better than on raw pixels.", True),
        ([-4.0, -4.2, -4.1], "is 4.1 ± 0.2 points worse than on raw pixels.", False),
        (
            [5.0, -3.0, 1.0],
            "is not better than on raw pixels: 1.0 ± 9.9 points.",
            False,
        ),
        (
            [2.0],
            "is better than on raw pixels by 2.0 points in a single draw, "
            "without interval.",
            False,
        ),
        (
            [-2.0],
            "is not better than on raw pixels: -2.0 points in a single draw.",
            False,
        ),
        ([0.0, 0.0], "is not better than on raw pixels: 0.0 ± 0.0 points.", False),
    ],
)
def test_sentences(differences, sentence, better):
    found = told(differences)
    assert found.sentence == f"The probe {sentence}"
    assert found.better is better


def test_unit_and_digits():
    found = told([0.25, 0.27], unit="bits a byte", digits=3)
    assert found.sentence.startswith("The probe is 0.260 ± 0.127 bits a byte better")
    assert found.to_dict()["unit"] == "bits a byte"


def test_figures_are_kept_as_json_takes_them():
    found = told([1.0], figures={"input": np.float32(0.5)}).to_dict()
    assert json.loads(json.dumps(found))["figures"] == {"input": 0.5}


@pytest.mark.parametrize("differences", [[], [np.nan], [[1.0]], [np.inf, 1.0]])
def test_bad_differences_are_refused(differences):
    with pytest.raises(ValueError, match="`differences` must be"):
        told(differences)
