"""ONNX, which ONNX Runtime and many other engines run."""

import contextlib
import logging
import tempfile
import warnings
from pathlib import Path

from kerassl.errors import InvalidValue
from kerassl.use.exporting.format import GraphFormat
from kerassl.use.exporting.graph import STRINGS
from kerassl.use.exporting.quantizing import calibration

FILE = "encoder.onnx"
# Any engine of the last years reads it; tf2onnx knows up to 18.
OPSET = 17


class ONNX(GraphFormat):
    """One file, with a batch of any size."""

    name = "onnx"
    packages = ("onnx", "tf2onnx", "onnxruntime")
    # tf2onnx makes of Fourier transforms only the absolute value.
    lacking = frozenset({STRINGS, "ScaleAndTranslate", "RFFT"})

    def write(self, subject, folder, quantize=None):
        model = _converted(self.graph(subject))
        if not quantize:
            (folder / FILE).write_bytes(model.SerializeToString())
            return
        with tempfile.TemporaryDirectory() as scratch:
            whole = Path(scratch, FILE)
            whole.write_bytes(model.SerializeToString())
            _write_int8(whole, folder / FILE, self.inputs(subject))

    @staticmethod
    def load(folder):
        import onnxruntime

        session = onnxruntime.InferenceSession(str(folder / "encoder.onnx"))
        return lambda inputs: session.run(["features"], dict(inputs))[0]


def _converted(graph):
    import tensorflow as tf

    specs = graph.specs()
    # tf2onnx names inputs by the arguments of a function.
    names = list(specs)

    def flat(*tensors):
        return graph.call(dict(zip(names, tensors, strict=True)))

    with _quiet() as told:
        import tf2onnx
        from keras.src.export.tf2onnx_lib import patch_tf2onnx

        patch_tf2onnx()  # it reads NumPy as it was before 2
        function = tf.function(flat)
        model, _ = tf2onnx.convert.from_function(
            function, input_signature=list(specs.values()), opset=OPSET
        )
    if told:
        raise InvalidValue(
            f"`format`: ONNX cannot hold this encoder: {' '.join(told[-1].split())}"
        )
    return model


class _Errors(logging.Handler):
    """Keeps what tf2onnx says of operations that it lacks, and then leaves as is."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.told = []

    def emit(self, record):
        if "nsupported" in record.getMessage() or "Failed" in record.getMessage():
            self.told.append(record.getMessage())


@contextlib.contextmanager
def _quiet():
    # TensorFlow warns of collections that are not copied.
    tensorflow = logging.getLogger("tensorflow")
    before = tensorflow.level
    tensorflow.setLevel(logging.ERROR)
    logger, handler = logging.getLogger("tf2onnx"), _Errors()
    level, passes = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield handler.told
    finally:
        tensorflow.setLevel(before)
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = passes


def _write_int8(source, target, inputs):
    """Writes a model with weights of 7 bits in bytes, its activations calibrated."""
    from onnxruntime import quantization

    class Examples(quantization.CalibrationDataReader):
        rows = calibration(inputs)

        def get_next(self):
            return next(self.rows, None)

    level = logging.root.level
    logging.root.setLevel(logging.ERROR)  # it advises to preprocess the model
    try:
        # A bit less for weights: sums of whole bytes overflow on processors without
        # instructions for them (VNNI), and the file is to give the same on all.
        quantization.quantize_static(
            source, target, Examples(), per_channel=True, reduce_range=True
        )
    finally:
        logging.root.setLevel(level)
