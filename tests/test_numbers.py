"""Every number that a class or a function takes is refused by name if it is none."""

import keras
import keras_hub
import numpy as np
import pytest
from keras import ops

from kerassl import callbacks, encoders, layers, losses, metrics, models, optimizers
from kerassl.errors import UserError
from kerassl.layers import cosine_momentum

NO_NUMBERS = [float("nan"), float("inf"), -float("inf"), 1e300, "abc", None, True, [1]]
NO_SIZES = [0, -1, 2.5, float("nan"), "abc", True, [1], 2**40]
EYE = np.eye(3, dtype="float32")


def image_encoder():
    return encoders.dense((4, 4, 1), hidden_dims=(4,))


def words():
    return encoders.word_vectors(9, dim=2)


def gan(**arguments):
    return models.GAN(
        encoders.dcgan_discriminator((8, 8, 1), (4, 8), 4),
        generator=encoders.dcgan_generator((8, 8, 1), 6, (8, 4), 4),
        **arguments,
    )


def causal_lm(**arguments):
    return models.CausalLM(keras_hub.models.GPT2Backbone(9, 1, 1, 2, 4), **arguments)


def simcse(**arguments):
    return models.SimCSE(keras_hub.models.BertBackbone(9, 1, 1, 2, 4), **arguments)


def byol(**arguments):
    return models.BYOL(image_encoder(), **{"total_steps": 3, **arguments})


def deep_cluster(**arguments):
    sizes = {"num_examples": 9, "num_clusters": 2, **arguments}
    return models.DeepCluster(image_encoder(), **sizes)


NUMBERS = {
    "SimCLR": (lambda **k: models.SimCLR(image_encoder(), **k), ["temperature"]),
    "SimCSE": (simcse, ["temperature"]),
    "MoCo": (
        lambda **k: models.MoCo(image_encoder(), queue_size=4, **k),
        ["temperature", "momentum"],
    ),
    "BYOL": (byol, ["base_tau"]),
    "SkipGram": (lambda **k: models.SkipGram(words(), **k), ["negatives"]),
    "CBOW": (lambda **k: models.CBOW(words(), **k), ["negatives"]),
    "LARS": (optimizers.LARS, ["learning_rate", "momentum", "trust_coefficient"]),
    "RowAdagrad": (optimizers.RowAdagrad, ["learning_rate", "epsilon"]),
    "NonSaturating": (losses.NonSaturating, ["penalty_weight"]),
    "Wasserstein": (losses.Wasserstein, ["penalty_weight"]),
    "nt_xent": (lambda **k: losses.nt_xent(EYE, EYE, **k), ["temperature"]),
    "in_batch": (lambda **k: losses.in_batch_info_nce(EYE, EYE, **k), ["temperature"]),
    "queue": (lambda **k: losses.queue_logits(EYE, EYE, EYE, **k), ["temperature"]),
    "uniformity": (lambda **k: metrics.uniformity(EYE, **k), ["temperature"]),
    "alignment": (lambda **k: metrics.alignment(EYE, EYE, **k), ["power"]),
    "effective_rank": (lambda **k: metrics.effective_rank(EYE, **k), ["epsilon"]),
    "neighbours": (
        lambda **k: metrics.nearest_neighbour_labels(EYE, [0, 1, 2], EYE, **k),
        ["temperature"],
    ),
    "cosine_momentum": (lambda **k: cosine_momentum(1, 9, **k), ["base"]),
    "CollapseMonitor": (
        lambda **k: callbacks.CollapseMonitor(EYE, **k),
        ["min_std", "min_rank"],
    ),
}
SIZES = {
    "SimCLR": (
        lambda **k: models.SimCLR(image_encoder(), **k),
        ["projection_dim", "hidden_dim"],
    ),
    "MoCo": (
        lambda **k: models.MoCo(image_encoder(), **{"queue_size": 4, **k}),
        ["projection_dim", "hidden_dim", "queue_size"],
    ),
    "BYOL": (byol, ["total_steps", "projection_dim", "hidden_dim"]),
    "DeepCluster": (deep_cluster, ["num_examples", "num_clusters", "pca_dim"]),
    "GAN": (gan, ["discriminator_steps"]),
    "MemoryQueue": (
        lambda **k: layers.MemoryQueue(**{"size": 2, "dim": 2, **k}),
        ["size", "dim"],
    ),
    "ProjectionHead": (layers.ProjectionHead, ["output_dim"]),
    "neighbours": (
        lambda **k: metrics.nearest_neighbour_labels(EYE, [0, 1, 2], EYE, **k),
        ["k"],
    ),
    "lean": (
        lambda **k: losses.lean_token_cross_entropy(EYE, EYE, np.arange(3), **k),
        ["chunk_size"],
    ),
    "CollapseMonitor": (lambda **k: callbacks.CollapseMonitor(EYE, **k), ["every"]),
    "Checkpoint": (lambda **k: callbacks.Checkpoint("folder", **k), ["keep"]),
}


def refused(make, argument, values):
    for value in values:
        with pytest.raises(UserError) as found:
            make(**{argument: value})
        message = str(found.value)
        assert message.startswith(f"`{argument}` must "), (value, message)
        assert "Received" in message and "\n" not in message


@pytest.mark.parametrize("make, arguments", NUMBERS.values(), ids=NUMBERS.keys())
def test_numbers(make, arguments):
    for argument in arguments:
        refused(make, argument, NO_NUMBERS)


@pytest.mark.parametrize("make, arguments", SIZES.values(), ids=SIZES.keys())
def test_sizes(make, arguments):
    for argument in arguments:
        refused(make, argument, NO_SIZES)


def test_logits_at_once():
    refused(causal_lm, "max_logits", [-1, 2.5, "abc", True, float("nan")])
    causal_lm(max_logits=0)


FED = {
    "nt_xent": lambda x: losses.nt_xent(x, EYE),
    "in_batch_info_nce": lambda x: losses.in_batch_info_nce(EYE, x),
    "queue_logits": lambda x: losses.queue_logits(EYE, EYE, x),
    "queue_info_nce": losses.queue_info_nce,
    "normalized_squared_error": lambda x: losses.normalized_squared_error(x, EYE),
    "binary_cross_entropy": lambda x: losses.binary_cross_entropy(EYE, x),
    "mean_squared_error": lambda x: losses.mean_squared_error(x, EYE),
    "token_cross_entropy": lambda x: losses.token_cross_entropy(x, np.arange(3)),
    "embedding_std": metrics.embedding_std,
    "effective_rank": metrics.effective_rank,
    "uniformity": metrics.uniformity,
    "alignment": lambda x: metrics.alignment(EYE, x),
    "frechet_distance": lambda x: metrics.frechet_distance(EYE, x),
    "nearest": lambda x: metrics.nearest_neighbour_labels(x, [0, 1, 2], EYE),
}


@pytest.mark.parametrize("function", FED.values(), ids=FED.keys())
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e300])
def test_what_is_not_finite_is_no_loss_and_no_measure(function, value):
    x = np.eye(3)
    x[1, 2] = value
    with pytest.raises(UserError, match=r"^`\w+` must be finite in float32. Received"):
        function(x)
    assert np.isfinite(np.asarray(function(EYE))).all()


def test_a_graph_is_traced_without_values():
    traced = keras.Input((3,))
    assert tuple(losses.mean_squared_error(traced, traced).shape) == (None,)
    temperature = keras.Variable(0.5)  # one that is learnt
    assert np.isfinite(float(losses.nt_xent(ops.eye(3), ops.eye(3), temperature)))
