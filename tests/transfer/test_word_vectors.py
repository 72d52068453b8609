import numpy as np
import pytest

from kerassl import data, encoders, models, pretext
from kerassl.transfer.word_vectors import WordVectors

WORDS = ["man", "woman", "king", "queen", "car"]
VECTORS = [[1, 0, 0], [1, 1, 0], [1, 0, 2], [1, 1, 2], [-3, 0.1, 0.2]]


@pytest.fixture
def vectors():
    return WordVectors(WORDS, VECTORS)


def test_nearest_by_hand(vectors):
    unit = np.array(VECTORS) / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    found = vectors.nearest("king", 4)
    assert [word for word, _ in found] == ["queen", "man", "woman", "car"]
    np.testing.assert_allclose(found[0][1], unit[2] @ unit[3], rtol=1e-6)
    assert len(vectors.nearest("king", 99)) == 4
    assert vectors.nearest([1, 0, 2.0], 1)[0][0] == "king"


def test_analogy(vectors):
    assert vectors.analogy("man", "king", "woman")[0][0] == "queen"
    words = {word for word, _ in vectors.analogy("man", "king", "woman", k=5)}
    assert words == {"queen", "car"}


def test_similarity_leaves_unknown_words_out(vectors):
    pairs = [("King", "queen"), ("man", "woman"), ("man", "car"), ("king", "zzz")]
    assert vectors.similarity(pairs, [9, 7, 1, 5]) == (pytest.approx(1.0), 3)
    assert vectors.similarity(pairs, [1, 7, 9, 5]) == (pytest.approx(-1.0), 3)
    with pytest.raises(ValueError, match="pairs"):
        vectors.similarity(pairs[3:], [1])


def test_analogy_accuracy(vectors):
    questions = [
        ("man", "king", "woman", "queen"),
        ("man", "woman", "king", "queen"),
        ("man", "king", "woman", "car"),
        ("man", "king", "woman", "zzz"),
    ]
    assert vectors.analogy_accuracy(questions) == (pytest.approx(2 / 3), 3)
    # In parts as in one.
    accuracy, covered = vectors.analogy_accuracy(questions[:3] * 200)
    assert (accuracy, covered) == (pytest.approx(2 / 3), 600)
    with pytest.raises(ValueError, match="questions"):
        vectors.analogy_accuracy(questions[3:])


def test_text_format(vectors, tmp_path):
    path = tmp_path / "vectors.txt"
    vectors.save_text(path)
    head, *lines = path.read_text("utf-8").splitlines()
    assert head == "5 3"
    assert [line.split(" ")[0] for line in lines] == WORDS
    read = np.array([line.split(" ")[1:] for line in lines], "float32")
    np.testing.assert_array_equal(read, np.array(VECTORS, "float32"))
    again = WordVectors.load_text(path)
    assert again.words == WORDS
    np.testing.assert_array_equal(again.vectors, vectors.vectors)


def test_a_broken_file_is_refused(vectors, tmp_path):
    path = tmp_path / "vectors.txt"
    vectors.save_text(path)
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(ValueError, match="begin with"):
        WordVectors.load_text(path)


def test_gensim_reads_the_file(vectors, tmp_path):
    keyed_vectors = pytest.importorskip("gensim.models").KeyedVectors
    path = tmp_path / "vectors.txt"
    vectors.save_text(path)
    read = keyed_vectors.load_word2vec_format(path)
    assert read.index_to_key == WORDS
    np.testing.assert_array_equal(read.vectors, vectors.vectors)


def test_vectors_of_a_task():
    tokenizer = data.train_tokenizer(["a cat, a hat"], "word", min_count=1)
    encoder = encoders.word_vectors(tokenizer.vocabulary_size(), dim=4)
    task = models.SkipGram(encoder, pretext.ContextWindow(tokenizer))
    vectors = WordVectors.of(task)
    assert vectors.words == ["a", "cat", "hat"]
    table = encoder.get_layer("token_embedding").get_weights()[0]
    np.testing.assert_array_equal(vectors["Cat"], table[tokenizer.token_to_id("cat")])
    assert "dog" not in vectors and len(vectors) == 3


def test_arguments_are_checked(vectors):
    with pytest.raises(ValueError, match="vectors"):
        WordVectors(WORDS, VECTORS[1:])
    with pytest.raises(ValueError, match="words"):
        WordVectors(["a", "a"], VECTORS[:2])
    with pytest.raises(KeyError, match="zzz"):
        vectors.nearest("zzz")
