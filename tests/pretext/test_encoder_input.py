"""What encoders take is said, true, and refused where it is something else."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from toy import Corrupt

from kerassl import data, models
from kerassl.encoders import resnet
from kerassl.pretext import (
    FutureFrames,
    ImagesAndNoise,
    MaskedTokens,
    Reconstruct,
    TwoViews,
)
from kerassl.pretext.encoder_input import EncoderInput, described_input


def images(dtype="uint8"):
    """Images with the least and the largest value there is."""
    values = np.arange(2 * 8 * 8 * 3).reshape(2, 8, 8, 3) % 256
    return values.astype(dtype)


LAYERS = {
    "views": lambda: TwoViews(8),
    "scaled": lambda: TwoViews(8, mean=[0.5, 0.4, 0.3], std=[0.25, 0.2, 0.1]),
    "reconstruct": lambda: Reconstruct(size=8),
    "noise": lambda: ImagesAndNoise(8),
}


@pytest.mark.parametrize("kind", list(LAYERS))
def test_prepared_images_fill_the_range_that_is_said(kind):
    layer = LAYERS[kind]()
    black = np.zeros((1, 8, 8, 3), "uint8")
    prepared = layer.prepare(np.concatenate([black, black + 255])).numpy()
    said = layer.encoder_input
    np.testing.assert_allclose(prepared.min(), said.least, atol=1e-6)
    np.testing.assert_allclose(prepared.max(), said.most, rtol=1e-6)
    said.check(layer.prepare(images()).numpy())


@pytest.mark.parametrize("kind", list(LAYERS))
def test_raw_images_are_refused(kind):
    said = LAYERS[kind]().encoder_input
    for raw in (images(), images("float32"), images("float32") * np.nan):
        with pytest.raises(ValueError, match="`task.encode` takes raw examples") as e:
            said.check(raw)
        assert len(str(e.value).splitlines()) == 1


def test_how_values_are_scaled_is_said():
    told = TwoViews(8, mean=[0.5], std=[0.25]).encoder_input.told()
    assert told == "images in [-2, 2] (uint8 divided by 255, less 0.5, divided by 0.25)"
    told = ImagesAndNoise(8).encoder_input.told()
    assert told == "images in [-1, 1] (uint8 divided by 127.5, less 1)"


def test_vectors_have_no_bounds():
    layer = Reconstruct()
    layer.encoder_input.check(layer.prepare(np.array([[-7.0, 300.0]])).numpy())
    Corrupt().encoder_input.check(np.array([[1e9]]))
    assert "`prepare` of the pretext layer" in Corrupt().encoder_input.told()


def test_text_says_which_ids_there_are():
    texts = ["the cat sat on the mat", "the dog ate the hat"]
    layer = MaskedTokens(data.train_tokenizer(texts, vocabulary_size=30), 12)
    said = layer.encoder_input
    assert (said.least, said.most) == (0, 29)
    prepared = layer.prepare(tf.constant(texts))
    said.check({key: value.numpy() for key, value in prepared.items()})
    with pytest.raises(ValueError, match=r"token ids in \[0, 29\].* from 30 to 30"):
        said.check({"token_ids": np.array([[30]]), "padding_mask": np.array([[99]])})
    with pytest.raises(ValueError, match="Received <U"):
        said.check({"token_ids": np.array(texts)})
    assert MaskedTokens().encoder_input.told() == "token ids"


def test_sound_says_how_its_frames_are_made():
    told = FutureFrames(sample_rate=8000, normalize=None).encoder_input.told()
    assert "waveforms at 8000 Hz, frames of 0.025 s every 0.01 s" in told
    assert "normalised over nothing" in told


def test_a_description_has_names_dtypes_and_shapes():
    one, two = keras.Input((4,), name="a"), keras.Input((None, 3), name="b")
    ids = keras.Input((), dtype="int32", name="c")
    pooled = keras.layers.GlobalAveragePooling1D()(two)
    out = keras.layers.Concatenate()([one, pooled])
    encoder = keras.Model({"a": one, "b": two, "c": ids}, out)
    found = described_input(None, encoder)
    assert found["told"].startswith("`a` float32 (4,), `b` float32 (any, 3), `c` int32")
    assert found["tensors"]["b"] == {"dtype": "float32", "shape": [None, 3]}
    assert (found["least"], found["most"]) == (None, None)


def test_a_model_that_is_not_functional():
    class Own(keras.Model):
        pass

    assert described_input(TwoViews(8), Own())["told"].startswith("images in [0, 1]")


def test_a_task_encodes_raw_examples_and_refuses_them_as_prepared():
    encoder = resnet(input_shape=(8, 8, 3), depths=[1], widths=[4])
    task = models.SimCLR(encoder, TwoViews(8))
    raw = images()
    wanted = task.features(raw / np.float32(255))
    np.testing.assert_allclose(task.encode(raw), wanted, atol=1e-6)
    np.testing.assert_allclose(task.encode(raw, batch_size=1), wanted, atol=1e-6)
    with pytest.raises(ValueError, match="Received values from 0 to 255"):
        task.features(raw)
    with pytest.raises(ValueError, match="divide them by 255"):
        task.encode(raw.astype("float32"))
    with pytest.raises(ValueError, match="has no pretext layer to prepare raw"):
        models.SimCLR(encoder).encode(raw)


def test_nothing_is_asked_of_no_examples():
    EncoderInput("images", least=0.0, most=1.0).check(np.zeros((0, 8, 8, 3)))
