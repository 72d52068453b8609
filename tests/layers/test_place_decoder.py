import numpy as np
import pytest
from keras import ops

from kerassl.layers import PlaceDecoder


def test_the_order_of_tokens_tells_no_place():
    decoder = PlaceDecoder((2, 3), hidden_dim=8, num_layers=1, num_heads=2)
    states = np.random.default_rng(0).standard_normal((2, 4, 6)).astype("float32")
    found = np.array(decoder(states, asked=4))
    assert found.shape == (2, 4, 6)
    order = [2, 0, 3, 1]
    np.testing.assert_allclose(
        decoder(states[:, order], asked=4), found[:, order], rtol=1e-5, atol=1e-6
    )
    last = decoder(states, asked=1)
    np.testing.assert_allclose(last, found[:, -1:], rtol=1e-5, atol=1e-6)


def test_it_has_no_weight_that_it_does_not_use():
    decoder = PlaceDecoder((2, 3), hidden_dim=8, num_layers=1, num_heads=2)
    decoder.build((None, 4, 6))
    assert not [v.path for v in decoder.weights if "mask_token" in v.path]


def test_config():
    decoder = PlaceDecoder((2, 3), hidden_dim=8, num_layers=1, num_heads=2, name="a")
    again = PlaceDecoder.from_config(decoder.get_config())
    assert again.get_config() == decoder.get_config()
    assert again(ops.ones((1, 2, 4)), asked=2).shape == (1, 2, 6)


def test_errors():
    with pytest.raises(ValueError, match="`hidden_dim` must be a multiple"):
        PlaceDecoder((2, 2), hidden_dim=6, num_heads=2)
    with pytest.raises(ValueError, match="`grid` must"):
        PlaceDecoder((2, 0), hidden_dim=8, num_heads=2)
