import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from tasks.parts.texts import cats_and_dogs

from kerassl import encoders, models
from kerassl.pretext import NextToken
from kerassl.tokenizers import train_tokenizer

SIZE, ROWS = 270, 3


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(cats_and_dogs(), "bpe", vocabulary_size=SIZE)


def model(pretext=None, cell="lstm", width=16, **arguments):
    encoder = encoders.recurrent_text(
        SIZE, 8, width, num_layers=2, cell=cell, dropout=0.0
    )
    return models.RecurrentLM(encoder, pretext, **{"max_batch_size": 4, **arguments})


def window(tokens, segments):
    tokens = np.asarray(tokens, "int32")
    segments = np.broadcast_to(np.asarray(segments, "int32"), tokens.shape)
    return {
        "token_ids": ops.convert_to_tensor(tokens),
        "padding_mask": ops.ones_like(tokens),
        "segment_ids": ops.convert_to_tensor(segments),
    }


def random_tokens(length, seed=0):
    return np.random.default_rng(seed).integers(1, SIZE, (ROWS, length))


def logits(task, x, training=False):
    return ops.convert_to_numpy(task(x, training=training))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_two_windows_are_one_of_twice_the_length(cell):
    task, tokens = model(cell=cell), random_tokens(10)
    whole = logits(task, window(tokens, 0))
    first = logits(task, window(tokens[:, :5], 0), training=True)
    second = logits(task, window(tokens[:, 5:], -1), training=True)
    np.testing.assert_allclose(np.concatenate([first, second], 1), whole, atol=1e-6)
    # Neither an evaluation nor a window that begins a document takes the state up.
    alone = logits(task, window(tokens[:, 5:], 0))
    np.testing.assert_array_equal(logits(task, window(tokens[:, 5:], -1)), alone)
    begun = logits(task, window(tokens[:, 5:], 0), training=True)
    np.testing.assert_array_equal(begun, alone)
    assert abs(alone - second).max() > 1e-4


def test_a_document_by_itself_is_what_the_encoder_computes():
    task, tokens = model(), random_tokens(7)
    x = window(tokens, 0)
    table = task.encoder.get_layer("token_embedding")
    expected = table(task.encoder({n: x[n] for n in task.encoder.input}), reverse=True)
    np.testing.assert_allclose(logits(task, x), expected, atol=1e-6)


def test_no_document_sees_another_and_no_token_a_later_one():
    task, tokens = model(), random_tokens(9)
    segments = [-1, -1, 0, 0, 0, 1, 1, 1, 1]
    expected = logits(task, window(tokens, segments))
    changed = tokens.copy()
    changed[:, [3, 4]] = changed[:, [4, 3]] % 200 + 1
    received = logits(task, window(changed, segments))
    same = [0, 1, 2, 5, 6, 7, 8]
    np.testing.assert_array_equal(received[:, same], expected[:, same])
    assert abs(received[:, 3:5] - expected[:, 3:5]).max() > 1e-4
    # What is carried is of the last document alone.
    task(window(tokens, segments), training=True)
    kept = [ops.convert_to_numpy(state) for state in task._states]
    task(window(changed, segments), training=True)
    for before, after in zip(kept, task._states, strict=True):
        np.testing.assert_array_equal(before, after)
        assert before[:ROWS].any() and not before[ROWS:].any()


def test_the_loss_at_chance_and_what_is_learnt(tokenizer):
    keras.utils.set_random_seed(0)
    encoder = encoders.recurrent_text(SIZE, 32, num_layers=1, dropout=0.0)
    task = models.RecurrentLM(encoder, NextToken(tokenizer, 8))
    task.compile(keras.optimizers.Adam(0.03))
    data = task.dataset(cats_and_dogs(), batch_size=8)
    before = task.evaluate(data, verbose=0, return_dict=True)
    assert before["loss"] == pytest.approx(task.loss_at_chance(8), rel=0.02)
    assert task.loss_at_chance(8) == pytest.approx(np.log(SIZE))
    asked = np.concatenate([np.ravel(y) for _, y, _ in data.take(6)])
    shares = np.unique(asked, return_counts=True)[1] / len(asked)
    unigram = -(shares * np.log(shares)).sum()
    # What tells a token is before it: then the loss is under that of frequencies.
    for _ in range(8):
        task.fit(data, epochs=1, steps_per_epoch=40, verbose=0)
        loss = task.evaluate(data, verbose=0, return_dict=True)["loss"]
        if loss < unigram - 0.5:
            break
    assert loss < unigram - 0.5


def test_the_batches_are_streams(tokenizer):
    task = model(NextToken(tokenizer, 6))
    data = task.dataset(cats_and_dogs(), batch_size=4)
    (x, y, _), (following, _, _) = data.take(2)
    np.testing.assert_array_equal(y[:, -1], following["token_ids"][:, 0])
    assert (np.asarray(x["segment_ids"])[:, 0] == 0).all()
    assert -1 in np.asarray(following["segment_ids"])
    with pytest.raises(ValueError, match="`batch_size` must be at most"):
        task.dataset(cats_and_dogs(), batch_size=5)
    texts = tf.data.Dataset.from_tensor_slices(cats_and_dogs())
    with pytest.raises(ValueError, match="`examples` must be readable"):
        task.dataset(texts, batch_size=4)


def test_bits_per_byte(tokenizer):
    from kerassl.transfer import perplexity

    result = perplexity(model(NextToken(tokenizer, 6)), ["the red cat", "a dog"])
    assert result.nats / result.tokens == pytest.approx(np.log(SIZE), rel=0.05)


def test_other_encoders_are_refused():
    for encoder in (encoders.word_vectors(9, 4), encoders.dense((4,), [3])):
        with pytest.raises(ValueError, match="`encoder` must embed tokens"):
            models.RecurrentLM(encoder)
    with pytest.raises(ValueError, match="`max_batch_size`"):
        model(max_batch_size=0)
