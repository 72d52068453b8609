"""The image sets of `keras.datasets` as sources."""

import os
import pathlib

import numpy as np

from kerassl.allowed import part
from kerassl.data.arrays import ArraySource
from kerassl.errors import InvalidValue

_DIGITS = tuple("0123456789")
_CLOTHES = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
_OBJECTS = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
# Name: (class names, what its cache below ~/.keras/datasets is called).
DATASETS = {
    "mnist": (_DIGITS, "mnist.npz"),
    "fashion_mnist": (_CLOTHES, "fashion-mnist"),
    "cifar10": (_OBJECTS, "cifar-10-batches-py.tar.gz"),
    "cifar100": (None, "cifar-100-python.tar.gz"),
}
SPLITS = ("train", "test")


@part("source")
def keras_dataset(name, split="train"):
    """Returns an image set of `keras.datasets` with its labels.

    Keras downloads a set once and keeps it below `~/.keras/datasets`.

    Args:
        name: `"mnist"`, `"fashion_mnist"`, `"cifar10"` or `"cifar100"`.
        split: `"train"` or `"test"`.

    Returns:
        An `ArraySource` of uint8 images (height, width, channels).

    Raises:
        ValueError: If the name or the split is unknown.
        ConnectionError: If the set is not on this machine and cannot be
            downloaded.

    Example:
        >>> keras_dataset("cifar10").fetch([0]).shape  # doctest: +SKIP
        TensorShape([1, 32, 32, 3])
    """
    import keras

    if not isinstance(name, str) or name not in DATASETS:
        raise InvalidValue(
            f"`name` must be one of {tuple(DATASETS)}. Received: {name!r}"
        )
    if split not in SPLITS:
        raise InvalidValue(f"`split` must be one of {SPLITS}. Received: {split!r}")
    class_names, cached = DATASETS[name]
    try:
        data = getattr(keras.datasets, name).load_data()
    except Exception as error:  # Keras raises a bare Exception without a network
        home = os.environ.get("KERAS_HOME", os.path.join("~", ".keras"))
        folder = pathlib.Path(home, "datasets").expanduser()
        raise ConnectionError(
            f"keras.datasets.{name} is not on this machine and could not be "
            f"downloaded. Without a network, put {cached!r} into {folder}, or use "
            f"a set that needs no download, such as 'digits'. Cause: {error}"
        ) from error
    images, labels = data[SPLITS.index(split)]
    if images.ndim == 3:
        images = images[..., np.newaxis]
    return ArraySource(
        images, labels, class_names, details={"set": f"keras:{name}", "split": split}
    )
