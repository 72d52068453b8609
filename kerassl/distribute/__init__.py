"""Replicas, devices and backends: the only package that knows about them.

Everything above it writes `keras.ops` and the five functions `all_gather`,
`gather_keys`, `all_sum`, `replica_id` and `num_replicas`. With TensorFlow a
model runs once per replica on its part of the batch; with JAX it runs once on
the global batch, so the five are trivial there. The parts need not be of one
size.
"""

from kerassl.distribute.backend import BACKEND, SUPPORTED_BACKENDS
from kerassl.distribute.batches import (
    can_share,
    check_batch_size,
    check_shares,
    num_shares,
)
from kerassl.distribute.gradients import input_gradient
from kerassl.distribute.graphs import letting_graphs_go
from kerassl.distribute.hardware import devices_told
from kerassl.distribute.iterators import ReplacedBatches, batch_iterator
from kerassl.distribute.players import PlayerOptimizers, prepare_optimizer
from kerassl.distribute.progress import check_learning_rates, read_state, steps_done
from kerassl.distribute.replicas import (
    all_gather,
    all_sum,
    gather_keys,
    num_replicas,
    replica_id,
)
from kerassl.distribute.rows import as_rows, lookup, rows_of
from kerassl.distribute.scopes import check_scope, has_strategy, is_chief, scope_of
from kerassl.distribute.strategies import strategy
from kerassl.distribute.values import check_finite, known_values
from kerassl.distribute.xla import use_xla

if BACKEND == "tensorflow":
    from kerassl.distribute.tensorflow_trainer import TensorFlowTrainer as Trainer
else:
    from kerassl.distribute.jax_trainer import JaxTrainer as Trainer

__all__ = [
    "BACKEND",
    "SUPPORTED_BACKENDS",
    "PlayerOptimizers",
    "ReplacedBatches",
    "Trainer",
    "all_gather",
    "all_sum",
    "as_rows",
    "batch_iterator",
    "can_share",
    "check_batch_size",
    "check_finite",
    "check_learning_rates",
    "check_scope",
    "check_shares",
    "devices_told",
    "gather_keys",
    "has_strategy",
    "input_gradient",
    "is_chief",
    "known_values",
    "letting_graphs_go",
    "lookup",
    "num_replicas",
    "num_shares",
    "prepare_optimizer",
    "read_state",
    "replica_id",
    "rows_of",
    "scope_of",
    "steps_done",
    "strategy",
    "use_xla",
]
