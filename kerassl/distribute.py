"""Replicas, devices and backends: the only file that knows about them.

Everything above this file writes `keras.ops` and the five functions
`all_gather`, `gather_keys`, `all_sum`, `replica_id` and `num_replicas`. With
TensorFlow a model runs once per replica on its part of the batch; with JAX it
runs once on the global batch, so the five are trivial there. The parts need not
be of one size.
"""

import contextlib
import functools
import json
import math
import os
import types

import keras
import numpy as np
from keras import ops

from kerassl.checks import MOST_FLOAT
from kerassl.errors import InvalidType, InvalidValue, MissingPackage

BACKEND = keras.backend.backend()
SUPPORTED_BACKENDS = ("tensorflow", "jax")
# Logical devices of one processor: enough to try any number of replicas that a
# machine of accelerators has.
MOST_CPU_DEVICES = 256

# A learning rate of 0 that stays so for 2 ** 23 steps is taken for the end.
AHEAD = 24

if BACKEND not in SUPPORTED_BACKENDS:
    raise MissingPackage(
        f"kerassl runs on the Keras backends {SUPPORTED_BACKENDS}. Received "
        f"KERAS_BACKEND={BACKEND!r}"
    )

if BACKEND == "tensorflow":
    import tensorflow as tf
else:
    import jax


def _replica_context():
    """Returns TensorFlow's replica context when there are several replicas."""
    # None while Keras builds a model symbolically, outside any replica.
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return None
    return context


def num_replicas():
    """Returns how many replicas run this code in parallel.

    Always 1 on JAX, where the code sees the global batch however many
    devices share it.
    """
    if BACKEND == "jax":
        return 1
    return tf.distribute.get_strategy().num_replicas_in_sync


def replica_id():
    """Returns this replica's number, an int or an integer scalar tensor."""
    if BACKEND == "jax":
        return 0
    context = _replica_context()
    return 0 if context is None else context.replica_id_in_sync_group


def all_gather(x):
    """Returns the rows of every replica's `x`, in the order of the replicas.

    The gradient is that of one large batch: what every replica computed from
    a row flows back to the replica that owns it.

    Args:
        x: Tensor of shape (local_batch, ...). The replicas' batches may be of
            different sizes.

    Returns:
        Tensor of shape (global_batch, ...); `gather_keys` tells where a
        replica's rows start. `x` itself where there is one replica.

    Example:
        >>> tuple(all_gather(ops.ones((2, 3))).shape)
        (2, 3)
    """
    context = None if BACKEND == "jax" else _replica_context()
    if context is None:
        return x
    x = ops.convert_to_tensor(x)
    gathered = context.all_gather(x, axis=0)
    # all_gather drops static shapes. How many rows the others have is not known
    # here: of a batch of 7 one of two replicas has 4 and the other 3.
    gathered.set_shape([None, *x.shape[1:]])
    return gathered


def gather_keys(keys):
    """Returns the keys of all replicas, and where this replica's keys begin.

    For tasks that compare each row of a replica with all rows of the batch: the
    own key of local row i is row `offset` + i of the gathered keys.

    Args:
        keys: Tensor (local_batch, ...), or a structure of such tensors with
            equally many rows.

    Returns:
        keys: The same structure, of tensors (global_batch, ...), as
            `all_gather` gives them.
        offset: Integer, or integer scalar tensor.

    Example:
        >>> keys, offset = gather_keys(ops.ones((2, 3)))
        >>> tuple(keys.shape), offset
        ((2, 3), 0)
    """
    context = None if BACKEND == "jax" else _replica_context()
    if context is None:
        return keys, 0
    rows = ops.shape(keras.tree.flatten(keys)[0])[0]
    sizes = context.all_gather(tf.reshape(rows, (1,)), axis=0)
    offset = tf.reduce_sum(sizes[: context.replica_id_in_sync_group])
    return keras.tree.map_structure(all_gather, keys), offset


def all_sum(x):
    """Returns the sum of `x` over the replicas.

    Args:
        x: Tensor, or structure of tensors, of one shape on every replica.

    Returns:
        The same structure, equal on every replica. `x` itself where there is
        one replica.

    Example:
        >>> float(all_sum(ops.ones(())))
        1.0
    """
    context = None if BACKEND == "jax" else _replica_context()
    if context is None:
        return x
    return context.all_reduce(tf.distribute.ReduceOp.SUM, x)


def known_values(tensor):
    """Returns the values of a tensor, or None while a graph is being traced.

    Args:
        tensor: A tensor, a `keras.Variable` or what NumPy makes an array of.

    Returns:
        NumPy array, or None.

    Example:
        >>> known_values(ops.ones((2,))).tolist()
        [1.0, 1.0]
    """
    try:
        return ops.convert_to_numpy(tensor)
    except (TypeError, ValueError, NotImplementedError, AttributeError):
        return None  # what each backend raises of a symbol


def check_finite(**tensors):
    """Raises ValueError if a tensor with known values holds NaN or infinity.

    Args:
        **tensors: What to check, under the names of the user's arguments.

    Example:
        >>> check_finite(z1=float("inf"))
        Traceback (most recent call last):
        ...
        kerassl.errors.InvalidValue: `z1` must be finite in float32. Received: inf
    """
    for name, tensor in tensors.items():
        values = known_values(tensor)
        if values is None:
            continue
        # A comparison is False for NaN too.
        fits = np.abs(values) <= np.asarray(MOST_FLOAT, "float64")
        if not np.all(fits):
            raise InvalidValue(
                f"`{name}` must be finite in float32. Received: {values[~fits][0]}"
            )


def lookup(table, indices):
    """Returns rows of a variable, reading no others.

    `ops.take` reads the whole variable, which TensorFlow copies where rows of
    it are updated one by one: a cost that grows with the table.

    Args:
        table: A `keras.Variable` (rows, ...).
        indices: Integer tensor of any shape, each in [0, rows).

    Returns:
        Tensor of the shape of `indices` and that of a row.

    Example:
        >>> lookup(keras.Variable([[1.0], [2.0]]), ops.array([1, 0, 1])).shape[0]
        3
    """
    if BACKEND == "jax":
        return ops.take(table, indices, axis=0)
    return tf.gather(getattr(table, "value", table), indices)


def rows_of(gradient):
    """Returns (rows, values) of a gradient by a table, rows named once.

    Args:
        gradient: A dense tensor, or with TensorFlow the `tf.IndexedSlices`
            of rows that a lookup gives.

    Returns:
        rows: Integer tensor (n,) of different row numbers, or None where the
            values are of all rows in order.
        values: Tensor (n, ...), each row's gradient.

    Example:
        >>> rows, values = rows_of(ops.ones((3, 2)))
        >>> rows is None, tuple(values.shape)
        (True, (3, 2))
    """
    if BACKEND == "jax" or not isinstance(gradient, tf.IndexedSlices):
        return None, gradient
    rows, place = tf.unique(gradient.indices)
    return rows, tf.math.unsorted_segment_sum(gradient.values, place, tf.size(rows))


def as_rows(values, rows, variable):
    """Returns what an optimizer's `assign_add` adds to some rows of a variable.

    Args:
        values: Tensor (n, ...).
        rows: As `rows_of` gives.
        variable: The variable whose rows they are.
    """
    return values if rows is None else tf.IndexedSlices(values, rows, variable.shape)


def input_gradient(function, x):
    """Returns the gradient of a function of each example by its input.

    The result can be differentiated again, by `x` and by the weights that
    `function` reads, as a gradient penalty asks for.

    Args:
        function: From a tensor (batch, ...) to one value per example, (batch,)
            or (batch, 1). The value of an example must depend on that example
            alone and `function` must assign no variable, which rules out batch
            normalisation in training.
        x: Float tensor (batch, ...).

    Returns:
        Tensor of the shape of `x`.

    Example:
        >>> x = ops.array([[1.0, 2.0]])
        >>> ops.convert_to_numpy(
        ...     input_gradient(lambda x: ops.sum(x**2, axis=-1), x)
        ... ).tolist()
        [[2.0, 4.0]]
    """
    if BACKEND == "jax":
        return jax.grad(lambda x: ops.sum(function(x)))(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        values = function(x)
    return tape.gradient(values, x)


def strategy(name="auto"):
    """Returns a distribution strategy, to build and compile a task in.

    Args:
        name: One of
            - `"auto"`: a TPU if there is one, else all GPUs if there are
              several, else the one device there is.
            - `"one"`: the default device.
            - `"mirrored"`: all local GPUs, a copy of the model on each.
            - `"multi_worker"`: every process that the environment variable
              `TF_CONFIG` lists (TensorFlow only).
            - `"tpu"`: the local TPU (TensorFlow), or all TPU cores (JAX).
            - `"cpu:N"` or `"gpu:N"`: the first N such devices. For `"cpu:N"`
              with TensorFlow the processor is split into N logical devices,
              which must happen before TensorFlow is first used.

    Returns:
        An object with a `scope()` context manager: a `tf.distribute.Strategy`
        with TensorFlow, a `keras.distribution.DataParallel` with JAX.

    Raises:
        ValueError: If `name` is unknown, there are too few such devices, or
            `TF_CONFIG` lists no processes.

    Example:
        >>> with strategy("one").scope():
        ...     layer = keras.layers.Dense(2)
    """
    kind, _, count = str(name).partition(":")
    if count and (kind not in ("cpu", "gpu") or not count.isdigit() or count == "0"):
        raise InvalidValue(_unknown_strategy(name))
    known = ("auto", "one", "mirrored", "multi_worker", "tpu", "cpu", "gpu")
    if kind not in known or (kind in ("cpu", "gpu") and not count):
        raise InvalidValue(_unknown_strategy(name))
    if BACKEND == "jax":
        return _jax_strategy(kind, int(count or 0))
    return _tensorflow_strategy(kind, int(count or 0))


def _unknown_strategy(name):
    return (
        "`strategy` must be 'auto', 'one', 'mirrored', 'multi_worker', 'tpu', "
        f"'cpu:N' or 'gpu:N' with N >= 1. Received: {name!r}"
    )


def _too_few(kind, wanted, found):
    return InvalidValue(
        f"`strategy` asks for {wanted} {kind} device(s), but {found} were found."
    )


def _tensorflow_strategy(kind, count):
    if kind == "cpu":
        return _mirrored("CPU", _split_cpu(count))
    if kind == "multi_worker":  # must come before the devices are looked at
        _check_cluster(os.environ.get("TF_CONFIG", ""))
        return tf.distribute.MultiWorkerMirroredStrategy()
    gpus = tf.config.list_logical_devices("GPU")
    if kind == "auto":
        if os.environ.get("TPU_NAME") or tf.config.list_physical_devices("TPU"):
            kind = "tpu"
        else:
            kind = "mirrored" if len(gpus) > 1 else "one"
    if kind == "one":
        return tf.distribute.get_strategy()
    if kind == "tpu":
        try:
            resolver = tf.distribute.cluster_resolver.TPUClusterResolver(
                os.environ.get("TPU_NAME", "local")
            )
            tf.tpu.experimental.initialize_tpu_system(resolver)
        except (tf.errors.OpError, ValueError, RuntimeError) as error:
            cause = str(getattr(error, "message", error)).partition(". ")[0]
            raise InvalidValue(
                f"`strategy='tpu'` found no TPU: {cause}. One that is not local is "
                "named by the environment variable TPU_NAME."
            ) from error
        return tf.distribute.TPUStrategy(resolver)
    count = count or len(gpus)
    if not gpus or len(gpus) < count:
        raise _too_few("GPU", count or "at least one", len(gpus))
    return _mirrored("GPU", count)


def _check_cluster(text):
    """Raises unless TF_CONFIG's text lists processes and says which this is."""
    try:
        config = json.loads(text)
        listed = bool(config["cluster"]) and "index" in config["task"]
    except (ValueError, KeyError, TypeError):
        listed = False
    if not listed:
        raise InvalidValue(
            "`strategy='multi_worker'` needs the environment variable TF_CONFIG in "
            "every process, such as "
            '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
            '"task": {"type": "worker", "index": 0}}. '
            f"Received: {text!r}"
        )


@functools.cache
def _mirrored(kind, count):
    # One for the same devices: the collectives of two would share their numbers,
    # and a process that trains with both ends where their shapes differ.
    return tf.distribute.MirroredStrategy([f"{kind}:{i}" for i in range(count)])


def _split_cpu(count):
    """Splits the processor into `count` logical devices if it is not yet."""
    if count > MOST_CPU_DEVICES:
        raise InvalidValue(
            f"`strategy` splits the processor into {MOST_CPU_DEVICES} devices at most. "
            f"Received: 'cpu:{count}'"
        )
    cpu = tf.config.list_physical_devices("CPU")[0]
    # Once TensorFlow has started, the configuration can no longer change.
    with contextlib.suppress(RuntimeError):
        if not tf.config.get_logical_device_configuration(cpu):
            tf.config.set_logical_device_configuration(
                cpu, [tf.config.LogicalDeviceConfiguration()] * count
            )
    found = len(tf.config.list_logical_devices("CPU"))
    if found < count:
        raise InvalidValue(
            f"`strategy` asks for {count} CPU devices, but TensorFlow has already "
            f"started with {found}. Call `kerassl.distribute.strategy('cpu:{count}')` "
            "before anything else uses TensorFlow."
        )
    return count


def _jax_strategy(kind, count):
    if kind == "multi_worker":
        raise InvalidValue(
            "`strategy='multi_worker'` needs the TensorFlow backend. With JAX, call "
            "`keras.distribution.initialize()` in every process and use 'auto'."
        )
    platform = {"mirrored": "gpu"}.get(kind, kind)
    if kind in ("auto", "one"):
        devices = jax.devices()
        count = 1 if kind == "one" else len(devices)
    else:
        devices = [d for d in jax.devices() if d.platform == platform]
        count = count or len(devices)
    if not devices or len(devices) < count:
        hint = ""
        if platform == "cpu":
            hint = f" Set XLA_FLAGS=--xla_force_host_platform_device_count={count}."
        raise InvalidValue(f"{_too_few(platform, count or 'one', len(devices))}{hint}")
    names = [f"{d.platform}:{d.id}" for d in devices[:count]]
    return keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)


def use_xla(model):
    """Returns whether the train step of `model` should be compiled by XLA.

    Measured on CPU: a transformer's step is 5 to 20 % faster under XLA, a
    convolutional network's 20 to 30 % slower. TensorFlow refuses XLA under a
    strategy on CPU devices, and Keras switches it off under any strategy.

    Args:
        model: A `keras.Model`; its class attribute `xla_on_cpu` says whether
            XLA pays on a CPU.
    """
    if BACKEND == "jax":
        return True
    if _has_strategy(model):
        return False
    if tf.config.list_physical_devices("GPU"):
        return True
    return bool(getattr(model, "xla_on_cpu", False))


def _has_strategy(model):
    """Returns whether the variables of `model` are in a strategy's hands.

    That is also so where it has a single device: its replica is left and entered
    as one of many is.
    """
    with model.distribute_strategy.scope():
        return tf.distribute.has_strategy()


def can_share(model, batch_size):
    """Returns whether every device gets an example of a batch.

    A replica without one would compute means of nothing. With JAX all devices
    hold equally many examples.

    Args:
        model: A `keras.Model`.
        batch_size: Examples in a batch, over all replicas.
    """
    if BACKEND == "jax":
        return batch_size % _jax_batch_devices() == 0
    return batch_size >= model.distribute_strategy.num_replicas_in_sync


def check_scope(task):
    """Raises where a task was not made in the scope of the strategy at work.

    Args:
        task: A `keras.Model`.

    Raises:
        ValueError: If its weights lie elsewhere, where replicas cannot share them.
    """
    if BACKEND != "tensorflow" or not tf.distribute.has_strategy():
        return
    is_within = tf.distribute.get_strategy().extended.variable_created_in_scope
    if not all(is_within(weight.value) for weight in task.weights):
        raise InvalidValue(
            "`strategy` must be the object in whose `scope()` your task was made and "
            "compiled, as kerassl.distribute.strategy(name) gives it. Received a task "
            "made outside of it."
        )


def check_batch_size(model, batch_size):
    """Raises ValueError unless every device gets an example of a batch.

    Args:
        model: A `keras.Model`.
        batch_size: Examples in a batch, over all replicas.
    """
    if can_share(model, batch_size):
        return
    if BACKEND == "jax":
        wanted = f"a multiple of {_jax_batch_devices()}, the devices that share it"
    else:
        replicas = model.distribute_strategy.num_replicas_in_sync
        wanted = f"at least {replicas}, an example for each replica of the strategy"
    raise InvalidValue(f"`batch_size` must be {wanted}. Received: {batch_size}")


def check_shares(model, data, batch_size):
    """Raises ValueError where the last batch may leave a replica without an example.

    TensorFlow cuts the last batch at the rows where it cuts the whole ones.

    Args:
        model: A `keras.Model`.
        data: What `fit` trains on.
        batch_size: Examples in a batch of arrays, None for Keras's 32.
    """
    if BACKEND == "jax" or model.distribute_strategy.num_replicas_in_sync == 1:
        return
    replicas = model.distribute_strategy.num_replicas_in_sync
    leaf = keras.tree.flatten(getattr(data, "element_spec", data))[0]
    shape = getattr(leaf, "shape", ())
    if hasattr(data, "element_spec"):
        left = "unknown" if shape and shape[0] is None else 0
    else:
        batch_size = batch_size or 32
        left = shape[0] % batch_size if shape else 0
        if left > -(-batch_size // replicas) * (replicas - 1):
            left = 0
    if left:
        raise InvalidValue(
            f"`x` must give each of {replicas} replicas an example of every batch: "
            "make whole batches, such as by `batch(..., drop_remainder=True)`. "
            f"Received a last batch whose size is {left}"
        )


def _jax_batch_devices():
    """Returns over how many devices Keras's distribution shares a batch."""
    distribution = keras.distribution.distribution()
    if distribution is None:
        return 1
    mesh = distribution.device_mesh
    return mesh.shape[mesh.axis_names.index(distribution.batch_dim_name)]


def read_state(model):
    """Makes the variables of `model` hold what training has reached.

    With JAX, `fit` keeps the state outside the variables until it ends; call
    this before reading them in a callback.
    """
    if BACKEND == "jax":
        model.jax_state_sync()


def steps_done(model):
    """Returns how many steps the optimizer of `model` has counted, an int."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    count = optimizer.iterations
    if optimizer.gradient_accumulation_steps:
        # Its `iterations` are the updates, of which there are fewer.
        count = optimizer._iterations
    return _integer(count)


def _integer(variable):
    # A variable with a copy on each replica is not one that int() takes.
    return int(variable.numpy() if hasattr(variable, "numpy") else variable)


def check_learning_rates(optimizer):
    """Raises ValueError where a schedule has ended at 0 and nothing would move.

    A warm-up begins at 0 too, but rises. A rate of 0 that is a plain number was
    asked for.

    Args:
        optimizer: A built optimizer, or `PlayerOptimizers`.
    """
    optimizers = getattr(optimizer, "optimizers", {"": optimizer})
    for player, optimizer in optimizers.items():
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        schedule = optimizer._learning_rate
        if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
            continue
        step = _integer(optimizer._iterations)
        # Now, at the next steps, and ever further away.
        ahead = (step, *(step + 2**power for power in range(AHEAD)))
        if any(float(schedule(later)) > 0 for later in ahead):
            continue
        whose = f" of {player!r}" if player else ""
        raise InvalidValue(
            f"The learning rate{whose} is {float(schedule(step)):g} at step {step} and "
            "does not rise any more: its schedule has ended, and nothing would be "
            "learnt. To go on training, compile anew with `task.compile(...)`."
        )


def scope_of(model):
    """Returns the scope in which the variables of `model` were made."""
    if BACKEND == "jax":
        return contextlib.nullcontext()
    return model.distribute_strategy.scope()


def is_chief(model):
    """Returns whether this process is the one that writes files.

    Args:
        model: A `keras.Model`, or a strategy as `strategy` returns it.
    """
    if BACKEND == "jax":
        return jax.process_index() == 0
    resolver = getattr(model, "distribute_strategy", model).cluster_resolver
    if resolver is None or resolver.task_type is None:
        return True
    first = "chief" if "chief" in resolver.cluster_spec().jobs else "worker"
    return resolver.task_type == first and resolver.task_id == 0


@keras.saving.register_keras_serializable(package="kerassl")
class PlayerOptimizers(keras.optimizers.Optimizer):
    """Holds one optimizer for each player of a model.

    A player is a named group of variables with a loss of its own, such as the
    generator and the discriminator of a GAN. `compile` makes this object from
    a dict of optimizers. It counts the steps itself, since a player may be
    updated in some of them only.

    Args:
        optimizers: Dict from the player's name to its optimizer.
        name: Name of the optimizer.
        **kwargs: Ignored arguments of `keras.optimizers.Optimizer`'s config.
    """

    def __init__(self, optimizers, name="player_optimizers", **kwargs):
        super().__init__(learning_rate=0.0, name=name)
        self.optimizers = {
            player: keras.optimizers.get(optimizer)
            for player, optimizer in optimizers.items()
        }

    def build_players(self, players):
        """Builds each player's optimizer on its own variables."""
        for player, variables in players.items():
            if not self.optimizers[player].built:
                self.optimizers[player].build(variables)
        self.built = True

    @property
    def variables(self):
        """The count of steps, then the variables of all players' optimizers."""
        own = [v for o in self.optimizers.values() for v in o.variables]
        return [self.iterations, *own]

    @property
    def learning_rate(self):
        """The first player's learning rate."""
        return next(iter(self.optimizers.values())).learning_rate

    def apply(self, grads, trainable_variables=None):
        """Raises: a player's gradients go to its own optimizer."""
        raise InvalidType("Call `optimizers[player].apply` on PlayerOptimizers.")

    def finalize_variable_values(self, var_list):
        """Lets each optimizer that averages weights put in the average."""
        for optimizer in self.optimizers.values():
            inner = getattr(optimizer, "inner_optimizer", optimizer)
            inner.finalize_variable_values(inner._trainable_variables)

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "optimizers": {p: serialize(o) for p, o in self.optimizers.items()},
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        optimizers = {
            player: keras.saving.deserialize_keras_object(o)
            for player, o in config.pop("optimizers").items()
        }
        return cls(optimizers, **config)


def prepare_optimizer(model, optimizer, scale_loss):
    """Returns `optimizer` ready for `model`: in its strategy, scaled for fp16.

    Args:
        model: The model that is being compiled.
        optimizer: A name, config, optimizer, or a dict of these by player.
        scale_loss: Whether some layer computes in float16 and so needs its
            loss scaled.
    """
    if isinstance(optimizer, dict) and "class_name" not in optimizer:
        return PlayerOptimizers(
            {p: prepare_optimizer(model, o, scale_loss) for p, o in optimizer.items()}
        )
    optimizer = keras.optimizers.get(optimizer)
    if isinstance(optimizer, PlayerOptimizers):
        return optimizer
    if BACKEND == "tensorflow" and not optimizer.built:
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        if inner._distribution_strategy is not model.distribute_strategy:
            # Its variables must live where the model's do, wherever the
            # optimizer was made.
            optimizer = optimizer.__class__.from_config(optimizer.get_config())
    is_scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    if scale_loss and not is_scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


class _TensorFlowTrainer(keras.Model):
    """The train step for tf.distribute that Keras lacks.

    Gradients are summed over the replicas first; only then are they clipped,
    accumulated, checked for overflow and applied, by each replica to its own
    copy of the variables. All replicas hold the same gradients, so all copies
    stay the same.
    """

    _moving: tuple[str, ...] = ()

    def compile(self, optimizer="rmsprop", **kwargs):
        super().compile(optimizer=optimizer, **kwargs)
        if self.steps_per_execution == 1:
            return
        place = None
        if _has_strategy(self):
            place = "under a distribution strategy"
        elif max([1, *self.steps_per_update().values()]) > 1:
            place = "where a player is not updated in every step"
        if place:
            raise InvalidValue(
                f"`steps_per_execution` must be 1 {place} (TensorFlow cannot run "
                f"several steps at once there). Received: {self.steps_per_execution}"
            )

    def build_optimizer(self):
        """Creates the optimizer's variables, before the first trace."""
        _build_optimizer(self)
        if _has_strategy(self):
            for player in self.players():
                _let_each_replica_update_its_copy(_optimizer_of(self, player))

    def make_train_function(self, force=False):
        if self.train_function is not None and not force:
            return
        functions = {}
        # Which players move is decided outside the graph: replicas cannot talk
        # to each other inside a condition.
        for step in range(math.lcm(*self.steps_per_update().values())):
            players = self._players_of(step)
            if players not in functions:
                super().make_train_function(force=True)
                functions[players] = self.train_function
        self.train_function = _summing_in_order(self._choosing(functions))

    def _players_of(self, step):
        """Returns the players that are updated in a step, counted from 0."""
        every = self.steps_per_update()
        return tuple(p for p in self.players() if (step + 1) % every.get(p, 1) == 0)

    def _choosing(self, functions):
        if len(functions) == 1:
            return next(iter(functions.values()))

        def run(iterator):
            # `train_step` reads it while it is traced.
            self._moving = self._players_of(steps_done(self))
            return functions[self._moving](iterator)

        return run

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        players = self.players()
        total, measured, waiting = 0.0, None, []
        with self._own_dropout_per_replica():
            for player in self._moving or players:
                optimizer = _optimizer_of(self, player)
                with tf.GradientTape() as tape:
                    y_pred = self(x, training=True, player=player)
                    loss = self.loss_of(player, x, y, y_pred, sample_weight)
                    scaled_loss = optimizer.scale_loss(loss)
                gradients = tape.gradient(scaled_loss, players[player])
                waiting.append((optimizer, gradients, players[player]))
                if not self.simultaneous:
                    _apply(*waiting.pop())
                total += loss
                measured = y_pred if measured is None else measured
        for update in waiting:
            _apply(*update)
        if isinstance(self.optimizer, PlayerOptimizers):
            self.optimizer.iterations.assign_add(1)
        self._track_loss(total, x)
        logs = self.compute_metrics(x, y, measured, sample_weight=sample_weight)
        return self._readable(logs)

    def test_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(
            x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False
        )
        self._track_loss(loss, x)
        logs = self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)
        return self._readable(logs)

    def _track_loss(self, loss, x):
        # A replica's loss is its share of the global one.
        self._loss_tracker.update_state(
            all_sum(loss), sample_weight=ops.shape(keras.tree.flatten(x)[0])[0]
        )

    @contextlib.contextmanager
    def _own_dropout_per_replica(self):
        """Gives each replica other random numbers while a step is traced.

        Keras's seed generators hold the same state on every replica, which
        would drop the same units in every part of the batch. Replica 0 keeps
        the stored state, so that it is what a checkpoint holds.
        """
        states = []
        if self.distribute_strategy.num_replicas_in_sync > 1:
            layers = self._flatten_layers()
            states = [g.state for layer in layers for g in layer._seed_generators]
        # A state is (seed, counter); only the seed is moved.
        shifts = [
            ops.cast(replica_id() * 1_000_003, s.dtype) * ops.cast([1, 0], s.dtype)
            for s in states
        ]
        for state, shift in zip(states, shifts, strict=True):
            state.assign(state.value + shift)
        yield
        for state, shift in zip(states, shifts, strict=True):
            state.assign(state.value - shift)

    def _readable(self, logs):
        """Lets Keras read scalar logs when several processes train."""
        if isinstance(
            self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy
        ):
            return {name: tf.reshape(value, (1,)) for name, value in logs.items()}
        return logs

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Pretext models and their optimizers are built before `fit`; Keras's
        # symbolic build fails when several processes train.
        if not self.built:
            super()._maybe_symbolic_build(iterator=iterator, data_batch=data_batch)


def _summing_in_order(function):
    """Returns `function` run so that its results do not depend on timing.

    Grappler's memory optimizer lets the parts of a sum be added in the order
    in which they arrive, so that on a busy processor no two runs agree to the
    bit. It cannot be switched off alone; without all of Grappler a step of a
    residual network took 3 % longer. On GPUs, whose kernels Grappler lays out,
    it stays on.
    """
    if tf.config.list_physical_devices("GPU"):
        return function
    options = tf.config.optimizer

    @functools.wraps(function)
    def run(iterator):
        before = options.get_experimental_options().get("disable_meta_optimizer")
        options.set_experimental_options({"disable_meta_optimizer": True})
        try:
            return function(iterator)
        finally:
            options.set_experimental_options({"disable_meta_optimizer": bool(before)})

    return run


def _apply(optimizer, gradients, variables):
    """Applies gradients that may differ between replicas."""
    pairs = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
    if not pairs:
        raise InvalidValue("The loss depends on no trainable variable.")
    gradients, variables = zip(*pairs, strict=True)
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if num_replicas() > 1 and getattr(inner, "by_rows", False):
        gradients = [_gathered(g) for g in gradients]
    elif num_replicas() > 1:
        gradients = all_sum([tf.convert_to_tensor(g) for g in gradients])
    gradients = _dense_if_clipped(inner, gradients)
    optimizer.apply(gradients, list(variables))


def _gathered(gradient):
    """Returns the sum of a gradient over the replicas, by the rows they read."""
    if not isinstance(gradient, tf.IndexedSlices):
        return all_sum(gradient)
    return tf.IndexedSlices(
        all_gather(gradient.values), all_gather(gradient.indices), gradient.dense_shape
    )


def _dense_if_clipped(optimizer, gradients):
    # The norm of a sparse gradient whose rows repeat is not that of the sum.
    if optimizer.clipnorm or optimizer.global_clipnorm or optimizer.clipvalue:
        return [tf.convert_to_tensor(g) for g in gradients]
    return list(gradients)


# Keras's TensorFlow optimizer overrides these to reduce gradients and to leave
# the replica for each update, which tf.cond forbids. Its base class has the
# plain versions, right once the gradients are equal on all replicas.
_CROSS_REPLICA_METHODS = (
    "_backend_update_step",
    "_apply_weight_decay",
    "_backend_increment_gradient_accumulators",
    "_overwrite_model_variables_with_average_value",
)


def _let_each_replica_update_its_copy(optimizer):
    """Makes `optimizer` take reduced gradients and apply them in the replica."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    base = next(c for c in type(optimizer).__mro__ if c.__name__ == "BaseOptimizer")
    for name in _CROSS_REPLICA_METHODS:
        method = types.MethodType(getattr(base, name), optimizer)
        object.__setattr__(optimizer, name, method)


class _JaxTrainer(keras.Model):
    """The train step for several players; for one, Keras's own is right."""

    def build_optimizer(self):
        """Creates the optimizer's variables, before the first trace."""
        _build_optimizer(self)

    def train_step(self, state, data):
        players = self.players()
        if len(players) == 1:
            return super().train_step(state, data)
        trainable, non_trainable, optimizer_variables, metrics_variables = state
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        position = {id(v): i for i, v in enumerate(self.trainable_variables)}
        count, *optimizer_variables = optimizer_variables
        updated, before = list(trainable), list(trainable)
        total, measured, start = 0.0, None, 0
        for player, variables in players.items():
            own = [position[id(v)] for v in variables]
            stop = start + len(_optimizer_of(self, player).variables)
            every = self.steps_per_update().get(player, 1)
            move = functools.partial(
                self._move, player, own, data=(x, y, sample_weight)
            )
            given = (
                before if self.simultaneous else updated,
                non_trainable,
                optimizer_variables[start:stop],
            )
            if every == 1:
                loss, y_pred, result = move(*given)
                measured = y_pred if measured is None else measured
            else:
                loss, result = jax.lax.cond(
                    (count + 1) % every == 0,
                    lambda *given, move=move: move(*given)[::2],
                    lambda seen, *rest, own=own: (
                        jax.numpy.zeros(()),
                        ([seen[i] for i in own], *rest),
                    ),
                    *given,
                )
            values, non_trainable, optimizer_variables[start:stop] = result
            for i, value in zip(own, values, strict=True):
                updated[i] = value
            total, start = total + loss, stop
        logs, metrics_variables = self._update_metrics_variables(
            metrics_variables, total, x, y, measured, sample_weight
        )
        optimizer_variables = [count + 1, *optimizer_variables]
        return logs, (updated, non_trainable, optimizer_variables, metrics_variables)

    def _move(self, player, own, trainable, non_trainable, optimizer_variables, data):
        """Returns a player's loss, its outputs, and the state after its update.

        Args:
            player: Its name.
            own: Positions of its variables among the trainable ones.
            trainable: Values of all trainable variables that its loss reads.
            non_trainable: Values of the non-trainable variables.
            optimizer_variables: Values of its optimizer's variables.
            data: Tuple (x, y, sample_weight).
        """
        optimizer = _optimizer_of(self, player)
        values = [trainable[i] for i in own]

        def loss_of(values):
            merged = list(trainable)
            for i, value in zip(own, values, strict=True):
                merged[i] = value
            loss, rest = self._stateless_loss(player, merged, non_trainable, *data)
            mapping = zip(optimizer.variables, optimizer_variables, strict=True)
            with keras.StatelessScope(state_mapping=list(mapping)):
                return optimizer.scale_loss(loss), (loss, *rest)

        gradients, (loss, y_pred, non_trainable) = jax.grad(loss_of, has_aux=True)(
            values
        )
        values, optimizer_variables = optimizer.stateless_apply(
            optimizer_variables, gradients, values
        )
        return loss, y_pred, (values, non_trainable, optimizer_variables)

    def _stateless_loss(self, player, trainable, non_trainable, x, y, sample_weight):
        state = list(zip(self.trainable_variables, trainable, strict=True))
        state += zip(self.non_trainable_variables, non_trainable, strict=True)
        with keras.StatelessScope(state_mapping=state) as scope:
            y_pred = self(x, training=True, player=player)
            loss = self.loss_of(player, x, y, y_pred, sample_weight)
        updated = [scope.get_current_value(v) for v in self.non_trainable_variables]
        return loss, (y_pred, updated)


def _optimizer_of(model, player):
    if isinstance(model.optimizer, PlayerOptimizers):
        return model.optimizer.optimizers[player]
    return model.optimizer


def _build_optimizer(model):
    if isinstance(model.optimizer, PlayerOptimizers):
        model.optimizer.build_players(model.players())
    elif not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


Trainer = _TensorFlowTrainer if BACKEND == "tensorflow" else _JaxTrainer
