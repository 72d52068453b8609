import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl import data, encoders, optimizers, testing, transfer
from kerassl.models.contextual.word2vec import CBOW, SkipGram
from kerassl.pretext.text import ContextWindow

CLASSES = {
    "colour": ["red", "green", "blue", "white", "black"],
    "animal": ["cat", "dog", "bird", "horse", "mouse"],
    "verb": ["sees", "hears", "likes", "follows", "meets"],
}


def sentences(number=600):
    random = np.random.default_rng(0)
    picks = random.integers(0, 5, (number, 5))
    order = ("colour", "animal", "verb", "colour", "animal")
    return [
        "the {} {} {} the {} {}".format(
            *(CLASSES[kind][i] for kind, i in zip(order, pick, strict=True))
        )
        for pick in picks
    ]


@pytest.fixture(scope="module")
def tokenizer():
    return data.train_tokenizer(sentences(), "word")


def word2vec(model, tokenizer, dim=8, **options):
    encoder = encoders.word_vectors(tokenizer.vocabulary_size(), dim)
    pretext = ContextWindow(tokenizer, 32, window=2, block_length=8, subsampling=0)
    return model(encoder, pretext, **options)


def log_sigmoid(x):
    return -np.log1p(np.exp(-x))


def batch_and_tables(task):
    """Returns a batch as NumPy arrays, and the two tables."""
    dataset = task.dataset(sentences(40), batch_size=4)
    (x,) = next(iter(dataset))
    batch = {name: value.numpy() for name, value in x.items()}
    words = task.word_embedding.embeddings.numpy().astype("float64")
    return dataset, batch, words, task.context_embedding.embeddings.numpy()


def test_loss_of_skip_gram_is_the_mean_over_its_pairs(tokenizer):
    task = testing.fix_weights(word2vec(SkipGram, tokenizer, negatives=3), scale=1.0)
    task.compile("sgd")
    dataset, x, words, contexts = batch_and_tables(task)
    losses = []
    for place in np.argwhere(x["in_window"]):
        row, block, i, j = place
        v = words[x["token_ids"][row, block, i]]
        u = contexts[x["around_ids"][row, block, j]]
        n = contexts[x["negative_ids"][row, block]]
        losses.append(-log_sigmoid(v @ u) - 3 * log_sigmoid(-n @ v).mean())
    logs = task.evaluate(dataset, steps=1, verbose=0, return_dict=True)
    assert len(losses) > 100
    assert logs["loss"] == pytest.approx(np.mean(losses), rel=1e-5)


def test_loss_of_cbow_is_the_mean_over_its_words(tokenizer):
    task = testing.fix_weights(word2vec(CBOW, tokenizer, negatives=3), scale=1.0)
    task.compile("sgd")
    dataset, x, words, contexts = batch_and_tables(task)
    losses = []
    for row, block, i in np.argwhere(x["in_window"].any(axis=-1)):
        around = x["around_ids"][row, block][x["in_window"][row, block, i] > 0]
        h = words[around].mean(axis=0)
        u = contexts[x["token_ids"][row, block, i]]
        n = contexts[x["negative_ids"][row, block]]
        losses.append(-log_sigmoid(h @ u) - 3 * log_sigmoid(-n @ h).mean())
    logs = task.evaluate(dataset, steps=1, verbose=0, return_dict=True)
    assert len(losses) > 50
    assert logs["loss"] == pytest.approx(np.mean(losses), rel=1e-5)


@pytest.mark.parametrize("model", [SkipGram, CBOW])
def test_words_of_one_class_become_neighbours(model, tokenizer):
    task = word2vec(model, tokenizer, dim=16)

    def share():
        vectors = transfer.WordVectors.of(task)
        kind = {word: name for name, words in CLASSES.items() for word in words}
        near = [
            kind.get(other) == name
            for word, name in kind.items()
            for other, _ in vectors.nearest(word, 4)
        ]
        return np.mean(near)

    before = share()
    task.compile(optimizers.RowAdagrad(0.1))
    task.fit(task.dataset(sentences(), batch_size=16), epochs=10, verbose=0)
    assert before < 0.5
    assert share() > 0.95


def test_a_step_moves_only_the_rows_it_read(tokenizer):
    task = testing.fix_weights(word2vec(SkipGram, tokenizer))
    task.compile(optimizers.RowAdagrad(0.1))
    dataset, x, words, contexts = batch_and_tables(task)
    few = {**x, "negative_ids": np.full_like(x["negative_ids"], 6)}
    few["around_ids"] = np.where(x["in_window"].any(axis=2), 7, 0)
    task.fit(tf.data.Dataset.from_tensors((few,)), verbose=0)
    moved = task.context_embedding.embeddings.numpy() != contexts
    # Row 0 stands beside the words, but none looks at it: its gradient is 0.
    assert np.flatnonzero(moved.any(axis=1)).tolist() == [6, 7]


@pytest.mark.parametrize("replicas", [1, 2])
def test_gradients_stay_sparse(replicas, tokenizer, two_replicas, monkeypatch):
    strategy = two_replicas if replicas == 2 else tf.distribute.get_strategy()
    kinds = []
    with strategy.scope():
        task = word2vec(SkipGram, tokenizer)
        optimizer = optimizers.RowAdagrad(0.1)
    update = optimizers.RowAdagrad.update_step

    def noting(self, gradient, variable, learning_rate):
        kinds.append(type(gradient))
        return update(self, gradient, variable, learning_rate)

    monkeypatch.setattr(optimizers.RowAdagrad, "update_step", noting)
    task.compile(optimizer)
    task.fit(task.dataset(sentences(40), batch_size=4), steps_per_epoch=1, verbose=0)
    assert kinds and set(kinds) == {tf.IndexedSlices}


def test_two_replicas_equal_one_with_sparse_gradients(tokenizer, two_replicas):
    tables = []
    for strategy in (tf.distribute.get_strategy(), two_replicas):
        with strategy.scope():
            task = testing.fix_weights(word2vec(CBOW, tokenizer))
        task.compile(optimizers.RowAdagrad(0.1))
        dataset = task.dataset(sentences(40), batch_size=4)
        task.fit(dataset, steps_per_epoch=3, verbose=0)
        tables.append([v.numpy() for v in task.variables])
    for one, two in zip(*tables, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)


def test_arguments_are_checked(tokenizer):
    with pytest.raises(ValueError, match="negatives"):
        word2vec(SkipGram, tokenizer, negatives=0)
    dense = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    with pytest.raises(ValueError, match="encoder.*word_vectors"):
        CBOW(dense)


def test_sentence_encoder_is_the_weighted_mean_less_what_is_common(tokenizer, tmp_path):
    task = testing.fix_weights(word2vec(SkipGram, tokenizer), scale=1.0)
    texts = [*sentences(50), "the red cat ? zzz"]
    table = task.word_embedding.embeddings.numpy()
    counts = task.pretext.word_counts()
    weights = 0.01 / (0.01 + counts / counts.sum())

    def by_hand(text):
        ids = [
            i for i in tokenizer(text) if counts[i]
        ]  # neither unknown nor punctuation
        return np.mean([weights[i] * table[i] for i in ids], axis=0)

    expected = np.stack([by_hand(text) for text in texts])
    x = {k: v.numpy() for k, v in task.pretext.prepare(texts).items()}
    plain = task.sentence_encoder(smoothing=0.01)
    np.testing.assert_allclose(plain.predict(x, verbose=0), expected, atol=1e-5)
    common = np.linalg.svd(expected)[2][0]
    expected = expected - np.outer(expected @ common, common)
    without = task.sentence_encoder(smoothing=0.01, texts=texts)
    np.testing.assert_allclose(without.predict(x, verbose=0), expected, atol=1e-5)
    # Its own weights, and a file that Keras alone reads.
    np.testing.assert_array_equal(task.word_embedding.embeddings.numpy(), table)
    without.save(tmp_path / "sentences.keras")
    loaded = keras.saving.load_model(tmp_path / "sentences.keras")
    np.testing.assert_allclose(loaded.predict(x, verbose=0), expected, atol=1e-5)
    with pytest.raises(ValueError, match="texts"):
        task.sentence_encoder(texts=[])


def test_sentence_encoder_can_be_measured_as_any_encoder(tokenizer):
    task = word2vec(CBOW, tokenizer)
    texts = sentences(40)
    labels = np.array([int(text.split()[1] in ("red", "green")) for text in texts])
    x = {k: v.numpy() for k, v in task.pretext.prepare(texts).items()}
    result = transfer.compare(
        task.sentence_encoder(),
        (x, labels),
        (x, labels),
        labels_per_class=[None],
        methods=["linear_probe"],
        controls=["random"],
        draws=1,
        progress=False,
    )
    assert [row["encoder"] for row in result.rows][0] == "pretrained"
