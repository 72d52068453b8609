"""Watches what the features are worth while the encoder trains."""

import numpy as np

from kerassl.callbacks.every import EverySteps
from kerassl.checks import check_integer, check_number
from kerassl.errors import InvalidValue
from kerassl.metrics import nearest_neighbour_labels


class OnlineProbe(EverySteps):
    """Logs the nearest-neighbour accuracy of frozen features.

    The labels never reach the model. Use it to watch a run; a result to
    report comes from `kerassl.transfer.compare` and another test set.

    Args:
        train: (x, y): prepared encoder inputs and their labels.
        validation: (x, y) of other examples, logged as `val_probe_accuracy`,
            from 0 to 1.
        every: Steps between two measurements; None for each end of an epoch.
        k: Number of neighbours.
        temperature: Of the votes, above 0.
        log_dir: Folder for TensorBoard's event files, or None.

    Raises:
        ValueError: If x and y do not match.

    Example:
        >>> x, y = np.zeros((8, 4), "float32"), np.arange(8) % 2
        >>> OnlineProbe((x, y), (x, y), every=50).every
        50
    """

    def __init__(
        self,
        train,
        validation,
        *,
        every: int | None = None,
        k: int = 20,
        temperature: float = 0.1,
        log_dir=None,
    ):
        super().__init__(every=every, log_dir=log_dir)
        for name, pair in (("train", train), ("validation", validation)):
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise InvalidValue(
                    f"`{name}` must be a pair (x, y). Received: {type(pair).__name__}"
                )
        check_integer("k", k, least=1)
        check_number("temperature", temperature, above=0)
        self.train = train
        self.validation = validation
        self.k = k
        self.temperature = temperature

    def measure(self):
        """Returns the accuracy by name."""
        features = self.model.features(self.train[0])
        queries = self.model.features(self.validation[0])
        if not (np.isfinite(features).all() and np.isfinite(queries).all()):
            return {"val_probe_accuracy": float("nan")}
        labels = nearest_neighbour_labels(
            features, self.train[1], queries, self.k, self.temperature
        )
        accuracy = float(np.mean(labels == np.asarray(self.validation[1])))
        return {"val_probe_accuracy": accuracy}
