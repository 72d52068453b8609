"""Word vectors by spelling: where sentence vectors may start without any training."""

import numpy as np

from kerassl.checks import check_integer, check_width
from kerassl.encoders.word_vectors import word_vectors
from kerassl.errors import InvalidValue

# Letters that are counted together, the word's ends among them.
TOGETHER = (3, 5)
# Kinds of these that are told apart; the rest fall together.
KINDS = 1 << 15
# Words of a sentence, by which a word's share of the text becomes that of sentences.
SENTENCE = 20


def spelled_words(
    tokenizer, dim: int = 300, *, word_dropout: float = 0.0, seed: int = 0
):
    """Returns an encoder whose words are near each other where they are spelt alike.

    A word's vector is a random projection of the groups of three to five letters that
    it has, weighed by how rare they are among the words; its length is the logarithm
    of how rare the word is in sentences. The mean of a sentence's words is then near
    to its TF-IDF of letters, in `dim` numbers, and a start for `kerassl.models.SimCSE`
    with `pooler="mean"` and a low rate. Of meaning it knows nothing.

    Args:
        tokenizer: A tokenizer with `counts`, such as
            `kerassl.data.train_tokenizer(texts, "word")` gives.
        dim: Dimension of the vectors, at least 1.
        word_dropout: As in `kerassl.encoders.word_vectors`.
        seed: Integer, seeds the projection.

    Returns:
        `keras.Model` as `kerassl.encoders.word_vectors` gives; special tokens and
        unknown words have the vector 0.

    Raises:
        ValueError: If the tokenizer has no counts, or a number is out of range.

    Example:
        >>> from kerassl.tokenizers import train_tokenizer
        >>> tokenizer = train_tokenizer(["swim swims tree"] * 9, "word")
        >>> encoder = spelled_words(tokenizer)
        >>> table = encoder.get_layer("token_embedding").get_weights()[0]
        >>> swim, swims, tree = (table[tokenizer.token_to_id(w)]
        ...     for w in ("swim", "swims", "tree"))
        >>> bool(swim @ swims > 2 * swim @ tree)
        True

    References:
        Bojanowski et al., 2017, https://arxiv.org/abs/1607.04606; Achlioptas, 2003,
        https://doi.org/10.1016/S0022-0000(03)00025-4
    """
    if not hasattr(tokenizer, "counts"):
        raise InvalidValue(
            "`tokenizer` must have `counts` of its words, as "
            '`kerassl.data.train_tokenizer(texts, "word")` gives. Received: '
            f"{type(tokenizer).__name__}"
        )
    check_width(dim=dim)
    check_integer("seed", seed, least=0)
    encoder = word_vectors(
        tokenizer.vocabulary_size(), dim, "spelled_words", word_dropout=word_dropout
    )
    spelt = _spelt(tokenizer.get_vocabulary(), dim, seed)
    table = _rarity(tokenizer)[:, None] * spelt
    encoder.get_layer("token_embedding").set_weights([table])
    return encoder


def _spelt(words, dim, seed):
    """Returns vectors of length 1 for words, near where their letters are alike."""
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.preprocessing import normalize

    counted = HashingVectorizer(
        analyzer="char_wb", ngram_range=TOGETHER, n_features=KINDS, norm=None
    ).transform(words)
    weighed = TfidfTransformer().fit_transform(counted)
    axes = np.random.default_rng(seed).standard_normal((KINDS, dim), "float32")
    return normalize(weighed.astype("float32") @ axes)


def _rarity(tokenizer):
    """Returns how long each word's vector is, from 0 to 1."""
    counts = tokenizer.counts.astype("float64")
    special = [
        getattr(tokenizer, f"{use}_token_id", None)
        for use in ("pad", "start", "end", "mask")
    ]
    counts[[place for place in special if place is not None]] = 0
    counts[tokenizer.token_to_id("[UNK]")] = 0
    share = counts / max(counts.sum(), 1)
    rarity = np.where(counts > 0, np.log1p(1 / np.maximum(SENTENCE * share, 1e-12)), 0)
    return rarity / max(rarity.max(), 1e-12)
