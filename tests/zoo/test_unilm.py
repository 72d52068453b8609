"""The sizes of UniLM's presets."""

import keras
import pytest

from kerassl import zoo


@pytest.mark.parametrize(
    "name, size", [("unilm_tiny", 934_272), ("unilm_base", 108_313_344)]
)
def test_a_card_tells_the_size(name, size):
    # Without values for the variables.
    with keras.StatelessScope(initialize_variables=False):
        encoder = zoo.build(zoo.config(name)["encoder"])
        assert encoder.count_params() == size
    assert f"| {size:,} |" in zoo.card(name)
