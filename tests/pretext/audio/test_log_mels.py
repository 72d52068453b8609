import numpy as np
import pytest
import tensorflow as tf

from kerassl.errors import InvalidType, InvalidValue
from kerassl.layers import LogMel
from kerassl.pretext.audio.log_mels import check_waveforms, log_mels


def sounds(dtype="float32"):
    random = np.random.default_rng(0)
    waveform = 0.1 * random.standard_normal((3, 4000))
    if dtype == "int16":
        waveform = waveform * 32768
    return {"waveform": waveform.astype(dtype), "length": np.array([4000, 1500, 399])}


@pytest.mark.parametrize("normalize", [None, "mel", "example"])
@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_the_pipeline_gives_what_the_layer_gives(dtype, normalize):
    layer = LogMel(num_mels=40, normalize=normalize)
    one, other = log_mels(sounds(dtype), layer), layer(sounds(dtype))
    np.testing.assert_allclose(one["log_mels"], other["log_mels"], atol=2e-4)
    np.testing.assert_array_equal(one["padding_mask"], other["padding_mask"])


def test_in_a_dataset_it_gives_the_same_with_static_shapes():
    layer = LogMel(num_mels=40)
    data = tf.data.Dataset.from_tensor_slices(sounds()).batch(3, drop_remainder=True)
    data = data.map(lambda x: log_mels(x, layer))
    assert data.element_spec["log_mels"].shape == (3, 23, 40)
    (made,) = data
    expected = log_mels(sounds(), layer)["log_mels"]
    np.testing.assert_allclose(made["log_mels"], expected, atol=1e-5)


@pytest.mark.parametrize(
    "inputs, error, match",
    [
        (np.zeros((2, 100), "int32"), InvalidType, "int16. Received: int32"),
        (np.zeros((2, 100, 2), "int16"), InvalidValue, "of one channel"),
        (np.zeros((2, 10), "int16"), InvalidValue, "50 samples or more"),
        (np.full((2, 100), np.nan), InvalidValue, "finite"),
        (np.full((2, 100), 300.0), InvalidValue, "from 300 to 300"),
        ({"sound": np.zeros((2, 100))}, InvalidValue, "the key 'waveform'"),
        (
            {"waveform": np.zeros((2, 100)), "length": np.array([1, 101])},
            InvalidValue,
            "from 0 to the 100 samples",
        ),
        (
            {"waveform": np.zeros((2, 100)), "length": np.array([1])},
            InvalidValue,
            "one number for each waveform",
        ),
        (
            {"waveform": np.zeros((2, 100)), "length": np.array([1.0, 2.0])},
            InvalidType,
            "must hold integers",
        ),
    ],
    ids=lambda value: None if isinstance(value, str | type) else "inputs",
)
def test_what_is_no_sound_is_refused(inputs, error, match):
    with pytest.raises(error, match=match):
        check_waveforms(inputs, least=50)


def test_in_a_graph_values_are_looked_at_when_they_come():
    def look(waveform):
        check_waveforms(waveform, least=50)
        return waveform

    data = tf.data.Dataset.from_tensors(np.full((2, 100), np.nan, "float32")).map(look)
    with pytest.raises(tf.errors.InvalidArgumentError, match="finite"):
        list(data)
