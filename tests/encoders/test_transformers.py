import keras
import keras_hub
import numpy as np
import pytest

from kerassl.encoders import bert, draw_kernels, gpt2
from kerassl.errors import InvalidValue
from kerassl.transfer import random_weights

SIZES = {
    "vocabulary_size": 50,
    "num_layers": 2,
    "num_heads": 4,
    "hidden_dim": 64,
    "intermediate_dim": 256,
    "max_sequence_length": 8,
}


def kernels(encoder):
    """Returns the kernels of the blocks by the name of their layer, each a list."""
    found = {}
    for block in encoder.transformer_layers:
        for variable in block.trainable_variables:
            *_, layer, name = variable.path.split("/")
            if name == "kernel":
                found.setdefault(layer, []).append(variable.numpy())
    return found


@pytest.mark.parametrize(
    "make, before_addition", [(bert, 1.0), (gpt2, 1 / np.sqrt(2 * 2))]
)
def test_kernels_start_at_the_scale_of_their_inputs(make, before_addition):
    keras.utils.set_random_seed(0)
    found = kernels(make(**SIZES))
    inputs = {
        "query": 64,
        "key": 64,
        "value": 64,
        "attention_output": 4 * 16,
        "feedforward_intermediate_dense": 64,
        "feedforward_output_dense": 256,
    }
    assert set(found) == set(inputs)
    for layer, values in found.items():
        factor = before_addition if layer.endswith(("output", "output_dense")) else 1.0
        for value in values:
            expected = factor / np.sqrt(inputs[layer])
            assert value.std() == pytest.approx(expected, rel=0.06), layer


@pytest.mark.parametrize(
    "make, kind",
    [(bert, "BertBackbone"), (gpt2, "GPT2Backbone")],
)
def test_only_the_kernels_of_the_blocks_differ_from_kerashub(make, kind):
    encoder = make(**SIZES)
    stock = getattr(keras_hub.models, kind)
    assert type(encoder) is stock
    keras.utils.set_random_seed(0)
    drawn = make(**SIZES)
    keras.utils.set_random_seed(0)
    plain = stock(**SIZES, dropout=0.1)
    for a, b in zip(drawn.variables, plain.variables, strict=True):
        _, *parts = a.path.split("/")
        same = np.array_equal(a.numpy(), b.numpy())
        is_kernel = a.path.endswith("kernel") and "transformer_layer" in a.path
        assert same != is_kernel, parts


def test_it_loads_as_a_plain_backbone(tmp_path):
    encoder = bert(**SIZES)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    assert type(loaded) is keras_hub.models.BertBackbone
    for a, b in zip(encoder.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_seed_of_keras_decides():
    def drawn(seed):
        keras.utils.set_random_seed(seed)
        return gpt2(**SIZES).get_weights()

    first, again, other = drawn(0), drawn(0), drawn(1)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_other_encoders_are_left_as_they_are():
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    before = encoder.get_weights()
    assert draw_kernels(encoder) == 0
    np.testing.assert_array_equal(before[0], encoder.get_weights()[0])


def test_kernels_under_lora_are_drawn_and_quantised_ones_are_left():
    encoder = bert(**SIZES)
    encoder.enable_lora(2)
    assert draw_kernels(encoder) == 2 * 6
    quantised = bert(**SIZES)
    dense = quantised.transformer_layers[0]._feedforward_output_dense
    dense.quantize("int8")
    assert draw_kernels(quantised) == 2 * 6 - 1


@pytest.mark.parametrize("make", [bert, gpt2])
@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"num_heads": 3}, "must be a multiple of `num_heads`"),
        ({"dropout": 1.0}, "`dropout`"),
        ({"num_layers": 0}, "`num_layers`"),
        ({"vocabulary_size": "many"}, "`vocabulary_size`"),
    ],
)
def test_sizes_are_checked(make, wrong, message):
    with pytest.raises(InvalidValue, match=message):
        make(**{**SIZES, **wrong})


def test_the_random_control_starts_alike_after_loading(tmp_path):
    encoder = bert(**SIZES)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    control = random_weights(loaded, seed=3)
    for a, b in zip(control, random_weights(loaded, seed=3), strict=True):
        np.testing.assert_array_equal(a, b)
    encoder.set_weights(control)
    for layer, values in kernels(encoder).items():
        expected = 1 / np.sqrt(256 if layer == "feedforward_output_dense" else 64)
        assert values[0].std() == pytest.approx(expected, rel=0.06), layer
