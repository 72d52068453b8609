"""What a format is: a file of `formats/` has one."""

import abc
import importlib
from pathlib import Path
from typing import ClassVar

import numpy as np

from kerassl import distribute
from kerassl.errors import InvalidValue, MissingPackage
from kerassl.use.exporting.graph import Graph, graph_of
from kerassl.use.exporting.subject import Subject


class Format(abc.ABC):
    """Writes an encoder in one format, and reads it back without kerassl.

    Attributes:
        name: As users name it.
        output: What comes out, in words.
        packages: Modules of the extra `kerassl[export]` that it needs.
        floats_only: Why it cannot hold weights as 8-bit integers, or None.
    """

    name: str
    output: str
    packages: ClassVar[tuple[str, ...]] = ()
    floats_only: str | None = None

    def check(self, quantize) -> None:
        """Raises where the format cannot be written here, before anything is loaded.

        Args:
            quantize: "int8" or None.
        """
        if quantize and self.floats_only:
            raise InvalidValue(
                f"`quantize` must be None for the format {self.name!r}: "
                f"{self.floats_only}. Received: {quantize!r}"
            )
        for package in self.packages:
            try:
                importlib.import_module(package)
            except ImportError as error:
                raise MissingPackage(
                    f"The format {self.name!r} needs {package.partition('.')[0]}. "
                    "Install it: pip install 'kerassl[export]'"
                ) from error

    def refusal(self, subject: Subject) -> str | None:
        """Returns why an encoder has no such format, or None where it has."""
        return None

    @abc.abstractmethod
    def inputs(self, subject: Subject) -> dict[str, np.ndarray]:
        """Returns the subject's examples as the export takes them."""

    @abc.abstractmethod
    def told(self, subject: Subject, name: str) -> str:
        """Returns what the values of an input are, in words."""

    @abc.abstractmethod
    def outputs(self, subject: Subject, inputs: dict) -> np.ndarray:
        """Returns what the encoder itself gives these inputs."""

    def reference(self, subject: Subject) -> np.ndarray:
        """Returns what the encoder itself gives the subject's examples."""
        return self.outputs(subject, self.inputs(subject))

    def check_int8(self, subject: Subject) -> None:  # noqa: B027 -- most have no limit
        """Raises where nothing of an encoder can become integers."""

    @abc.abstractmethod
    def write(self, subject: Subject, folder: Path, quantize=None) -> None:
        """Writes the encoder's files into a folder.

        Args:
            subject: What is exported.
            folder: An empty folder.
            quantize: "int8" or None.
        """

    @staticmethod
    @abc.abstractmethod
    def load(folder: Path):
        """Returns the encoder of a folder, a function of named arrays.

        Its source is what users are shown, so it imports all that it needs, and
        nothing of kerassl.
        """

    def read_back(self, folder: Path):
        """Returns what an export is checked by, as `load`."""
        return self.load(folder)

    def axes(self, subject: Subject, name: str) -> list[int | None]:
        """Returns the shape of an input, None for any length."""
        return [None, *self.inputs(subject)[name].shape[1:]]


class GraphFormat(Format):
    """A format that holds the function from examples to features.

    Attributes:
        lacking: Operations that it lacks; see `graph_of`.
        opened: Whether examples may be of any size.
        batch: Examples at a time, None for any number.
    """

    output = "one vector for each example"
    lacking: ClassVar[frozenset] = frozenset()
    opened = False
    batch: int | None = None

    def refusal(self, subject):
        if distribute.BACKEND != "tensorflow":
            return (
                f"it is made of TensorFlow's graph, and Keras runs on "
                f"{distribute.BACKEND} here (KERAS_BACKEND)"
            )
        return None

    def graph(self, subject: Subject) -> Graph:
        """Returns the function that is exported."""
        if self.name not in subject.kept:
            subject.kept[self.name] = graph_of(subject, self.lacking, self.opened)
        return subject.kept[self.name]

    def inputs(self, subject):
        return self.graph(subject).taken(subject)

    def reference(self, subject):
        return subject.features

    def outputs(self, subject, inputs):
        return self.graph(subject).features(inputs)

    def axes(self, subject, name):
        return self.graph(subject).specs(self.batch)[name].shape.as_list()

    def told(self, subject, name):
        graph = self.graph(subject)
        if graph.is_raw:
            return raw_told(subject, name, graph.inputs[name])
        return prepared_told(subject, name)


# What integers of raw examples are, by their dtype.
RANGES = {"uint8": "from 0 to 255", "int16": "from -32768 to 32767"}


def raw_told(subject, name, values):
    """Returns in words what a raw input holds."""
    if values.dtype.kind in "OSU":
        return "texts in UTF-8"
    found = f"from {values.min():.6g} to {values.max():.6g} in the run's examples"
    told = RANGES.get(values.dtype.name, found)
    quantities = [f"{key} {n}" for key, n in subject.source.quantities.items()]
    return ", ".join([f"as the source gives them, {told}", *quantities])


def prepared_told(subject, name):
    """Returns in words what a prepared input holds."""
    found = subject.task.pretext.encoder_input
    if found.key not in (None, name):
        return "1 where there is a token, 0 at padding" if "mask" in name else "0"
    return found.told()
