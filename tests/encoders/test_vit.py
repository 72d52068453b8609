import keras
import numpy as np
import pytest

from kerassl.encoders import open_encoder, pool, vit, vit_small, vit_tiny
from kerassl.encoders.feature_sets import feature_sets
from kerassl.transfer.attention import attention_weights, patch_grid


def tiny(**options):
    sizes = {"patch_size": 2, "num_layers": 2, "num_heads": 2, "hidden_dim": 8}
    return vit((8, 8, 1), **{**sizes, **options})


def images(side=8, count=3):
    return np.random.default_rng(0).random((count, side, side, 1), "float32")


def parameters(dim, layers, patch, side, channels):
    """Returns the number of weights by the paper's formulas."""
    embedding = patch**2 * channels * dim + dim
    positions = dim + ((side // patch) ** 2 + 1) * dim
    attention = 4 * (dim**2 + dim)
    feed_forward = 2 * 4 * dim**2 + 4 * dim + dim
    block = attention + feed_forward + 4 * dim
    return embedding + positions + layers * block + 2 * dim


@pytest.mark.parametrize(
    "make, dim, published", [(vit_tiny, 192, 5.5e6), (vit_small, 384, 21.7e6)]
)
def test_named_sizes_have_the_published_number_of_weights(make, dim, published):
    count = make().count_params()
    assert count == parameters(dim, 12, 16, 224, 3)
    np.testing.assert_allclose(count, published, rtol=0.005)


def test_computes_what_kerashubs_vit_does():
    import keras_hub

    ours = tiny()
    theirs = keras_hub.models.ViTBackbone((8, 8, 1), (2, 2), 2, 2, 8, 32)
    patches = theirs.get_layer("vit_patching_and_embedding")
    own = ours.get_layer("patches")
    patches.class_token.assign(own.class_token)
    patches.patch_embedding.set_weights(own.patch_embedding.get_weights())
    patches.position_embedding.set_weights([own.position_embedding])
    encoder = theirs.get_layer("vit_encoder")
    for i, block in enumerate(encoder.encoder_layers, start=1):
        same = ours.get_layer(f"block{i}")
        block.mha.set_weights(same._self_attention_layer.get_weights())
        block.mlp.dense_1.set_weights(
            same._feedforward_intermediate_dense.get_weights()
        )
        block.mlp.dense_2.set_weights(same._feedforward_output_dense.get_weights())
    x = images()
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-4, atol=1e-5)


def test_takes_images_of_other_sizes():
    encoder = tiny()
    assert [encoder(images(side)).shape for side in (8, 4, 12)] == [
        (3, 17, 8),
        (3, 5, 8),
        (3, 37, 8),
    ]


def test_the_class_token_is_the_first():
    tokens = tiny()
    alone = tiny(output="class_token")
    alone.set_weights(tokens.get_weights())
    x = images()
    np.testing.assert_allclose(alone(x), pool(tokens(x), pooling="cls"), rtol=1e-6)
    assert alone.output_shape == (None, 8)


def test_it_opens():
    encoder, x = tiny(), images()
    parts = open_encoder(encoder)
    states = parts.embed(x)
    np.testing.assert_allclose(parts.norm(parts.run(states)), encoder(x), rtol=1e-5)
    assert parts.norm(parts.run(states[:, :6])).shape == (3, 6, 8)


def test_kernels_start_at_the_scale_of_their_width():
    encoder = tiny(hidden_dim=64, num_layers=1)
    states = np.array(open_encoder(encoder).embed(images(count=50)))
    after = np.array(open_encoder(encoder).run(states))
    assert np.std(after - states) > 0.2  # at KerasHub's scale 0.07


@pytest.mark.parametrize("output", ["tokens", "class_token"])
def test_a_saved_file_loads(output, tmp_path):
    encoder = tiny(output=output, dtype="mixed_bfloat16")
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    again = keras.models.clone_model(loaded)
    again.set_weights(loaded.get_weights())
    for side in (8, 4):
        x = images(side)
        assert encoder(x).dtype == "bfloat16"
        for model in (loaded, again):
            expected, found = (np.array(m(x), "float32") for m in (encoder, model))
            np.testing.assert_array_equal(found, expected)


def test_its_attention_and_its_layers_are_found():
    encoder = tiny()
    assert patch_grid(encoder) == (4, 4, 1)
    assert attention_weights(encoder, images()).shape == (3, 2, 2, 17, 17)
    features = feature_sets(encoder).output
    assert features["last layers"].shape == (None, 16)
    assert features["first and mean"].shape == (None, 16)


@pytest.mark.parametrize(
    "options, name",
    [
        ({"hidden_dim": 9}, "hidden_dim"),
        ({"output": "patches"}, "output"),
        ({"mlp_dim": 0}, "mlp_dim"),
        ({"patch_size": 3}, "input_shape"),
    ],
)
def test_errors(options, name):
    with pytest.raises(ValueError, match=f"`{name}` must"):
        tiny(**options)


def test_kernels_without_values_yet_get_theirs_at_that_scale():
    with keras.StatelessScope(initialize_variables=False):
        encoder = tiny(num_layers=1, hidden_dim=64)
    kernel = encoder.get_layer("block1")._feedforward_intermediate_dense.kernel
    assert kernel._value is None
    with keras.StatelessScope():
        pass  # at the end of which Keras gives all such variables their values
    np.testing.assert_allclose(np.std(kernel.numpy()), 1 / 8, rtol=0.05)
