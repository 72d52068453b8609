"""Batches in the place of those that `fit` was given, on every backend."""

import keras

from kerassl.distribute.backend import BACKEND


def batch_iterator(model, dataset):
    """Returns an iterator of batches, shared out to devices as `fit` does it.

    It is what a train function reads.

    Args:
        model: A `keras.Model`.
        dataset: A `tf.data.Dataset` of batches.
    """
    if BACKEND == "jax":
        return _on_devices(dataset)
    return iter(model.distribute_strategy.experimental_distribute_dataset(dataset))


class ReplacedBatches:
    """A train function that may be told to read other batches than it is given.

    Args:
        function: What Keras's `make_train_function` made.

    Attributes:
        batches: A `batch_iterator` to read, or None for what is given.
    """

    def __init__(self, function):
        self.function = function
        self.batches = None

    def __call__(self, *given):
        # JAX gives the state of the model before them.
        *state, batches = given
        replaced = batches if self.batches is None else self.batches
        return self.function(*state, replaced)


def _on_devices(dataset):
    distribution = keras.distribution.distribution()
    for batch in dataset.as_numpy_iterator():
        if distribution is not None:
            batch = keras.tree.map_structure(
                lambda part: keras.distribution.distribute_tensor(
                    part, distribution.get_data_layout(part.shape)
                ),
                batch,
            )
        yield batch
