import keras
import numpy as np
import pytest
from keras import ops

from kerassl import encoders
from kerassl.models.masked.mp3 import MP3
from kerassl.pretext import Tokens
from kerassl.tokenizers import train_tokenizer

LENGTH, SIZE, ROWS = 12, 40, 6
WORDS = [f"word{letter}" for letter in "abcdefgh"]


def bert(layers=2, **sizes):
    keras.utils.set_random_seed(0)
    sizes = {"hidden_dim": 16, "intermediate_dim": 32, **sizes}
    return encoders.bert(
        SIZE,
        num_layers=layers,
        num_heads=2,
        dropout=0.0,
        max_sequence_length=LENGTH,
        **sizes,
    )


def batch(lengths=(12, 12, 9, 7, 4, 3), seed=0):
    random = np.random.default_rng(seed)
    x = {
        "token_ids": random.permuted(np.tile(np.arange(5, SIZE), (ROWS, 1)), axis=1),
        "padding_mask": np.arange(LENGTH) < np.array(lengths)[:, None],
        "segment_ids": np.zeros((ROWS, LENGTH)),
        "seed": np.arange(2 * ROWS).reshape(ROWS, 2),
    }
    x["token_ids"] = x["token_ids"][:, :LENGTH]
    return {name: ops.convert_to_tensor(v.astype("int32")) for name, v in x.items()}


def test_the_context_is_an_exact_share():
    x = batch()
    asked = np.array([10, 10, 7, 5, 2, 1])
    for rate, expected in ((0.75, np.ceil(asked / 4)), (0.5, np.ceil(asked / 2))):
        found = ops.convert_to_numpy(MP3(bert(1), mask_rate=rate).context(x))
        np.testing.assert_array_equal(found.sum(1), expected)
        last = np.array([11, 11, 8, 6, 3, 2])
        assert not found[:, 0].any() and not found[np.arange(ROWS), last].any()
        assert (found * np.arange(LENGTH)).max(1).max() < LENGTH - 1
    whole = ops.convert_to_numpy(MP3(bert(1), mask_rate=0.0).context(x))
    np.testing.assert_array_equal(whole.sum(1), asked)


def test_no_order_leaks():
    # Another order of the tokens gives the same logits in that order, to the bit of
    # a sum: nothing tells the order.
    task, x = MP3(bert(), mask_rate=0.0), batch([LENGTH] * ROWS)
    order = np.array([0, *np.random.default_rng(1).permutation(np.arange(1, 11)), 11])
    expected = ops.convert_to_numpy(task(x))
    tokens = ops.convert_to_numpy(x["token_ids"])[:, order]
    received = task({**x, "token_ids": ops.convert_to_tensor(tokens)})
    np.testing.assert_allclose(received, expected[:, order], atol=1e-5)
    # With positions it would.
    table = task.encoder.position_embedding.position_embeddings
    assert not ops.convert_to_numpy(table).any()
    table.assign(keras.random.normal(table.shape, seed=0))
    received = task({**x, "token_ids": ops.convert_to_tensor(tokens)})
    assert abs(ops.convert_to_numpy(received) - expected[:, order]).max() > 0.01


def test_what_is_no_context_and_padding_is_seen_by_no_other():
    task, x = MP3(bert()), batch()
    context = ops.convert_to_numpy(task.context(x))
    tokens = ops.convert_to_numpy(x["token_ids"])
    expected = ops.convert_to_numpy(task(x))
    seen = 0
    for place in range(LENGTH):
        changed = tokens.copy()
        changed[:, place] = 5 + (changed[:, place] + 1) % 30
        received = task({**x, "token_ids": ops.convert_to_tensor(changed)})
        moved = abs(ops.convert_to_numpy(received) - expected).max(-1) > 0
        moved[:, place] = False
        assert not moved[context[:, place] == 0].any()
        seen += moved[context[:, place] == 1].any(1).sum()
    assert seen == context.sum()
    # How much padding follows tells nothing either.
    short = {n: v if n == "seed" else v[:, :9] for n, v in x.items()}
    rows = [2, 3, 4, 5]
    alone = MP3(bert(), mask_rate=0.0)
    alone.set_weights(task.get_weights())
    a, b = (ops.convert_to_numpy(alone(each)) for each in (x, short))
    np.testing.assert_allclose(a[rows, :9], b[rows], atol=1e-5)


def test_loss_and_measures_equal_numpy():
    task, x = MP3(bert()), batch()
    task.compile("sgd")
    logs = task.evaluate(x, batch_size=ROWS, verbose=0, return_dict=True)
    logits = ops.convert_to_numpy(task(x)).astype("float64")
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    asked = ops.convert_to_numpy(task.weights_of(x, None)) > 0
    nats = -logits[:, np.arange(LENGTH), np.arange(LENGTH)]
    assert logs["loss"] == pytest.approx(nats[asked].mean(), rel=1e-5)
    right = logits.argmax(-1) == np.arange(LENGTH)
    assert logs["accuracy"] == pytest.approx(right[asked].mean(), rel=1e-5)
    counts = asked.sum(0)
    assert logs["majority_accuracy"] == pytest.approx(counts.max() / counts.sum(), 1e-5)


def test_it_begins_at_chance_and_learns():
    # Words in an order of the alphabet: where one stands, the others tell.
    random = np.random.default_rng(0)
    rows = [np.sort(random.permutation(8)[:5]) for _ in range(64)]
    texts = [" ".join(WORDS[i] for i in row) for row in rows]
    tokenizer = train_tokenizer(texts, "word", SIZE, min_count=1)
    task = MP3(bert(2, hidden_dim=32), Tokens(tokenizer, LENGTH), mask_rate=0.2)
    task.compile(keras.optimizers.Adam(0.005))
    data = task.dataset(texts, batch_size=32)
    before = task.evaluate(data, verbose=0, return_dict=True)
    assert before["loss"] == pytest.approx(task.loss_at_chance(32), rel=0.2)
    assert task.loss_at_chance(32) == pytest.approx(np.log(LENGTH))
    for _ in range(6):
        task.fit(data, epochs=1, steps_per_epoch=25, verbose=0)
        after = task.evaluate(data, verbose=0, return_dict=True)
        if after["accuracy"] > 0.5:
            break
    assert after["majority_accuracy"] == pytest.approx(0.2, abs=0.01)
    assert after["accuracy"] > 0.5
    table = task.encoder.position_embedding.position_embeddings
    assert not ops.convert_to_numpy(table).any()


def test_wrong_arguments():
    for rate in (1.0, -0.1):
        with pytest.raises(ValueError, match="`mask_rate`"):
            MP3(bert(1), mask_rate=rate)
    with pytest.raises(ValueError, match="`encoder` must be a text backbone"):
        MP3(encoders.word_vectors(9, 4))
