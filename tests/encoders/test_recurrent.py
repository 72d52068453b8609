import keras
import numpy as np
import pytest

from kerassl.encoders import feature_model, recurrent


def frames(rows=3, length=12, num_mels=5, seed=0):
    random = np.random.default_rng(seed)
    return {
        "log_mels": random.standard_normal((rows, length, num_mels)).astype("float32"),
        "padding_mask": np.ones((rows, length), "int32"),
    }


def small(**options):
    return recurrent(5, hidden_dim=8, num_layers=3, **options)


def test_a_frame_sees_none_after_it():
    encoder, x = small(), frames()
    changed = {**x, "log_mels": x["log_mels"].copy()}
    changed["log_mels"][:, 7:] += 3.0
    a, b = encoder.predict(x, verbose=0), encoder.predict(changed, verbose=0)
    np.testing.assert_array_equal(a[:, :7], b[:, :7])
    assert (abs(a[:, 7:] - b[:, 7:]).max(axis=(1, 2)) > 1e-3).all()


def test_padding_changes_no_real_frame_and_no_pooled_feature():
    encoder, x = small(), frames()
    x["padding_mask"][1, 8:] = 0
    x["log_mels"][1, 8:] = 100.0
    alone = {name: value[1:2, :8] for name, value in x.items()}
    whole, part = encoder.predict(x, verbose=0), encoder.predict(alone, verbose=0)
    np.testing.assert_allclose(whole[1:2, :8], part, atol=1e-6)
    np.testing.assert_array_equal(whole[1, 8:], 0.0)
    pooled = feature_model(encoder)
    np.testing.assert_allclose(
        pooled.predict(x, verbose=0)[1], part[0].mean(axis=0), atol=1e-6
    )


def test_residual_layers_add_their_input():
    encoder, x = small(), frames()
    for name in ("gru2", "gru3"):  # a unit whose weights are 0 stays at 0
        for variable in encoder.get_layer(name).weights:
            variable.assign(keras.ops.zeros_like(variable))
    first = keras.Model(encoder.input, encoder.get_layer("gru1").output)
    np.testing.assert_allclose(
        encoder.predict(x, verbose=0), first.predict(x, verbose=0), atol=1e-6
    )
    assert small(residual=False).count_params() == encoder.count_params()


def test_half_precision_and_saving(tmp_path):
    encoder, x = small(dtype="mixed_bfloat16", dropout=0.1), frames()
    made = encoder.predict(x, verbose=0)
    encoder.save(tmp_path / "e.keras")
    again = keras.saving.load_model(tmp_path / "e.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), made)
    assert encoder.get_layer("gru1").compute_dtype == "bfloat16"
    assert str(made.dtype) == "bfloat16"


@pytest.mark.parametrize(
    "options",
    [
        {"num_mels": 0},
        {"hidden_dim": "8"},
        {"num_layers": 0},
        {"num_layers": 10**6},
        {"residual": "yes"},
        {"dropout": 1.0},
    ],
    ids=str,
)
def test_arguments_are_checked(options):
    with pytest.raises((ValueError, TypeError), match=next(iter(options))):
        recurrent(**options)
