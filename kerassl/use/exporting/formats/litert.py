"""LiteRT, formerly TensorFlow Lite: for phones and small devices."""

import warnings

import tensorflow as tf

from kerassl.errors import InvalidValue
from kerassl.use.exporting.format import GraphFormat
from kerassl.use.exporting.graph import STRINGS
from kerassl.use.exporting.quantizing import calibration

FILE = "encoder.tflite"


class LiteRT(GraphFormat):
    """One file, of LiteRT's own operations alone: no TensorFlow is needed beside it.

    It takes one example at a time: of open dimensions the converter would make 1, or
    refuse them, as it does in recurrent networks.
    """

    name = "litert"
    packages = ("ai_edge_litert.interpreter",)
    batch = 1
    lacking = frozenset({STRINGS, "ScaleAndTranslate"})

    def write(self, subject, folder, quantize=None):
        graph = self.graph(subject)
        function, whole = graph.traced(self.batch)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], whole)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if quantize:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: calibration(graph.inputs)
        try:
            with warnings.catch_warnings():
                # It calibrates with the interpreter that it says will go.
                warnings.filterwarnings("ignore", ".*tf.lite.Interpreter is deprecated")
                made = converter.convert()
        except Exception as error:
            if type(error).__name__ != "ConverterError":
                raise
            raise InvalidValue(
                "`format`: LiteRT cannot hold this encoder, it lacks an operation: "
                f"{' '.join(str(error).split())[:200]}"
            ) from error
        (folder / FILE).write_bytes(made)

    @staticmethod
    def load(folder):
        import numpy as np
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(str(folder / "encoder.tflite"))
        encode = interpreter.get_signature_runner()

        def features(inputs):  # the file takes one example at a time
            count = len(next(iter(inputs.values())))
            rows = [
                encode(**{name: x[i : i + 1] for name, x in inputs.items()})["features"]
                for i in range(count)
            ]
            return np.concatenate(rows)

        return features
