"""TensorFlow's SavedModel, with the whole preparation inside."""

import tensorflow as tf

from kerassl.use.exporting.format import GraphFormat
from kerassl.use.exporting.quantizing import check_layers, quantize_layers


class SavedModel(GraphFormat):
    """A folder for TensorFlow, TensorFlow Serving and TFX.

    It takes raw examples: images of any size, sounds, and texts as strings, whose
    tokenizer is in the graph.
    """

    name = "savedmodel"
    opened = True

    def check_int8(self, subject):
        check_layers(subject.task.encoder)

    def write(self, subject, folder, quantize=None):
        if quantize:
            quantize_layers(subject.task.encoder)
        function, whole = self.graph(subject).traced()
        tf.saved_model.save(whole, str(folder), {"serving_default": function})

    @staticmethod
    def load(folder):
        import contextlib

        import tensorflow as tf

        with contextlib.suppress(ImportError):  # only texts need it
            import tensorflow_text  # noqa: F401 -- the operations of tokenizers

        encode = tf.saved_model.load(str(folder)).signatures["serving_default"]

        def features(inputs):
            tensors = {name: tf.constant(values) for name, values in inputs.items()}
            return encode(**tensors)["features"].numpy()

        return features
