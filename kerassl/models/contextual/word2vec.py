"""SkipGram and CBOW, the training steps of word2vec, with negative sampling."""

import math

import keras
import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.checks import check_number
from kerassl.encoders.pooling import feature_model
from kerassl.encoders.word_vectors import weighted_words
from kerassl.errors import InvalidValue
from kerassl.models.base import PretextModel

# Whose vectors are computed at once.
SENTENCES = 512


class _Word2Vec(PretextModel):
    """What SkipGram and CBOW share: two tables of vectors, read by rows."""

    default_measures = ("classification", "pretext")

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        negatives: float = 5,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_number("negatives", negatives, above=0)
        tables = [e for e in encoder.layers if isinstance(e, keras.layers.Embedding)]
        if len(tables) != 1 or tables[0].output_dim != encoder.output_shape[-1]:
            raise InvalidValue(
                "`encoder` must look up one table of vectors, as "
                "`kerassl.encoders.word_vectors` does. Received: "
                f"{encoder.name!r} with {len(tables)} embeddings"
            )
        self.negatives = negatives
        self.word_embedding = tables[0]
        self.context_embedding = keras.layers.Embedding(
            tables[0].input_dim,
            tables[0].output_dim,
            # As in the authors' tool.
            embeddings_initializer="zeros",
            dtype=tables[0].dtype_policy,
            name="context_embedding",
        )
        self.context_embedding.build(None)
        self.built = True

    def weights_of(self, x, y):
        return x["in_window"]

    def loss_at_chance(self, batch_size):
        return (1 + self.negatives) * math.log(2)

    def words(self, token_ids):
        """Returns the vectors that the encoder has for words."""
        return _lookup(self.word_embedding, token_ids)

    def contexts(self, token_ids):
        """Returns the vectors of the second table, which training alone needs."""
        return _lookup(self.context_embedding, token_ids)

    def terms(self, outputs, in_window, told):
        """Returns the two terms of the loss, in nats.

        Args:
            outputs: Dict of the scores `"positive"` and `"negative"`, the
                latter (..., shared_negatives).
            in_window: Weights of the positive scores.
            told: What the negatives of each word weigh, (...).
        """
        negative = ops.mean(ops.softplus(outputs["negative"]), axis=-1)
        return {
            "positive": (ops.softplus(-outputs["positive"]), in_window),
            "negative": (self.negatives * negative, told),
        }

    def sentence_encoder(self, smoothing: float = 1e-3, texts=None):
        """Returns a Keras model from a sentence's words to their weighted mean (SIF).

        A plain Keras model with weights of its own: save it, or measure it as any
        encoder. Give it `task.pretext.prepare(texts)`. Words that the vocabulary
        lacks, and punctuation, are left out.

        Args:
            smoothing: As in `kerassl.encoders.weighted_words`.
            texts: Sentences, whose first principal component is then removed, as in
                the paper; None removes nothing.

        Returns:
            A `keras.Model` whose output is a float32 tensor (batch, dim).

        Raises:
            ValueError: If `smoothing` <= 0, there are no sentences in `texts`, or the
                pretext layer's tokenizer has no counts.

        Reference:
            Arora et al., 2017, https://openreview.net/forum?id=SyK00v5xx
        """
        distribute.read_state(self)
        words = weighted_words(self.encoder, self.pretext.word_counts(), smoothing)
        model = feature_model(words, "mean")
        if texts is not None:
            remove_common_part(words, self._vectors(model, texts))
        return model

    def _vectors(self, model, texts):
        """Returns the vectors of sentences, (texts, dim)."""
        texts, found = list(texts), []
        for begin in range(0, len(texts), SENTENCES):
            x = self.pretext.prepare(texts[begin : begin + SENTENCES])
            found.append(model.predict_on_batch({k: v.numpy() for k, v in x.items()}))
        if not found:
            raise InvalidValue("`texts` must hold one sentence or more. Received none")
        return np.concatenate(found)

    def get_config(self):
        return {**super().get_config(), "negatives": self.negatives}


def remove_common_part(encoder, vectors):
    """Takes what sentences have in common out of a table of word vectors.

    A mean is linear, so what is removed from each word is removed from each sentence.

    Args:
        encoder: A `kerassl.encoders.word_vectors` model; its table is changed.
        vectors: Float array (sentences, dim), by this encoder. Removed is the first
            of their right singular vectors.

    Example:
        >>> from kerassl.encoders import word_vectors
        >>> encoder = word_vectors(3, dim=2)
        >>> remove_common_part(encoder, np.array([[1.0, 0.0], [2.0, 0.0]]))
        >>> encoder.get_layer("token_embedding").get_weights()[0][:, 0].tolist()
        [0.0, 0.0, 0.0]
    """
    common = np.linalg.svd(vectors, full_matrices=False)[2][0]
    layer = encoder.get_layer("token_embedding")
    (table,) = layer.get_weights()
    layer.set_weights([table - np.outer(table @ common, common)])


@keras.saving.register_keras_serializable(package="kerassl")
class SkipGram(_Word2Vec):
    """Trains word vectors by which a word tells the words around it (word2vec).

    For a word w, a word c around it and the vectors u of a second table:

        - log sigmoid(v_w . u_c) - negatives * mean(log sigmoid(- v_w . u_n))

    with the mean over the negatives n of the word's block. The loss is the
    mean over all pairs of a batch, where the authors' tool makes a step for
    each pair: train with `kerassl.optimizers.RowAdagrad`, whose steps depend
    on neither, and which large batches do not make diverge.

    A step reads and updates only the rows of the words in its batch. A
    negative that happens to be a word around counts as a negative too.

    Args:
        encoder: A model that looks up one vector a word, such as
            `kerassl.encoders.word_vectors` gives.
        pretext: A `kerassl.pretext.ContextWindow`, or any pretext layer with
            the same outputs.
        negatives: Weight of the negatives of a pair together, above 0: their
            number in the paper.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Input:
        A dict of the tensors that `kerassl.pretext.ContextWindow` gives.

    Output:
        A dict of float tensors: `"positive"` (batch, blocks, block_length,
        block_length + 2 * window), the scores v . u of words with those beside
        them, and `"negative"` (batch, blocks, block_length, shared_negatives).

    Logs:
        loss: Nats a pair; (1 + negatives) ln 2 before training.

    Raises:
        ValueError: If the encoder is of another kind, or `negatives` <= 0.

    Example:
        >>> from kerassl import data, encoders, optimizers, pretext
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"] * 8
        >>> tokenizer = data.train_tokenizer(texts, "word")
        >>> encoder = encoders.word_vectors(tokenizer.vocabulary_size(), dim=8)
        >>> task = SkipGram(encoder, pretext.ContextWindow(tokenizer, 16))
        >>> task.compile(optimizers.RowAdagrad())
        >>> history = task.fit(task.dataset(texts, batch_size=2), verbose=0)
        >>> list(history.history)
        ['loss']

    References:
        Mikolov et al., 2013, https://arxiv.org/abs/1301.3781; Mikolov et al.,
        2013, https://arxiv.org/abs/1310.4546
    """

    def propagate(self, x, training):
        words = self.words(x["token_ids"])
        return {
            "positive": _products(words, self.contexts(x["around_ids"])),
            "negative": _products(words, self.contexts(x["negative_ids"])),
        }

    def objective(self, x, y, outputs, training):
        in_window = x["in_window"]
        return self.terms(outputs, in_window, ops.sum(in_window, axis=-1))


@keras.saving.register_keras_serializable(package="kerassl")
class CBOW(_Word2Vec):
    """Trains word vectors by whose mean the word in the middle is told (word2vec).

    For a word w, the mean h of the vectors of the words around it, and the
    vectors u of a second table:

        - log sigmoid(h . u_w) - negatives * mean(log sigmoid(- h . u_n))

    with the mean over the negatives n of the word's block. Faster than
    `SkipGram`, whose description holds for the rest.

    Args:
        encoder: As for `SkipGram`.
        pretext: As for `SkipGram`.
        negatives: As for `SkipGram`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Input:
        A dict of the tensors that `kerassl.pretext.ContextWindow` gives.

    Output:
        A dict of float tensors: `"positive"` (batch, blocks, block_length),
        the scores h . u of the words, and `"negative"` (batch, blocks,
        block_length, shared_negatives).

    Logs:
        loss: Nats a word; (1 + negatives) ln 2 before training.

    Raises:
        ValueError: If the encoder is of another kind, or `negatives` <= 0.

    Example:
        >>> from kerassl import encoders
        >>> task = CBOW(encoders.word_vectors(100, dim=8))
        >>> task.negatives
        5

    References:
        Mikolov et al., 2013, https://arxiv.org/abs/1301.3781; Mikolov et al.,
        2013, https://arxiv.org/abs/1310.4546
    """

    def propagate(self, x, training):
        around = self.words(x["around_ids"])
        in_window = ops.cast(x["in_window"], around.dtype)
        number = ops.maximum(ops.sum(in_window, axis=-1, keepdims=True), 1)
        mean = ops.matmul(in_window / number, around)
        return {
            "positive": ops.sum(mean * self.contexts(x["token_ids"]), axis=-1),
            "negative": _products(mean, self.contexts(x["negative_ids"])),
        }

    def objective(self, x, y, outputs, training):
        told = ops.max(x["in_window"], axis=-1)  # 0 for a word without any around
        return self.terms(outputs, told, told)


def _lookup(embedding, token_ids):
    vectors = distribute.lookup(embedding.embeddings, token_ids)
    return ops.cast(vectors, embedding.compute_dtype)


def _products(a, b):
    """Returns the inner products of all vectors of two sets, block by block."""
    return ops.einsum("...id,...jd->...ij", a, b)
