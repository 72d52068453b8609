import functools

import keras
import keras_hub
import numpy as np
import pytest
from keras import ops

from kerassl.encoders import open_encoder, t5, t5_encoder
from kerassl.encoders.blocks import transformer_blocks

SIZES = {"num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}
LENGTH = 6


def text(kind, **options):
    sizes = {**SIZES, "max_sequence_length": LENGTH, "dropout": 0.0, **options}
    return lambda: kind(20, **sizes)


ENCODERS = {
    "bert": text(keras_hub.models.BertBackbone),
    "roberta": text(keras_hub.models.RobertaBackbone),
    "distilbert": text(keras_hub.models.DistilBertBackbone),
    "electra": text(keras_hub.models.ElectraBackbone, embedding_dim=4),
    "albert": text(
        keras_hub.models.AlbertBackbone, num_layers=4, embedding_dim=4, num_groups=2
    ),
    "gpt2": text(keras_hub.models.GPT2Backbone),
    "opt": text(keras_hub.models.OPTBackbone),
}
MASKED = [*ENCODERS, "t5"]


def vit():
    return keras_hub.models.ViTBackbone(
        image_shape=(8, 8, 3),
        patch_size=4,
        num_layers=2,
        num_heads=2,
        hidden_dim=8,
        mlp_dim=16,
    )


@functools.cache
def opened(name):
    """Returns (encoder, its parts, inputs) with weights far from their start."""
    random = np.random.default_rng(0)
    if name == "t5":
        backbone = t5(20, **SIZES, dropout=0.0)
        encoder, parts = t5_encoder(backbone), open_encoder(backbone)
    else:
        encoder = vit() if name == "vit" else ENCODERS[name]()
        parts = open_encoder(encoder)
    for variable in encoder.trainable_variables:
        variable.assign(variable + 0.3 * random.standard_normal(variable.shape))
    if name == "vit":
        return encoder, parts, random.uniform(size=(3, 8, 8, 3)).astype("float32")
    mask = np.arange(LENGTH) < np.array([[LENGTH], [4], [2]])
    x = {
        "token_ids": random.integers(0, 20, (3, LENGTH)).astype("int32"),
        "segment_ids": np.zeros((3, LENGTH), "int32"),
        "padding_mask": mask.astype("int32"),
    }
    return encoder, parts, x


def whole(encoder, x):
    if isinstance(x, dict):
        x = {name: x[name] for name in encoder.input}
    outputs = encoder(x)
    return np.asarray(
        outputs["sequence_output"] if isinstance(outputs, dict) else outputs
    )


def in_parts(parts, x, **masks):
    return np.asarray(parts.norm(parts.run(parts.embed(x), **masks)))


@pytest.mark.parametrize("name", [*MASKED, "vit"])
def test_the_parts_compute_what_the_encoder_does(name):
    encoder, parts, x = opened(name)
    masks = {} if name == "vit" else {"padding_mask": x["padding_mask"]}
    np.testing.assert_array_equal(in_parts(parts, x, **masks), whole(encoder, x))


@pytest.mark.parametrize("name", MASKED)
def test_a_mask_over_pairs_takes_the_place_of_the_encoders_own(name):
    _, parts, x = opened(name)
    # Token 1 sees token 4 alone, whatever the encoder would let it see.
    mask = np.tile(np.eye(LENGTH, dtype="int32"), (3, 1, 1))
    mask[:, 1] = np.arange(LENGTH) == 4
    before = in_parts(parts, x, attention_mask=mask)
    for position, reached in ((4, [1, 4]), (0, [0])):
        changed = {**x, "token_ids": x["token_ids"].copy()}
        changed["token_ids"][:, position] = 19 - changed["token_ids"][:, position]
        after = in_parts(parts, changed, attention_mask=mask)
        moved = np.abs(after - before).max((0, 2)) > 0
        assert np.flatnonzero(moved).tolist() == reached


@pytest.mark.parametrize("name", MASKED)
def test_both_masks_hold(name):
    _, parts, x = opened(name)
    ones = np.ones((3, LENGTH, LENGTH), bool)
    padding = x["padding_mask"]
    both = in_parts(parts, x, padding_mask=padding, attention_mask=ones)
    mask = np.broadcast_to(padding[:, None, :], ones.shape)
    np.testing.assert_array_equal(both, in_parts(parts, x, attention_mask=mask))


@pytest.mark.parametrize("name", ["bert", "vit"])
def test_a_part_of_the_tokens(name):
    """Without the others is as if the others were not attended to."""
    encoder, parts, x = opened(name)
    states = parts.embed(x)
    few = parts.norm(parts.run(states[:, 2:4]))
    assert tuple(few.shape) == (3, 2, 8)
    if name == "bert":
        seen = np.zeros((3, LENGTH), "int32")
        seen[:, 2:4] = 1
        every = parts.norm(parts.run(states, padding_mask=seen))
        np.testing.assert_allclose(few, every[:, 2:4], atol=1e-5)
    assert np.abs(few - whole(encoder, x)[:, 2:4]).max() > 1e-3


@pytest.mark.parametrize("name", [*MASKED, "vit"])
def test_block_by_block(name):
    _, parts, x = opened(name)
    states = [np.asarray(each) for each in parts.each(parts.embed(x))]
    assert len(states) == len(parts.blocks) == (4 if name == "albert" else 2)
    np.testing.assert_array_equal(parts.run(parts.embed(x)), states[-1])
    assert np.abs(states[0] - states[1]).max() > 1e-3


@pytest.mark.parametrize("name, width", [("electra", 4), ("albert", 4), ("bert", 8)])
def test_embeddings_before_their_projection(name, width):
    encoder, parts, x = opened(name)
    states = parts.look_up(x)
    assert tuple(states.shape) == (3, LENGTH, width)
    projection = getattr(encoder, "embeddings_projection", lambda states: states)
    np.testing.assert_array_equal(projection(states), parts.embed(x))


def test_dropout_is_on_in_training_alone():
    encoder = text(keras_hub.models.BertBackbone, dropout=0.5)()
    _, _, x = opened("bert")
    parts = open_encoder(encoder)
    for part in (
        lambda training: parts.embed(x, training),
        lambda training: parts.run(parts.embed(x), training=training),
    ):
        still = [np.asarray(part(training)) for training in (False, False, None)]
        np.testing.assert_array_equal(still[0], still[1])
        np.testing.assert_array_equal(still[0], still[2])
        assert (np.asarray(part(True)) != still[0]).any()


@pytest.mark.parametrize("name", [*ENCODERS, "vit"])
def test_an_opened_encoder_is_saved_as_before(name, tmp_path):
    encoder = vit() if name == "vit" else ENCODERS[name]()
    config = encoder.get_config()
    open_encoder(encoder)
    assert encoder.get_config() == config
    encoder.save(tmp_path / "encoder.keras")
    again = keras.saving.load_model(tmp_path / "encoder.keras")
    for old, new in zip(encoder.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)


def own_chain(between=False):
    states = keras.Input((None, 8), name="states")
    x = keras_hub.layers.TransformerEncoder(16, 2)(states)
    x = keras.layers.ReLU()(x) if between else x
    x = keras_hub.layers.TransformerEncoder(16, 2)(x)
    return keras.Model(states, keras.layers.LayerNormalization()(x))


def test_a_chain_of_ones_own_is_opened_and_saved(tmp_path):
    encoder = own_chain()
    parts = open_encoder(encoder)
    x = ops.ones((2, 5, 8))
    np.testing.assert_array_equal(in_parts(parts, x), encoder(x))
    encoder.save(tmp_path / "encoder.keras")
    again = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(again(x), encoder(x))


def llama():
    return keras_hub.models.LlamaBackbone(20, 1, 2, 8, 16, 1)


def bart():
    return keras_hub.models.BartBackbone(20, 1, 2, 8, 16)


def dense():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])


@pytest.mark.parametrize(
    "encoder, missing",
    [
        (llama, "LlamaBackbone, which has blocks of .*LlamaTransformerDecoder"),
        (bart, "BartBackbone, which has a layer between"),
        (dense, "Sequential, which has no blocks"),
        (lambda: own_chain(between=True), "Functional, which has a layer between"),
    ],
)
def test_what_cannot_be_opened_is_told_in_a_line(encoder, missing):
    with pytest.raises(ValueError, match=missing) as caught:
        open_encoder(encoder())
    assert "\n" not in str(caught.value)


def test_blocks_that_take_no_mask_refuse_one():
    _, parts, x = opened("vit")
    with pytest.raises(ValueError, match="must be None.*ViTBackbone take no mask"):
        parts.run(parts.embed(x), padding_mask=np.ones((3, 5)))


def test_the_blocks_that_a_layer_holds():
    assert len(transformer_blocks(ENCODERS["gpt2"]())) == 2
    assert len(transformer_blocks(vit().get_layer("vit_encoder"))) == 2
    assert transformer_blocks(llama()) and transformer_blocks(dense()) == []
