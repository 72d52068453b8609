"""The presets of T5 have the published sizes, and room for sentinels."""

import pytest

from kerassl import data, zoo

TEXTS = ["the cat sat on the mat", "the dog ate the hat"]


@pytest.mark.parametrize(
    "name, count", [("t5_small", 60_506_624), ("t5_base", 222_903_552)]
)
def test_parameters_of_the_published_models(name, count):
    spec = zoo.config(name)
    sizes = spec["encoder"]
    names = ("vocabulary_size", "num_layers", "num_heads", "hidden_dim")
    rows, layers, heads, dim = (sizes[name] for name in names)
    feed_forward = 2 * dim * sizes["intermediate_dim"]
    in_encoder = 4 * dim**2 + feed_forward + 2 * dim
    in_decoder = 8 * dim**2 + feed_forward + 3 * dim
    ends = 2 * (32 * heads + dim)  # position biases and last norms
    assert rows * dim + layers * (in_encoder + in_decoder) + ends == count
    if name == "t5_small":  # the larger one takes too long to make
        assert zoo.build(sizes).count_params() == count
    pieces = spec["tokenizer"]["vocabulary_size"]
    assert pieces + spec["pretext"]["sentinels"] == sizes["vocabulary_size"]
    pretext = zoo.build(spec["pretext"])
    assert (pretext.input_length, pretext.target_length) == (512, 114 + 1)


def test_the_embedding_has_rows_for_the_sentinels():
    tokenizer = data.train_tokenizer(TEXTS, vocabulary_size=30)
    changes = {"encoder.hidden_dim": 16, "pretext.sentinels": 20}
    task = zoo.load("t5_tiny", tokenizer=tokenizer, overrides=changes)
    assert task.backbone.vocabulary_size == 30 + 20
    assert task.dataset(TEXTS, 2).element_spec[1].shape == (2, 27)
