"""The sizes of GPT-2's presets."""

import keras

from kerassl import zoo


def test_gpt2_base_has_the_published_size():
    # Without values for the variables, so without half a gigabyte of them.
    with keras.StatelessScope(initialize_variables=False):
        encoder = zoo.build(zoo.config("gpt2_base")["encoder"])
        assert encoder.count_params() == 124_439_808


def test_gpt2_tiny_has_the_size_of_its_card():
    encoder = zoo.build(zoo.config("gpt2_tiny")["encoder"])
    assert f"| {encoder.count_params():,} |" in zoo.card("gpt2_tiny")
