"""The KerasHub backbone that a task trains, and the whole of its inputs."""

import numpy as np

from kerassl.use.exporting.subject import Subject

# Among the outputs of a backbone, the sequence that the encoder gives.
SEQUENCES = ("encoder_sequence_output", "sequence_output")


def backbone_of(subject: Subject):
    """Returns the KerasHub backbone whose weights a task's encoder has, or None.

    It is the encoder itself, or one that the encoder is a part of: BART and T5 have a
    decoder too.

    Args:
        subject: What is exported.
    """
    import keras_hub

    wanted = {id(v) for v in subject.task.encoder.variables}
    for layer in (subject.task.encoder, *subject.task._flatten_layers()):
        if isinstance(layer, keras_hub.models.Backbone):
            if wanted <= {id(v) for v in layer.variables}:
                return layer
    return None


def backbone_inputs(subject: Subject) -> dict[str, np.ndarray]:
    """Returns the subject's prepared examples by the names that a backbone has.

    A decoder is given what the encoder is.
    """
    backbone = backbone_of(subject)
    if not isinstance(backbone.input, dict):
        return {backbone.input.name: subject.prepared}
    return {
        name: subject.prepared[name.removeprefix("encoder_").removeprefix("decoder_")]
        for name in backbone.input
    }


def sequence_of(outputs) -> np.ndarray:
    """Returns the encoder's sequence of a backbone's outputs."""
    if isinstance(outputs, dict):
        outputs = next(outputs[name] for name in SEQUENCES if name in outputs)
    return np.asarray(outputs)
