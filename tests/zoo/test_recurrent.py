"""The sizes of the presets of recurrent language models."""

import keras
import pytest

from kerassl import zoo


@pytest.mark.parametrize(
    "name, size", [("lstm_lm_tiny", 847_360), ("lstm_lm_base", 24_200_800)]
)
def test_a_card_tells_the_size(name, size):
    # Without values for the variables.
    with keras.StatelessScope(initialize_variables=False):
        encoder = zoo.build(zoo.config(name)["encoder"])
        assert encoder.count_params() == size
    assert f"| {size:,} |" in zoo.card(name)
