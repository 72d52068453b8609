"""Texts as they are, for tasks that make their own difference."""

import keras
import tensorflow as tf

from kerassl.errors import InvalidValue
from kerassl.pictures import token_figure
from kerassl.pretext.text.base import TextPretextLayer
from kerassl.tokenizers.token_rows import TokenRows


@keras.saving.register_keras_serializable(package="kerassl")
class Tokens(TextPretextLayer):
    """Tokenises texts and changes nothing.

    For training steps whose task lies in the model: SimCSE compares a
    sentence with itself under another dropout. A text longer than
    `sequence_length` is read from its start.

    Call arguments:
        inputs: Texts, a string tensor (batch,); or token ids without special
            tokens, an integer tensor (batch, time) padded with the
            tokenizer's padding id, or a `tf.RaggedTensor` of them.
        seed: Integer tensor of shape (2,); nothing is drawn from it.

    Returns:
        A tuple `(x,)`: a dict of int32 tensors `"token_ids"`,
        `"padding_mask"` and `"segment_ids"`, each (batch, sequence_length).

    Args:
        tokenizer: A KerasHub tokenizer with start, end and padding tokens,
            such as `kerassl.data.train_tokenizer` gives.
        sequence_length: Tokens in a row, start and end included, above 2.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Raises:
        ValueError: If an argument is out of range, the tokenizer lacks one of
            the special tokens, or there is no tokenizer when data arrives.

    Example:
        >>> from kerassl.data import train_tokenizer
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"]
        >>> pretext = Tokens(train_tokenizer(texts, vocabulary_size=30), 16)
        >>> (x,) = pretext(tf.constant(texts), seed=tf.constant([0, 1]))
        >>> x["token_ids"].shape
        TensorShape([2, 16])
    """

    def __init__(
        self,
        tokenizer=None,
        sequence_length: int = 32,
        *,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        self._rows = TokenRows(tokenizer, sequence_length)
        self.tokenizer = tokenizer
        self.sequence_length = sequence_length

    def call(self, inputs, seed):
        return (self.prepare(inputs),)

    def prepare(self, inputs):
        """Returns the encoder inputs of a batch, the same as for a call.

        Args:
            inputs: As for a call.

        Returns:
            A dict of int32 tensors `"token_ids"`, `"padding_mask"` and
            `"segment_ids"`, each (batch, sequence_length).
        """
        if isinstance(inputs, dict):
            raise InvalidValue(
                "`inputs` must be texts or their token ids, each row a text of its "
                "own. Received windows over joined documents, as of token shards."
            )
        return self._rows.prepare(inputs)

    def draw(self, inputs, seed):
        """Returns a figure of the texts as the encoder's tokens.

        Args:
            inputs: As for a call; the first rows are shown.
            seed: Integer tensor of shape (2,); nothing is drawn from it.

        Returns:
            A `matplotlib.figure.Figure`.
        """
        x = self.prepare(inputs[:6])
        lengths = tf.reduce_sum(x["padding_mask"], 1)
        name = self.tokenizer.id_to_token
        return token_figure(
            [
                [(name(int(token)), "plain", "") for token in row[:length]]
                for row, length in zip(
                    x["token_ids"].numpy(), lengths.numpy(), strict=True
                )
            ]
        )
