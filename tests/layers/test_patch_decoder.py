import keras
import numpy as np
import pytest
from keras import ops

from kerassl.layers import PatchDecoder, sin_cos_positions
from kerassl.ops import take_rows


def made(**options):
    sizes = {"hidden_dim": 8, "num_layers": 2, "num_heads": 2}
    return PatchDecoder((2, 3), 5, **{**sizes, **options})


def inputs(first=1):
    random = np.random.default_rng(0)
    order = np.stack([random.permutation(6) for _ in range(4)])
    states = random.normal(size=(4, first + 2, 7)).astype("float32")
    return states, order[:, :2], order[:, 2:]


@pytest.mark.parametrize("first", [0, 1])
def test_it_is_a_decoder_over_the_tokens_sorted_by_place(first):
    decoder = made()
    states, visible, hidden = inputs(first)
    found = decoder(states, visible, hidden)
    # As the paper has it: mask tokens appended, the order restored by the argsort of
    # the argsort, the vectors of the places added to all.
    embedded = np.array(decoder.embedding(states))
    tokens = np.broadcast_to(np.array(decoder.mask_token), (4, 4, 8))
    restore = np.argsort(np.concatenate([visible, hidden], axis=1), axis=1)
    patches = np.concatenate([embedded[:, first:], tokens], axis=1)
    patches = np.take_along_axis(patches, restore[:, :, None], axis=1)
    x = np.concatenate(
        [embedded[:, :first], patches + sin_cos_positions((2, 3), 8)], axis=1
    )
    for block in decoder.blocks:
        x = block(x)
    whole = decoder.head(decoder.norm(x))[:, first:]
    np.testing.assert_allclose(found, take_rows(whole, hidden), rtol=1e-4, atol=1e-6)


def test_the_order_in_which_patches_come_does_not_matter():
    decoder = made()
    states, visible, hidden = inputs()
    found = decoder(states, visible, hidden)
    turned = decoder(states[:, [0, 2, 1]], visible[:, ::-1], hidden[:, ::-1])
    np.testing.assert_allclose(found, turned[:, ::-1], rtol=1e-4, atol=1e-6)


def test_at_first_it_tells_hardly_anything():
    decoder = made(hidden_dim=64)
    assert float(ops.std(decoder(*inputs()))) < 0.3


def test_it_is_made_again_from_its_config():
    decoder = made(dtype="mixed_bfloat16")
    again = PatchDecoder.from_config(decoder.get_config())
    assert again.get_config() == decoder.get_config()
    assert again(*inputs()).dtype == "bfloat16"
    symbolic = [keras.Input(shape) for shape in ((3, 7), (2,), (4,))]
    assert made()(*symbolic).shape == (None, 4, 5)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"hidden_dim": 6}, "hidden_dim"),
        ({"num_heads": 3}, "hidden_dim"),
        ({"num_layers": 0}, "num_layers"),
    ],
)
def test_errors(options, name):
    with pytest.raises(ValueError, match=f"`{name}` must"):
        made(**options)
