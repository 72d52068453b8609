"""The sizes of RoBERTa's presets."""

import keras

from kerassl import zoo


def test_roberta_base_has_the_published_size():
    # Without values for the variables, so without half a gigabyte of them.
    with keras.StatelessScope(initialize_variables=False):
        encoder = zoo.build(zoo.config("roberta_base")["encoder"])
        received = encoder.count_params()
    width, inner = 768, 3072
    embeddings = (50_265 + 512 + 2) * width
    attention = 4 * (width + 1) * width
    feed_forward = (width + 1) * inner + (inner + 1) * width
    assert received == embeddings + 12 * (attention + feed_forward + 4 * width)
    assert received == 124_052_736
    assert f"| {received:,} |" in zoo.card("roberta_base")


def test_roberta_tiny_has_the_size_of_its_card():
    encoder = zoo.build(zoo.config("roberta_tiny")["encoder"])
    assert f"| {encoder.count_params():,} |" in zoo.card("roberta_tiny")
