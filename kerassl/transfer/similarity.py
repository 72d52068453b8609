"""How well an encoder's sentence vectors follow human similarity scores."""

import numpy as np

from kerassl.checks import check_integer
from kerassl.encoders.pooling import feature_model
from kerassl.errors import InvalidType, InvalidValue

LENGTH_STEP = 16


def sentence_similarity(
    encoder,
    pretext,
    pairs,
    scores,
    *,
    pooling: str = "mean",
    batch_size: int = 128,
) -> float:
    """Returns the rank correlation of cosine similarity with human scores.

    Nothing is trained: both sentences of a pair are encoded, pooled and
    compared, which is how the STS benchmark is scored.

    Args:
        encoder: A text backbone, such as a task's `encoder`, or a model from
            its inputs to vectors, such as `SimCSE.sentence_encoder` gives.
        pretext: A text pretext layer, such as `kerassl.pretext.MaskedTokens`,
            whose `prepare` makes the encoder's inputs; or a KerasHub
            tokenizer, which is then wrapped in one of 128 tokens a sentence.
        pairs: Sequence of pairs of sentences, at least 2 pairs.
        scores: Human similarity scores, one a pair, any scale.
        pooling: As in `kerassl.encoders.pool`.
        batch_size: Sentences at a time.

    Returns:
        Spearman's rank correlation, in [-1, 1].

    Raises:
        ValueError: If there are not as many scores as pairs, or fewer than 2; or
            there is no correlation, since all scores or all similarities are equal
            or one of them is not finite.

    Example:
        >>> import keras_hub
        >>> from kerassl.data import train_tokenizer
        >>> tokenizer = train_tokenizer(["a b c d"], vocabulary_size=9)
        >>> encoder = keras_hub.models.BertBackbone(9, 1, 2, 8, 16)
        >>> pairs = [("a b", "a b"), ("a b", "c d"), ("a b", "a d")]
        >>> rho = sentence_similarity(encoder, tokenizer, pairs, [5, 0, 2])
        >>> -1 <= rho <= 1
        True

    Reference:
        Cer et al., 2017, https://arxiv.org/abs/1708.00055
    """
    pairs, scores = checked_pairs(pairs, scores)
    check_integer("batch_size", batch_size, least=1)
    cosines = pair_cosines(encoder, pretext, pairs, pooling, batch_size)
    return rank_correlation(cosines, scores)


def checked_pairs(pairs, scores):
    """Returns (pairs, scores), a list and a float array, that can be correlated.

    Args:
        pairs: As for `sentence_similarity`.
        scores: As for `sentence_similarity`.

    Raises:
        ValueError: As `sentence_similarity` does for them.

    Example:
        >>> checked_pairs([("a", "b"), ("a", "a")], [0, 5])[1]
        array([0., 5.])
    """
    pairs, scores = list(pairs), _numbers(scores)
    if len(pairs) != len(scores) or len(pairs) < 2:
        raise InvalidValue(
            "`pairs` and `scores` must have the same length, at least 2. Received "
            f"lengths: {len(pairs)} and {len(scores)}"
        )
    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2:
            raise InvalidValue(
                f"`pairs` must hold pairs of sentences. Received: {pair!r:.60}"
            )
    _check_ranks("`scores`", scores, "the human judgements")
    return pairs, scores


def rank_correlation(cosines, scores) -> float:
    """Returns Spearman's rank correlation of similarities with human scores.

    Args:
        cosines: Float array (pairs,).
        scores: Float array (pairs,).

    Raises:
        ValueError: If the similarities are not finite, or all equal.

    Example:
        >>> rank_correlation(np.array([0.1, 0.9, 0.2]), np.array([0, 5, 1]))
        1.0
    """
    from scipy.stats import spearmanr

    _check_ranks("The similarities", cosines, "the encoder's")
    return float(spearmanr(cosines, scores).statistic)


def pair_cosines(encoder, pretext, pairs, pooling="mean", batch_size=128):
    """Returns the cosines between the vectors of each pair, a float array (pairs,).

    Args:
        encoder: As for `sentence_similarity`, as are the others.
    """
    if not hasattr(pretext, "prepare"):
        from kerassl.pretext.text import MaskedTokens

        longest = getattr(encoder, "max_sequence_length", 128)
        pretext = MaskedTokens(pretext, sequence_length=min(128, longest))
    model = feature_model(encoder, pooling)
    first, second = (
        _vectors(model, pretext, [pair[side] for pair in pairs], batch_size)
        for side in (0, 1)
    )
    return (first * second).sum(axis=1)


def _numbers(scores):
    try:
        return np.asarray(list(scores), dtype=float)
    except (TypeError, ValueError) as error:
        raise InvalidType(f"`scores` must hold numbers: {error}") from error


def _check_ranks(name, values, whose):
    """Raises unless values can be ranked: finite, and not all equal."""
    if values.ndim != 1 or not np.isfinite(values).all():
        raise InvalidValue(f"{name} must be finite numbers, one a pair ({whose}).")
    if np.ptp(values) == 0:
        raise InvalidValue(
            f"{name} must differ between pairs, or nothing correlates ({whose}). "
            f"Received: {values[0]:g} for all {len(values)} pairs"
        )


def _vectors(model, pretext, sentences, batch_size):
    """Returns unit vectors (sentences, dim)."""
    import tensorflow as tf

    # Sentences of like length go together, and lose the padding they share.
    order = np.argsort([len(sentence) for sentence in sentences], kind="stable")
    parts = []
    for start in range(0, len(order), batch_size):
        batch = [sentences[i] for i in order[start : start + batch_size]]
        x = {name: v.numpy() for name, v in pretext.prepare(tf.constant(batch)).items()}
        longest = x["padding_mask"].sum(axis=1).max()
        length = -(-longest // LENGTH_STEP) * LENGTH_STEP  # few shapes, few traces
        x = {name: x[name][:, :length] for name in model.input}
        parts.append(np.asarray(model.predict_on_batch(x)))
    vectors = np.empty((len(order), parts[0].shape[1]), np.float32)
    vectors[order] = np.concatenate(parts)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
