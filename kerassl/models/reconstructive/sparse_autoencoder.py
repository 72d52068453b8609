"""The sparse autoencoder: few features are active for each example."""

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_number
from kerassl.errors import InvalidValue
from kerassl.losses.sparsity import sparsity_divergence
from kerassl.models.reconstructive.restoring import Restoring


@keras.saving.register_keras_serializable(package="kerassl")
class SparseAutoencoder(Restoring):
    """Trains an autoencoder whose features are seldom active.

    Each feature's mean over the batch of all replicas is drawn to `target_activity`.
    So there may be as many features as the example has numbers, or more: what keeps
    the task from copying is that only few are active at a time.

    (The other penalty of the literature, the sum of the features' absolute values,
    needs no class: give the encoder's last layer `activity_regularizer="l1"` and take
    `Autoencoder`.)

    Args:
        encoder: A `keras.Model` from examples to a vector of features that ends in a
            sigmoid, such as `kerassl.encoders.dense(..., activation="sigmoid")`.
        pretext: A pretext layer that gives `(x, target)`, such as
            `kerassl.pretext.Reconstruct`.
        decoder: As in `Autoencoder`.
        criterion: As in `Autoencoder`.
        target_activity: The mean that is wanted of each feature, in (0, 1).
        sparsity_weight: Weight of the divergence, 0 or more. The lecture notes weigh
            it by 3 beside half the squared error summed over an example's numbers; here
            the criterion is the mean over them, so that much less is needed.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Input:
        As in `Autoencoder`.

    Output:
        Dict of `"restored"`, as what `Autoencoder` gives, and `"features"`, float
        tensor (batch, dim).

    Logs:
        loss: The criterion plus `sparsity_weight` times the divergence.
        squared_error: Mean squared error of the reconstruction.
        activity: Mean of all features. One half where nothing is learnt.
        divergence: `kerassl.losses.sparsity_divergence`, in nats, a feature.

    Raises:
        ValueError: If a number is out of its range, or the encoder does not end in a
            sigmoid, and as `Autoencoder`.

    Example:
        >>> from kerassl.data import digits
        >>> from kerassl.encoders import dense
        >>> from kerassl.pretext import Reconstruct
        >>> encoder = dense((8, 8, 1), (100,), activation="sigmoid")
        >>> task = SparseAutoencoder(encoder, Reconstruct())
        >>> task.compile("adam")
        >>> history = task.fit(task.dataset(digits(), batch_size=64), verbose=0)

    Reference:
        Ng, 2011, CS294A lecture notes, Sparse autoencoder
    """

    tracked = ("squared_error", "activity", "divergence")
    compares_examples = True

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        decoder=None,
        criterion: str = "binary_crossentropy",
        target_activity: float = 0.05,
        sparsity_weight: float = 0.01,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(
            encoder, pretext, decoder=decoder, criterion=criterion, name=name, **kwargs
        )
        check_number("target_activity", target_activity, above=0, below=1)
        check_number("sparsity_weight", sparsity_weight, least=0)
        last = getattr(encoder.layers[-1], "activation", None)
        if last is not keras.activations.sigmoid or len(encoder.output_shape) != 2:
            raise InvalidValue(
                "`encoder` must give a vector and end in a sigmoid, so that its "
                "features are in [0, 1], as encoders.dense(..., activation='sigmoid') "
                f"does. Received: {encoder.name!r} with an output of shape "
                f"{encoder.output_shape} and the last activation "
                f"{getattr(last, '__name__', None)}"
            )
        self.target_activity = target_activity
        self.sparsity_weight = sparsity_weight

    def propagate(self, x, training):
        features = self.encoder(x, training=training)
        restored = self.decoder(features, training=training)
        return {"restored": restored, "features": features}

    def restored(self, outputs):
        return outputs["restored"]

    def objective(self, x, y, outputs, training):
        return {
            "reconstruction": self.criterion_of(y, outputs),
            "sparsity": self.sparsity_weight * self._divergence(outputs),
        }

    def measures(self, x, y, outputs):
        return {
            **super().measures(x, y, outputs),
            "activity": ops.mean(outputs["features"], axis=-1),
            "divergence": self._divergence(outputs) / outputs["features"].shape[-1],
        }

    def get_config(self):
        return {
            **super().get_config(),
            "target_activity": self.target_activity,
            "sparsity_weight": self.sparsity_weight,
        }

    def _divergence(self, outputs):
        activity = ops.mean(distribute.all_gather(outputs["features"]), axis=0)
        return sparsity_divergence(activity, self.target_activity)
