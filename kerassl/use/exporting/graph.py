"""An encoder as one function of named tensors, to be traced."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from kerassl.encoders.pooling import ends, pool
from kerassl.modalities import MODALITIES
from kerassl.use.exporting.subject import Subject

# What a graph is said to hold where it reads texts, beside its operations.
STRINGS = "strings"


@dataclass(frozen=True)
class Graph:
    """The function from inputs to features.

    Attributes:
        call: From a dict of tensors to `{"features": (batch, dim)}`.
        taken: From a `Subject` to its examples as the call takes them, a dict of
            arrays by name.
        inputs: Those of the subject that it was made for.
        open_axes: Of every input, the axes of any length, the batch's 0 left out.
        is_raw: Whether it takes raw examples, or prepared ones.
        encoder: The encoder in it.
    """

    call: Callable
    taken: Callable[[Subject], dict[str, np.ndarray]]
    inputs: dict[str, np.ndarray]
    open_axes: tuple[int, ...]
    is_raw: bool
    encoder: keras.Model

    def specs(self, batch: int | None = None) -> dict[str, tf.TensorSpec]:
        """Returns the `tf.TensorSpec` of each input.

        Args:
            batch: Examples at a time, None for any number.
        """
        return {
            name: tf.TensorSpec(
                (batch, *_opened(values.shape, self.open_axes)),
                tf.string if values.dtype.kind in "OSU" else values.dtype,
                name=name,
            )
            for name, values in self.inputs.items()
        }

    def traced(self, batch: int | None = None):
        """Returns the function with its signature, and an object that keeps it whole.

        Args:
            batch: As in `specs`.
        """
        whole = tf.Module()
        whole.kept = [v.value for v in self.encoder.variables]
        whole.encode = tf.function(self.call, input_signature=[self.specs(batch)])
        return whole.encode.get_concrete_function(), whole

    def features(self, inputs: dict) -> np.ndarray:
        """Returns the features of inputs, by the encoder as it is."""
        return np.asarray(self.call(as_tensors(inputs))["features"])


def graph_of(subject: Subject, lacking=frozenset(), opened=False) -> Graph:
    """Returns the function of raw examples, or of prepared ones where it must be.

    Args:
        subject: What is exported.
        lacking: Names of operations that a format lacks. Where the preparation
            holds one of them, it stays outside.
        opened: Whether raw examples may be of any size where the modality's may.
    """
    encoder = subject.task.encoder
    if lacking & _operations(subject):
        return _prepared(subject, encoder)
    graph = _raw(subject, encoder)
    if opened:
        axes = MODALITIES[subject.modality].open_axes
        wider = dataclasses.replace(graph, open_axes=axes)
        graph = wider if _fits(wider, subject) else graph
    return graph


def as_tensors(inputs: dict) -> dict:
    return {name: tf.constant(values) for name, values in inputs.items()}


def _raw(subject, encoder):
    # Examples that are no dict have no name of their own.
    name = MODALITIES[subject.modality].key or f"{subject.modality}s"
    bare = None if isinstance(subject.examples, dict) else name
    prepare = subject.task.pretext.prepare

    def call(inputs):
        return _encoded(encoder, prepare(inputs[bare] if bare else inputs))

    def taken(subject):
        return {bare: subject.examples} if bare else subject.examples

    return Graph(call, taken, taken(subject), (), True, encoder)


def _prepared(subject, encoder):
    wanted = ends(encoder)[0]
    bare = None if isinstance(wanted, dict) else wanted.name

    def call(inputs):
        return _encoded(encoder, inputs[bare] if bare else inputs)

    def taken(subject):
        return {bare: subject.prepared} if bare else _taken(wanted, subject.prepared)

    return Graph(call, taken, taken(subject), (), False, encoder)


def _encoded(encoder, prepared):
    """Returns the features of prepared inputs, as `feature_model` makes them.

    Without a model of its own, as the names of its layers could be an encoder's.
    """
    given = _taken(ends(encoder)[0], prepared)
    mask = given.get("padding_mask") if isinstance(given, dict) else None
    return {"features": tf.cast(pool(encoder(given, training=False), mask), tf.float32)}


def _taken(taken, prepared):
    """Returns of prepared inputs those that an encoder has."""
    if not isinstance(prepared, dict) or not isinstance(taken, dict):
        return prepared
    return {name: prepared[name] for name in taken}


def _operations(subject):
    """Returns the operations that prepare examples, by their names in TensorFlow."""
    examples = subject.examples
    prepare = tf.function(subject.task.pretext.prepare)
    graph = prepare.get_concrete_function(_specs(examples)).graph.as_graph_def()
    nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
    found = {node.op for node in nodes}
    kinds = {part.dtype.kind for part in tf.nest.flatten(examples)}
    return found | ({STRINGS} if kinds & set("OSU") else set())


def _specs(examples):
    return tf.nest.map_structure(
        lambda x: tf.TensorSpec(
            (None, *x.shape[1:]), tf.string if x.dtype.kind in "OSU" else x.dtype
        ),
        examples,
    )


def _fits(graph, subject):
    """Tells whether examples of any size are prepared to what an encoder takes."""
    specs = graph.specs()
    if not isinstance(subject.examples, dict):
        (specs,) = specs.values()
    prepare = tf.function(subject.task.pretext.prepare)
    try:
        traced = prepare.get_concrete_function(specs)
    except (ValueError, TypeError):  # of a layer that must know the size
        return False
    taken = ends(graph.encoder)[0]
    made = tf.nest.flatten(_taken(taken, traced.structured_outputs))
    return all(
        side is None or part.shape[i] == side
        for part, wanted in zip(made, tf.nest.flatten(taken), strict=True)
        for i, side in enumerate(wanted.shape)
    )


def _opened(shape, axes):
    sides = list(shape[1:])
    for axis in axes:
        if axis <= len(sides):
            sides[axis - 1] = None
    return sides
