"""The base of the pretext layers that read texts with a tokenizer."""

import keras
import numpy as np

from kerassl.errors import InvalidValue
from kerassl.pretext.base import PretextLayer
from kerassl.pretext.encoder_input import EncoderInput
from kerassl.tokenizers.token_rows import check_rows


class TextPretextLayer(PretextLayer):
    """Keeps the tokenizer and the length of the rows in the configuration.

    A subclass sets `tokenizer`, a KerasHub tokenizer or None, and
    `sequence_length` in its `__init__`, and takes both as arguments. Its `_rows`
    are the `TokenRows` or `DenoisingRows` by which it reads texts.

    Attributes:
        needs: What `has_task` looks for, in words.
    """

    needs = "a text with a token that the tokenizer knows"

    @property
    def encoder_input(self):
        if self.tokenizer is None:
            return EncoderInput("token ids")
        # A layer may have ids of its own, such as sentinels.
        size = getattr(self, "vocabulary_size", self.tokenizer.vocabulary_size())
        made = "of the run's `tokenizer/`"
        return EncoderInput("token ids", made, 0, size - 1, key="token_ids")

    def ask(self, prompts):
        """Returns what a trained model is given to answer a person's prompts.

        Args:
            prompts: List of strings. `kerassl.tokenizers.gaps.GAP` stands in them
                for what is to be filled in, where the task fills in.

        Raises:
            ValueError: If this layer does not say how, or a prompt is too long, or
                not known to the tokenizer, or without what the task needs.
        """
        raise InvalidValue(
            f"{type(self).__name__} does not say how a model is asked: write its "
            "method `ask`."
        )

    def check(self, inputs):
        """Raises where a batch holds neither texts nor ids of the tokenizer.

        Args:
            inputs: As for a call.
        """
        check_rows(inputs, self.tokenizer)

    def has_task(self, inputs) -> bool:
        """Tells whether a batch holds anything to learn from.

        Args:
            inputs: As for a call.
        """
        tokens, special = self._rows.tokens(inputs), self._rows.special_ids()
        no_task = [token_id for token_id in special.values() if token_id is not None]
        return bool(np.setdiff1d(tokens.flat_values, no_task).size)

    def get_config(self):
        return {
            **super().get_config(),
            "tokenizer": keras.saving.serialize_keras_object(self.tokenizer),
            "sequence_length": self.sequence_length,
        }

    @classmethod
    def from_config(cls, config):
        # Registers the tokenizer classes, KerasHub's too.
        import kerassl.tokenizers  # noqa: F401

        tokenizer = keras.saving.deserialize_keras_object(config["tokenizer"])
        return cls(**{**config, "tokenizer": tokenizer})
