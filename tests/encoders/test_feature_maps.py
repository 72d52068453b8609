import keras
import numpy as np
import pytest

from kerassl.encoders import dense, plain_cnn, resnet
from kerassl.encoders.feature_maps import feature_map_model


@pytest.mark.parametrize(
    "encoder, shape",
    [
        (plain_cnn((8, 8, 1), (4, 6), (1, 2)), (None, 4, 4, 6)),
        (plain_cnn((None, None, 1), (4, 6), (1, 2), grid=1), (None, None, None, 6)),
        (resnet((8, 8, 3), (1, 1), (4, 8), stem="imagenet"), (None, 1, 1, 8)),
        (keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(5, 3)]), None),
    ],
)
def test_the_last_map_before_any_pooling(encoder, shape):
    model = feature_map_model(encoder)
    assert model.output_shape == (shape or (None, 6, 6, 5))
    assert {id(v) for v in model.variables} <= {id(v) for v in encoder.variables}


def test_the_map_pooled_is_the_feature():
    encoder = resnet((8, 8, 3), (1, 1), (4, 8))
    x = np.random.default_rng(0).random((2, 8, 8, 3), dtype="float32")
    pooled = feature_map_model(encoder)(x).numpy().mean((1, 2))
    np.testing.assert_allclose(encoder(x), pooled, rtol=1e-4, atol=1e-5)


def test_an_encoder_without_a_map_is_refused():
    with pytest.raises(
        ValueError, match="^`encoder` must.* 'dense_encoder', of which no layer"
    ):
        feature_map_model(dense((8, 8, 1), (4,)))
