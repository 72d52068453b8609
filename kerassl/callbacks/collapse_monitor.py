"""Watches whether the features of an encoder collapse while it trains."""

import warnings

import numpy as np

from kerassl.callbacks.every import EverySteps
from kerassl.checks import check_number
from kerassl.metrics import alignment, effective_rank, embedding_std, uniformity


class CollapseMonitor(EverySteps):
    """Measures the spread of the features of a fixed batch, and warns.

    A falling loss does not tell learning from collapse: an encoder that maps
    everything to one point can have a perfect loss. The measures are logged as
    `embedding_std`, `effective_rank`, `uniformity` and, with `positives`,
    `alignment`. A warning is given once, when two measurements running are
    below a share of what healthy features have.

    Args:
        x: Prepared encoder inputs, an array or a dict of arrays; some hundred
            examples.
        positives: Other views of the same examples, in the same order.
        every: Steps between two measurements; None for each end of an epoch.
        min_std: Share of 1 / sqrt(dim), the `embedding_std` of features spread
            over the sphere.
        min_rank: Share of min(examples, dim), the highest `effective_rank`,
            counted from 1.
        log_dir: Folder for TensorBoard's event files, or None. Keras's
            TensorBoard callback, placed later in the list, logs the measures
            too.

    Example:
        >>> x = np.zeros((8, 4), "float32")
        >>> CollapseMonitor(x, every=100).every
        100

    References:
        Garrido et al., 2023, https://arxiv.org/abs/2210.02885
        Wang & Isola, 2020, https://arxiv.org/abs/2005.10242
    """

    def __init__(
        self,
        x,
        positives=None,
        *,
        every: int | None = None,
        min_std: float = 0.02,
        min_rank: float = 0.005,
        log_dir=None,
    ):
        super().__init__(every=every, log_dir=log_dir)
        check_number("min_std", min_std, least=0)
        check_number("min_rank", min_rank, least=0)
        self.x = x
        self.positives = positives
        self.min_std = min_std
        self.min_rank = min_rank
        self._low = 0
        self._warned = False

    def measure(self):
        """Returns the measures by name, and warns of a collapse."""
        features = np.asarray(self.model.features(self.x))
        if len(features) < 2:  # such as one long document: nothing to compare
            return {}
        if not np.isfinite(features).all():
            # Diverged, not collapsed; and no singular values can be found.
            names = ("embedding_std", "effective_rank", "uniformity")
            return dict.fromkeys(names, float("nan"))
        values = {
            "embedding_std": float(embedding_std(features)),
            "effective_rank": float(effective_rank(features)),
            "uniformity": float(uniformity(features)),
        }
        if self.positives is not None:
            partners = self.model.features(self.positives)
            values["alignment"] = float(alignment(features, partners))
        self._judge(values, features.shape)
        return values

    def _judge(self, values, shape):
        healthy_std = 1 / np.sqrt(shape[1])
        least_rank = 1 + self.min_rank * (min(shape) - 1)
        low_std = values["embedding_std"] < self.min_std * healthy_std
        low_rank = values["effective_rank"] < least_rank
        self._low = self._low + 1 if low_std or low_rank else 0
        if self._low < 2 or self._warned:
            return
        self._warned = True
        warnings.warn(
            f"The features collapse at step {self.step}: embedding std "
            f"{values['embedding_std']:.2g} (spread features have "
            f"{healthy_std:.2g}), effective rank {values['effective_rank']:.1f} "
            f"(at most {min(shape)}). The encoder gives nearly the same features "
            "for all examples. Lower the learning rate or warm it up for longer, use "
            "a larger batch or stronger augmentation, and check that the inputs "
            "differ.",
            stacklevel=2,
        )
