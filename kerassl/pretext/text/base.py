"""The base of the pretext layers that read texts with a tokenizer."""

import keras

from kerassl.pretext.base import PretextLayer


class TextPretextLayer(PretextLayer):
    """Keeps the tokenizer and the length of the rows in the configuration.

    A subclass sets `tokenizer`, a KerasHub tokenizer or None, and
    `sequence_length` in its `__init__`, and takes both as arguments.
    """

    def get_config(self):
        return {
            **super().get_config(),
            "tokenizer": keras.saving.serialize_keras_object(self.tokenizer),
            "sequence_length": self.sequence_length,
        }

    @classmethod
    def from_config(cls, config):
        # Registers the tokenizer classes, KerasHub's too.
        import kerassl.pretext.text.word_piece_tokenizer
        import kerassl.pretext.text.word_tokenizer  # noqa: F401

        tokenizer = keras.saving.deserialize_keras_object(config["tokenizer"])
        return cls(**{**config, "tokenizer": tokenizer})
