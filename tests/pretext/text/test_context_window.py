import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl.data import ArraySource, prepare, pretext_dataset
from kerassl.data.windows import pack_documents
from kerassl.pretext.text import ContextWindow
from kerassl.tokenizers import train_tokenizer

WORDS = "one two three four five six seven eight nine ten".split()
TEXTS = [
    " ".join(WORDS[:7]),
    "",
    "ten, (zzz) nine eight.",
    " ".join(WORDS * 2),
]
SEED = tf.constant([3, 4], tf.int64)


@pytest.fixture
def tokenizer():
    return train_tokenizer([*TEXTS, "seven"] * 5, "word", min_count=6)


def layer(tokenizer, **options):
    defaults = {"subsampling": 0, "window": 2, "block_length": 4, "shared_negatives": 3}
    return ContextWindow(tokenizer, 16, **{**defaults, **options})


def known_words(tokenizer):
    """Returns the words of each text that have an id, as ids."""
    texts = [text.replace(",", "").split() for text in TEXTS]
    vocabulary = tokenizer.get_vocabulary()[5:]
    clean = [[word.strip("(.)") for word in text] for text in texts]
    return [[tokenizer.token_to_id(w) for w in t if w in vocabulary] for t in clean]


def pairs(x, number):
    """Returns the pairs (word, word it looks at) of a batch, one by one."""
    found = []
    for row, blocks in enumerate(x["in_window"]):
        for block, centres in enumerate(blocks):
            for i, looks in enumerate(centres):
                for j in np.flatnonzero(looks):
                    centre = x["token_ids"][row, block, i]
                    found.append((centre, x["around_ids"][row, block, j]))
    assert len(found) == number
    return sorted(found)


def test_every_word_is_seen_by_those_near_it_in_its_document(tokenizer):
    pretext = layer(tokenizer, window=1)
    (x,) = pretext(tf.constant(TEXTS), SEED)
    x = {name: value.numpy() for name, value in x.items()}
    stream = [(w, d) for d, text in enumerate(known_words(tokenizer)) for w in text]
    rows = x["token_ids"].reshape(4, -1)
    width = rows.shape[1]
    assert rows.ravel()[: len(stream)].tolist() == [word for word, _ in stream]
    assert not rows.ravel()[len(stream) :].any()
    expected = []
    for i, (word, document) in enumerate(stream):
        for j in (i - 1, i + 1):
            same_row = 0 <= j < len(stream) and i // width == j // width
            if same_row and stream[j][1] == document:
                expected.append((word, stream[j][0]))
    assert pairs(x, len(expected)) == sorted(expected)


def test_a_reach_is_drawn_evenly(tokenizer):
    text = tf.constant([" ".join(WORDS[:9] * 2)[:80]] * 400)
    pretext = ContextWindow(
        tokenizer, 16, window=4, subsampling=0, block_length=16, shared_negatives=1
    )
    (x,) = pretext(text, SEED)
    middle = x["in_window"].numpy()[:, 0, 7]  # the eighth word sees 4 on both sides
    middle = middle[middle.any(axis=1)]
    # Both sides are equal, and the reach is what is seen of one.
    np.testing.assert_array_equal(middle[:, :11], middle[:, 22:11:-1])
    counts = np.bincount(middle[:, :11].sum(axis=1).astype(int), minlength=5)
    assert counts[0] == 0
    np.testing.assert_allclose(counts[1:] / counts.sum(), 0.25, atol=0.07)


def test_frequent_words_are_dropped(tokenizer):
    pretext = layer(tokenizer, subsampling=0.05)
    keep = pretext.keep_probabilities()
    counts = tokenizer.counts.astype(float)
    counts[:5] = 0
    share = counts / counts.sum()
    for token_id in range(5, tokenizer.vocabulary_size()):
        f = share[token_id]
        expected = min(1.0, (0.05 / f) ** 0.5 + 0.05 / f)
        assert keep[token_id] == pytest.approx(expected)
    assert not keep[:5].any()
    seen = np.zeros(len(counts))
    for number in range(60):
        (x,) = pretext(tf.constant(TEXTS), tf.constant([0, number]))
        seen += np.bincount(x["token_ids"].numpy().ravel(), minlength=len(counts))
    texts = np.zeros(len(counts))
    for text in known_words(tokenizer):
        texts += np.bincount(text, minlength=len(counts))
    np.testing.assert_allclose(seen[5:] / 60, (texts * keep)[5:], rtol=0.2)


def test_all_words_stay_without_subsampling(tokenizer):
    keep = layer(tokenizer).keep_probabilities()
    assert set(keep[5:]) == {1.0} and set(keep[:5]) == {0.0}


def test_negatives_follow_the_counts(tokenizer):
    pretext = layer(tokenizer, shared_negatives=4000)
    (x,) = pretext(tf.constant(TEXTS), SEED)
    drawn = np.bincount(
        x["negative_ids"].numpy().ravel(), minlength=tokenizer.vocabulary_size()
    )
    powers = np.where(np.arange(len(drawn)) > 4, tokenizer.counts, 0) ** 0.75
    np.testing.assert_allclose(drawn / drawn.sum(), powers / powers.sum(), atol=0.01)
    assert drawn[:5].sum() == 0


def test_windows_of_a_stream_give_each_word_once(tokenizer):
    pretext = layer(tokenizer)
    windows = pack_documents(ArraySource(TEXTS * 3), tokenizer, 16)
    (x,) = pretext(windows.fetch(np.arange(len(windows))), SEED)
    found = np.bincount(x["token_ids"].numpy().ravel(), minlength=20)
    read = np.concatenate(
        [w[:-1] for w in windows.fetch(range(len(windows)))["token_ids"]]
    )
    assert found[5:].tolist() == np.bincount(read, minlength=20)[5:].tolist()


def test_shards_are_read_as_texts_are(tmp_path):
    texts = TEXTS * 5
    shards = prepare(
        [text for text in texts if text], tmp_path, tokenizer="word", workers=1
    )
    pretext = layer(shards.tokenizer)
    from_shards = next(iter(pretext_dataset(tmp_path, pretext, batch_size=2)))
    from_texts = next(
        iter(pretext_dataset([text for text in texts if text], pretext, batch_size=2))
    )
    for name, value in from_shards[0].items():
        np.testing.assert_array_equal(value, from_texts[0][name])


def test_no_word_looks_into_another_document(tokenizer):
    ids = np.arange(5, 22)[None] % 9 + 5
    segments = np.array([[0] * 6 + [1] * 11])
    (x,) = layer(tokenizer, window=4)(
        {"token_ids": tf.constant(ids), "segment_ids": tf.constant(segments)}, SEED
    )
    sixth = x["in_window"].numpy()[0, 1, 1]  # the last word of the first document
    assert sixth[:5].any() and not sixth[5:].any()


def test_it_is_the_same_in_a_dataset(tokenizer):
    pretext = layer(tokenizer, subsampling=0.05)
    (eager,) = pretext(tf.constant(TEXTS), SEED)
    dataset = tf.data.Dataset.from_tensors(tf.constant(TEXTS))
    (graph,) = next(iter(dataset.map(lambda texts: pretext(texts, SEED))))
    assert eager.keys() == graph.keys()
    for name in eager:
        np.testing.assert_array_equal(eager[name], graph[name])
        assert None not in eager[name].shape


def test_ragged_ids_give_the_words_of_their_texts(tokenizer):
    ragged = tf.ragged.constant([[5, 6, 1, 7], [8]], dtype=tf.int32)
    (x,) = layer(tokenizer)(ragged, SEED)
    assert x["token_ids"].numpy().ravel()[:5].tolist() == [5, 6, 7, 8, 0]


def test_prepare_gives_the_known_words(tokenizer):
    x = layer(tokenizer).prepare(tf.constant(TEXTS))
    for ids, mask, words in zip(
        x["token_ids"].numpy(),
        x["padding_mask"].numpy(),
        known_words(tokenizer),
        strict=True,
    ):
        words = words[:16]
        assert ids.tolist() == words + [0] * (16 - len(words))
        assert mask.tolist() == [1] * len(words) + [0] * (16 - len(words))


def test_draw_shows_the_words(tokenizer):
    figure = layer(tokenizer).draw(tf.constant(TEXTS[3:]), SEED)
    shown = [text.get_text() for text in figure.texts]
    assert shown[:2] == ["a word", "a word around it, asked for"]
    words = [tokenizer.id_to_token(word) for word in known_words(tokenizer)[3]]
    assert [text for text in shown[2:] if text] == words[:16]
    assert layer(tokenizer).draw(tf.constant([""]), SEED).texts == []


def test_configuration(tokenizer):
    pretext = ContextWindow(
        tokenizer,
        64,
        window=3,
        subsampling=0.01,
        block_length=8,
        shared_negatives=4,
    )
    again = ContextWindow.from_config(pretext.get_config())
    assert again.get_config() == pretext.get_config()
    saved = keras.saving.serialize_keras_object(pretext)
    loaded = keras.saving.deserialize_keras_object(saved)
    np.testing.assert_array_equal(loaded.tokenizer.counts, tokenizer.counts)


def test_it_is_made_again_in_a_process_that_trained_no_tokenizer(tokenizer):
    source = (
        "import json, sys, keras, kerassl.pretext; "
        "layer = keras.saving.deserialize_keras_object(json.load(sys.stdin)); "
        "print(layer.tokenizer.counts.tolist())"
    )
    config = keras.saving.serialize_keras_object(layer(tokenizer))
    done = subprocess.run(
        [sys.executable, "-c", source],
        input=json.dumps(config),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == str(tokenizer.counts.tolist()), done.stderr[-2000:]


@pytest.mark.parametrize(
    "options",
    [
        {"sequence_length": 15},
        {"window": 0},
        {"window": 33},
        {"subsampling": -0.1},
        {"shared_negatives": 0},
    ],
)
def test_arguments_are_checked(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        ContextWindow(**options)


def test_a_tokenizer_with_counts_is_needed():
    with pytest.raises(ValueError, match="tokenizer"):
        ContextWindow()(tf.constant(["a b"]), SEED)
    pieces = train_tokenizer(["a b"], vocabulary_size=7)
    with pytest.raises(ValueError, match="counts"):
        ContextWindow(pieces)(tf.constant(["a b"]), SEED)


def test_windows_must_have_the_length(tokenizer):
    wrong = {name: tf.zeros((2, 9), tf.int32) for name in ("token_ids", "segment_ids")}
    with pytest.raises(ValueError, match="sequence_length"):
        layer(tokenizer)(wrong, SEED)
