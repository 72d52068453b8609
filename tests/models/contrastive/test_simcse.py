import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerassl import testing
from kerassl.models.contrastive.simcse import POOLERS, SimCSE
from kerassl.pretext.text import Tokens
from kerassl.tokenizers import train_tokenizer

TEXTS = [
    f"{who} {verb} the {what}"
    for who in ("the cat", "a dog", "my bird")
    for verb in ("sees", "hears")
    for what in ("red house", "green tree", "old boat", "white horse")
]
SIZE = 70


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, vocabulary_size=SIZE)


def tiny(tokenizer, dropout=0.1, width=16, **arguments):
    encoder = keras_hub.models.BertBackbone(
        SIZE,
        num_layers=1,
        num_heads=2,
        hidden_dim=width,
        intermediate_dim=2 * width,
        dropout=dropout,
        max_sequence_length=12,
    )
    return SimCSE(encoder, Tokens(tokenizer, sequence_length=12), **arguments)


def prepared(task, texts):
    return {k: v.numpy() for k, v in task.pretext.prepare(tf.constant(texts)).items()}


def test_loss_and_measures_are_those_of_the_written_formulas(tokenizer):
    task = tiny(tokenizer, temperature=0.2)
    z1, z2 = np.random.default_rng(0).normal(size=(2, 6, 5)).astype("float32")
    (losses,) = task.objective(None, None, (z1, z2), training=True).values()
    u1, u2 = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (z1, z2))
    scores = u1 @ u2.T / 0.2
    expected = np.log(np.exp(scores).sum(1)) - np.diag(scores)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    measures = task.measures(None, None, (z1, z2))
    right = scores.argmax(1) == np.arange(6)
    np.testing.assert_array_equal(measures["contrastive_accuracy"], right)
    distance = np.square(u1 - u2).sum(1).mean()
    np.testing.assert_allclose(measures["alignment"], distance, rtol=1e-5)
    gaps = np.square(u1[:, None] - u1[None]).sum(-1)[~np.eye(6, dtype=bool)]
    potential = np.log(np.exp(-2 * gaps).mean())
    np.testing.assert_allclose(measures["uniformity"], potential, rtol=1e-4)


def test_dropout_differs_between_passes_and_between_examples(tokenizer):
    task = tiny(tokenizer, dropout=0.3)
    x = prepared(task, TEXTS[:1] * 5)  # one sentence five times
    passes = np.concatenate([ops.convert_to_numpy(z) for z in task(x, training=True)])
    gaps = np.abs(passes[:, None] - passes[None]).max(-1)
    assert gaps[~np.eye(10, dtype=bool)].min() > 1e-3
    first, second = task(x, training=False)
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_dropout_differs_between_replicas(tokenizer, two_replicas):
    class Watched(SimCSE):
        tracked = (*SimCSE.tracked, "spread")

        def measures(self, x, y, outputs):
            from kerassl import distribute

            z = distribute.all_gather(outputs[0])  # (global_batch, dim)
            near = ops.abs(ops.expand_dims(z, 1) - ops.expand_dims(z, 0))
            near = ops.max(near, axis=-1) + 9.0 * ops.eye(4)
            return {**super().measures(x, y, outputs), "spread": ops.min(near)}

    with two_replicas.scope():
        task = tiny(tokenizer, dropout=0.3)
        task = Watched(task.encoder, task.pretext)
    task.compile(keras.optimizers.SGD(0.0), jit_compile=False)
    dataset = task.dataset(TEXTS[:1] * 4, batch_size=4)
    history = task.fit(dataset, steps_per_epoch=1, verbose=0).history
    # Two rows on each replica, of one sentence: no two of the four are alike.
    assert history["spread"][0] > 1e-3


@pytest.mark.parametrize("pooler", POOLERS)
def test_poolers(tokenizer, pooler):
    task = tiny(tokenizer, pooler=pooler)
    x = prepared(task, TEXTS[:3])
    tokens = ops.convert_to_numpy(task.encoder(x)["sequence_output"])
    vectors = tokens[:, 0]
    if pooler == "mean":
        mask = x["padding_mask"][..., None]
        vectors = (tokens * mask).sum(1) / mask.sum(1)
        assert task.head is None
    else:
        kernel, bias = task.head.get_weights()
        through = np.tanh(vectors @ kernel + bias)
        np.testing.assert_allclose(task(x)[0], through, atol=1e-5)
        if pooler == "cls":
            vectors = through
    given = task.sentence_encoder().predict(x, verbose=0)
    np.testing.assert_allclose(given, vectors, atol=1e-5)
    if pooler != "cls":
        pooling = "mean" if pooler == "mean" else "cls"
        np.testing.assert_array_equal(task.features(x, pooling=pooling), given)


def test_training_with_dropout_resumes_bit_for_bit(tokenizer, tmp_path):
    def make(dtype="float32"):
        keras.utils.set_random_seed(0)
        return tiny(tokenizer, dropout=0.2)

    testing.check_checkpoint(make, TEXTS, batch_size=8, folder=tmp_path)


def test_it_spreads_sentences_it_never_saw(tokenizer):
    """They cover the sphere better than at the start, and still find themselves."""
    task = tiny(tokenizer, width=32, pooler="mean")
    held_out = prepared(task, TEXTS[::3])

    def measures():
        outputs = task(held_out, training=True)
        found = task.measures(held_out, None, outputs)
        return [float(ops.mean(ops.cast(v, "float32"))) for v in found.values()]

    _, _, before = measures()
    task.compile(keras.optimizers.Adam(2e-3), jit_compile=False)
    train = [text for i, text in enumerate(TEXTS) if i % 3]
    task.fit(task.dataset(train, 16), steps_per_epoch=60, verbose=0)
    accuracy, distance, after = measures()
    assert after < before - 1.0, (before, after)
    assert accuracy == 1.0 and distance < 0.5


def test_the_encoders_own_pooler_is_left_alone(tokenizer):
    paths = [v.path for v in tiny(tokenizer).trainable_variables]
    assert not [path for path in paths if "pooled_dense" in path]
    assert [path for path in paths if "head" in path]


def test_a_trained_task_is_saved_with_its_pooler(tokenizer, tmp_path):
    task = tiny(tokenizer, pooler="cls", temperature=0.1)
    task.compile("adam", jit_compile=False)
    task.fit(task.dataset(TEXTS, 8), steps_per_epoch=1, verbose=0)
    task.save(tmp_path / "task.keras")
    again = keras.saving.load_model(tmp_path / "task.keras")
    assert (again.pooler, again.temperature) == ("cls", 0.1)
    x = prepared(again, TEXTS[:4])
    np.testing.assert_allclose(
        again.sentence_encoder().predict(x, verbose=0),
        task.sentence_encoder().predict(x, verbose=0),
        atol=1e-6,
    )


def test_errors(tokenizer):
    with pytest.raises(ValueError, match="`temperature`.*temperature=0"):
        tiny(tokenizer, temperature=0)
    with pytest.raises(ValueError, match="`pooler`.*Received: 'max'"):
        tiny(tokenizer, pooler="max")
