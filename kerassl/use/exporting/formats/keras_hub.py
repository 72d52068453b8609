"""A preset of KerasHub: its backbone, tokenizer and preprocessor."""

from kerassl.use.exporting.backbones import backbone_inputs, backbone_of, sequence_of
from kerassl.use.exporting.format import Format, prepared_told
from kerassl.use.exporting.tokenizer_files import stock_tokenizer

# The first that a family of models has is stored.
PREPROCESSORS = (
    "TextClassifierPreprocessor",
    "CausalLMPreprocessor",
    "Seq2SeqLMPreprocessor",
)


class KerasHub(Format):
    """A folder that `keras_hub.models.Backbone.from_preset` loads."""

    name = "keras_hub"
    output = "one vector for each token"
    # Seen in 0.32.0: `save_to_preset` writes them, `from_preset` then fails.
    floats_only = "KerasHub does not read its own presets of integers back"

    def refusal(self, subject):
        if backbone_of(subject) is None:
            return "the encoder is no backbone of KerasHub"
        return None

    def inputs(self, subject):
        return backbone_inputs(subject)

    def told(self, subject, name):
        return prepared_told(
            subject, name.removeprefix("encoder_").removeprefix("decoder_")
        )

    def axes(self, subject, name):
        return list(backbone_of(subject).input[name].shape)

    def outputs(self, subject, inputs):
        return sequence_of(backbone_of(subject).predict(inputs, verbose=0))

    def write(self, subject, folder, quantize=None):
        backbone = backbone_of(subject)
        backbone.save_to_preset(str(folder))
        pretext = subject.task.pretext
        tokenizer = stock_tokenizer(getattr(pretext, "tokenizer", None), backbone)
        if tokenizer is None:
            return
        preprocessor = _preprocessor(backbone, tokenizer)
        if preprocessor is None:
            tokenizer.save_to_preset(str(folder))
        else:
            # KerasHub's default is longer than many an encoder's rows.
            preprocessor(
                tokenizer, sequence_length=pretext.sequence_length
            ).save_to_preset(str(folder))

    @staticmethod
    def load(folder):
        import keras_hub
        import numpy as np

        backbone = keras_hub.models.Backbone.from_preset(str(folder))

        def features(inputs):
            outputs = backbone.predict(inputs, verbose=0)
            for name in ("encoder_sequence_output", "sequence_output"):
                if isinstance(outputs, dict) and name in outputs:
                    outputs = outputs[name]
            return np.asarray(outputs)

        return features


def _preprocessor(backbone, tokenizer):
    """Returns the class of preprocessor for a backbone and its tokenizer, or None."""
    import keras_hub

    for kind in PREPROCESSORS:
        for name in dir(keras_hub.models):
            each = getattr(keras_hub.models, name)
            if (
                name.endswith(kind)
                and getattr(each, "backbone_cls", None) is type(backbone)
                and isinstance(tokenizer, each.tokenizer_cls)
            ):
                return each
    return None
