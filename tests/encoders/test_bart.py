"""The encoder of a BART alone."""

import keras
import keras_hub
import numpy as np
import pytest

from kerassl.encoders import bart_encoder


@pytest.fixture(scope="module")
def backbone():
    return keras_hub.models.BartBackbone(50, 2, 2, 16, 32, max_sequence_length=10)


@pytest.fixture(scope="module")
def inputs():
    ids = np.random.default_rng(0).integers(1, 50, (3, 8)).astype("int32")
    mask = (np.arange(8) < np.array([[8], [5], [1]])).astype("int32")
    return {"token_ids": ids, "padding_mask": mask}


def whole(backbone, inputs):
    x = {f"encoder_{name}": part for name, part in inputs.items()}
    x |= {f"decoder_{name}": part for name, part in inputs.items()}
    return backbone(x)["encoder_sequence_output"]


def test_it_is_the_backbone_s_encoder(backbone, inputs):
    encoder = bart_encoder(backbone)
    np.testing.assert_allclose(
        encoder(inputs), whole(backbone, inputs), rtol=1e-5, atol=1e-6
    )
    own = {id(v) for v in encoder.weights}
    assert own < {id(v) for v in backbone.weights}
    assert not any("decoder" in variable.path for variable in encoder.weights)


def test_padding_is_not_read(backbone, inputs):
    encoder = bart_encoder(backbone)
    other = np.where(inputs["padding_mask"], inputs["token_ids"], 7)
    seen = inputs["padding_mask"][..., None]
    np.testing.assert_allclose(
        encoder({**inputs, "token_ids": other}) * seen,
        encoder(inputs) * seen,
        rtol=1e-5,
        atol=1e-6,
    )


def test_a_saved_file_is_plain_keras(backbone, inputs, tmp_path):
    encoder = bart_encoder(backbone)
    encoder.save(tmp_path / "encoder.keras")
    again = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_allclose(again(inputs), encoder(inputs), rtol=1e-6, atol=1e-6)
    assert "kerassl" not in str(again.get_config())
