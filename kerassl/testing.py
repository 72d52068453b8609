"""Checks that every pretext model must pass, for our tests and for yours.

Each takes a function that makes a small task, so that the check can make it
again in another place: in a strategy's scope, under another dtype policy, in
another process.

Example:
    >>> def make(dtype="float32"):  # doctest: +SKIP
    ...     return MyTask(my_encoder(dtype=dtype), MyPretext())
    >>> check_task(make, examples, batch_size=8, folder=tmp_path)  # doctest: +SKIP
"""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from kerassl import distribute
from kerassl.callbacks import restore_checkpoint, save_checkpoint
from kerassl.models.base import global_mean_share

STEPS = 4
HALFWAY = 3
# For `XLA_FLAGS`: code that runs a few times need not be good, and compiles in a third
# of the time.
QUICK_XLA = (
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_use_fusion_emitters=false"
)


def fix_weights(task, seed=0, scale=0.1):
    """Gives every trainable weight a value that depends only on `seed`.

    Initializers draw other numbers on another backend; NumPy does not.
    Vectors keep their initial value, so that norms stay norms.

    Args:
        task: A `PretextModel`.
        seed: Integer.
        scale: Standard deviation of the weights.

    Returns:
        The task.
    """
    random = np.random.default_rng(seed)
    for variable in task.trainable_variables:
        if len(variable.shape) > 1:
            variable.assign(scale * random.standard_normal(variable.shape))
    return task


def trained(
    make,
    examples,
    *,
    batch_size,
    steps=3,
    strategy=None,
    dtype="float32",
    accumulated=None,
    eager=False,
    callbacks=(),
    batches=None,
):
    """Returns (task, losses) after a few steps from fixed weights.

    Steps this few and small are over long before XLA has compiled them, so with
    TensorFlow it is left out.

    Args:
        make: Function from a dtype policy's name to a `PretextModel`.
        examples: What `task.dataset` takes.
        batch_size: Examples in a step.
        steps: How many steps.
        strategy: As in `kerassl.distribute.strategy`, or a strategy object,
            or None.
        dtype: The encoder's dtype policy.
        accumulated: Over how many steps gradients are summed for an update, or
            None.
        eager: Whether TensorFlow computes operation by operation, which for a few
            steps is faster than making a graph. The numbers are then near those of
            a graph, not the same to the bit.
        callbacks: Further callbacks of Keras.
        batches: What to train on instead of `task.dataset`, as `batches_of` gives
            it. Most of a short run's time goes into what makes its data.
    """
    if isinstance(strategy, str):
        strategy = distribute.strategy(strategy)
    with contextlib.nullcontext() if strategy is None else strategy.scope():
        task = fix_weights(make(dtype))
    _compile(task, accumulated, eager)
    if batches is None:
        dataset = task.dataset(examples, batch_size, seed=1)
    else:
        dataset = batches.endless()
    losses = _Losses()
    _fit(task, dataset, steps, [losses, *callbacks])
    return task, losses.values


def batches_of(task, examples, *, batch_size, steps=3, start=0):
    """Returns the batches that `trained` takes its steps with, made once.

    Args:
        task: A `PretextModel`.
        examples: What `task.dataset` takes.
        batch_size: Examples in a step.
        steps: How many batches.
        start: Number of the first.

    Returns:
        `Batches`.
    """
    dataset = task.dataset(examples, batch_size, seed=1, start=start)
    return Batches(dataset, list(dataset.take(steps).as_numpy_iterator()))


class Batches(NamedTuple):
    """The first batches of a dataset, to be taken again and again.

    Args:
        dataset: A dataset of `task.dataset`.
        arrays: List of its first batches, structures of NumPy arrays.
    """

    dataset: Any
    arrays: list

    def replayed(self):
        """Returns a finite `tf.data.Dataset` of them."""
        import tensorflow as tf

        # TensorFlow keeps a generator for good, and with it what it refers to.
        arrays = self.arrays
        replayed = tf.data.Dataset.from_generator(
            lambda: iter(arrays), output_signature=self.dataset.element_spec
        )
        count = tf.data.experimental.assert_cardinality(len(self.arrays))
        return replayed.apply(count)

    def endless(self):
        """Returns them over and over, with what a task asks a dataset of its own."""
        replayed = self.replayed().repeat()
        for fact in ("steps_per_epoch", "source", "seed"):
            if hasattr(self.dataset, fact):
                setattr(replayed, fact, getattr(self.dataset, fact))
        return replayed

    def starting_at(self, number):
        """Returns the later ones."""
        return Batches(self.dataset, self.arrays[number:])


def _compile(task, accumulated=None, eager=False):
    options = {}
    if distribute.BACKEND == "tensorflow":
        options = {"jit_compile": False, "run_eagerly": eager}
    task.compile(_optimizer_for(task, accumulated), **options)


def _fit(task, dataset, steps, callbacks=()):
    """Takes steps, each an epoch of its own."""
    task.fit(
        dataset, epochs=steps, steps_per_epoch=1, callbacks=[*callbacks], verbose=0
    )
    distribute.read_state(task)


def _optimizer_for(task, accumulated):
    """Returns an optimizer, or a dict of one for each player of `task`."""
    optimizers = {
        player: keras.optimizers.SGD(
            0.05,
            momentum=0.9,
            clipnorm=1.0,
            gradient_accumulation_steps=accumulated,
        )
        for player in task.players()
    }
    return optimizers if len(optimizers) > 1 else optimizers.popitem()[1]


class _Losses(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.values = []

    def on_epoch_end(self, epoch, logs=None):
        self.values.append(float(logs["loss"]))


def check_config(make):
    """Checks that a task is made again from its configuration.

    Args:
        make: Function from a dtype policy's name to a `PretextModel`.
    """
    _check_config(make("float32"))


def _check_config(task):
    config = task.get_config()
    json.dumps(keras.saving.serialize_keras_object(task))
    again = type(task).from_config(config)
    assert again.get_config() == config, "another configuration"
    shapes = [tuple(v.shape) for v in task.variables]
    found = [tuple(v.shape) for v in again.variables]
    assert found == shapes, f"shapes of variables: {found}, not {shapes}"


def check_saving(make, examples, *, batch_size, folder):
    """Checks that a saved task goes on exactly where it was.

    Args:
        make: Function from a dtype policy's name to a `PretextModel`.
        examples: What `task.dataset` takes.
        batch_size: Examples in a step.
        folder: Where to write, a `pathlib.Path`.
    """
    _check_saved(_Run(make, examples, batch_size, folder))


def _check_saved(run):
    loaded = keras.saving.load_model(run.folder / "task.keras")
    _assert_values(loaded, run.halfway)
    run.go_on(loaded, run.made_by(loaded))
    assert_same_weights(run.task, loaded)
    run.task.encoder.save(run.folder / "encoder.keras")
    encoder = keras.saving.load_model(run.folder / "encoder.keras")
    assert_same_weights(run.task.encoder, encoder)


class _Run(keras.callbacks.Callback):
    """A run of four steps, kept as it was after three.

    Operation by operation, since a graph keeps a Python number as it found it: a
    counter that no checkpoint holds would then pass.

    Args:
        make: Function from a dtype policy's name to a `PretextModel`.
        examples: What `task.dataset` takes.
        batch_size: Examples in a step.
        folder: Where to write, a `pathlib.Path`.
        batches: As `batches_of` gives them, or None.

    Attributes:
        folder: Where `task.keras` and `step.npz` are.
        halfway: The values of all variables when these were written.
        batches: Those of all steps.
        task: The task after all steps.
        losses: Those of all steps.
    """

    def __init__(self, make, examples, batch_size, folder, batches=None):
        super().__init__()
        self.examples, self.batch_size, self.folder = examples, batch_size, folder
        task = make("float32")
        self.batches = batches or self._batches_of(task, STEPS)
        self.task, self.losses = trained(
            lambda dtype: task,
            examples,
            batch_size=batch_size,
            steps=STEPS,
            eager=True,
            callbacks=[self],
            batches=self.batches,
        )

    def _batches_of(self, task, steps, start=0):
        options = {"batch_size": self.batch_size, "steps": steps, "start": start}
        return batches_of(task, self.examples, **options)

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == HALFWAY:
            save_checkpoint(self.model, self.folder / "step.npz")
            self.model.save(self.folder / "task.keras")
            self.halfway = _values(self.model)

    def made_by(self, task):
        """Returns the later batches as a task makes them, which it checks."""
        found = self._batches_of(task, STEPS - HALFWAY, HALFWAY)
        expected = self.batches.arrays[HALFWAY:]
        pairs = zip(*map(keras.tree.flatten, (expected, found.arrays)), strict=True)
        for a, b in pairs:
            np.testing.assert_array_equal(b, a, err_msg="another batch")
        return found

    def go_on(self, task, batches=None):
        """Takes the later steps with a task."""
        batches = batches or self.batches.starting_at(HALFWAY)
        _fit(task, batches.endless(), STEPS - HALFWAY)


def check_fit(make, examples, *, batch_size, unmoved=()):
    """Checks that a step changes weights and gives finite losses.

    Args:
        make: Function from a dtype policy's name to a `PretextModel`.
        examples: What `task.dataset` takes.
        batch_size: Examples in a step.
        unmoved: Endings of the paths of weights whose gradient is zero by the
            formula of the loss, such as `"head/bias"` of a critic whose scores are
            only subtracted from each other.
    """
    task = make("float32")
    batches = batches_of(task, examples, batch_size=batch_size)
    return _check_fit(task, batches, unmoved)


def _check_fit(task, batches, unmoved):
    start = _Start()
    _, losses = trained(
        lambda dtype: task, None, batch_size=None, callbacks=[start], batches=batches
    )
    assert np.all(np.isfinite(losses)), losses
    after = [keras.ops.convert_to_numpy(v) for v in task.trainable_variables]
    moved = [
        not np.array_equal(*both) for both in zip(start.values, after, strict=True)
    ]
    # A weight that no loss reads is a fault in the task. The bias of attention's
    # keys has a gradient of zero: softmax ignores what its logits share.
    still = [
        v.path
        for v, m in zip(task.trainable_variables, moved, strict=True)
        if not m and not v.path.endswith(("/key/bias", *unmoved))
    ]
    assert not still, f"not trained: {still}"
    logs = task.evaluate(batches.replayed(), verbose=0, return_dict=True)
    names = ["loss", *task.tracked]
    assert set(logs) == set(names), f"logs must be {', '.join(names)}: {logs}"
    assert np.all(np.isfinite(list(logs.values()))), logs
    return losses


class _Start(keras.callbacks.Callback):
    """Keeps the values of the trainable weights before the first step."""

    def on_train_begin(self, logs=None):
        weights = self.model.trainable_variables
        self.values = [keras.ops.convert_to_numpy(v).copy() for v in weights]


def check_replicas(make, examples, *, batch_size, strategy, rtol=1e-5, in_graph=True):
    """Checks that several replicas compute what one device without a strategy does.

    It is the hard case that is compared: shares of different sizes, gradients that
    are accumulated over two steps and then clipped.

    Args:
        make: Function from a dtype policy's name to a `PretextModel` without
            dropout, which differs between replicas by design.
        examples: What `task.dataset` takes.
        batch_size: Examples in a step over all replicas; one less where the
            replicas would get equally many.
        strategy: The strategy to compare, or a list of several, each as
            `kerassl.distribute.strategy` takes or gives it. One with a single
            device is a case of its own.
        rtol: Tolerance, relative to the largest weight of a variable.
        in_graph: Whether several replicas compute in a graph, as in a run. It
            forbids to ask the other replicas inside a condition, and takes half of
            this check's time to make.
    """
    strategies = strategy if isinstance(strategy, list) else [strategy]
    strategies = [
        distribute.strategy(s) if isinstance(s, str) else s for s in strategies
    ]
    if batch_size % max(s.num_replicas_in_sync for s in strategies) == 0:
        batch_size -= 1
    # The second step updates, the third reads what that left in the weights.
    # Later ones prove no more: in time a rounding difference of 1e-7 carries
    # some unit across a ReLU's corner, where the gradient jumps.
    task = make("float32")
    batches = batches_of(task, examples, batch_size=batch_size)
    options = {"batch_size": batch_size, "steps": 3, "accumulated": 2}
    options["batches"] = batches
    one, losses1 = trained(lambda dtype: task, examples, eager=True, **options)
    for strategy in strategies:
        # What a graph of one replica forbids, `check_fit` finds.
        eager = not in_graph or strategy.num_replicas_in_sync == 1
        other, losses2 = trained(
            make, examples, strategy=strategy, eager=eager, **options
        )
        compared = {"task": one, "batches": batches}
        assert_near_losses(losses2, losses1, rtol=rtol, message="replicas", **compared)
        _assert_near(other, one, rtol)


def _assert_near(task, expected, rtol):
    for a, b in zip(expected.variables, task.variables, strict=True):
        if "seed_generator" in a.path:
            continue
        a, b = np.asarray(a.numpy()), np.asarray(b.numpy())
        limit = rtol * max(1.0, np.abs(a).max())
        np.testing.assert_allclose(b, a, rtol=0, atol=limit)


def check_bfloat16(make, examples, *, batch_size):
    """Checks that a step computed in bfloat16 is near the float32 one.

    Args:
        make: Function from a dtype policy's name to a `PretextModel`.
        examples: What `task.dataset` takes.
        batch_size: Examples in a step.
    """
    task = make("float32")
    batches = batches_of(task, examples, batch_size=batch_size)
    options = {"batch_size": batch_size, "eager": True, "batches": batches}
    _, exact = trained(lambda dtype: task, examples, **options)
    _check_near_in_bfloat16(make, batches, exact)


def _check_near_in_bfloat16(make, batches, exact):
    task, losses = trained(
        make,
        None,
        batch_size=None,
        steps=len(exact),
        dtype="mixed_bfloat16",
        eager=True,
        batches=batches,
    )
    policy = task.encoder.layers[-1].dtype_policy
    assert policy.compute_dtype == "bfloat16", policy
    assert all(v.dtype != "bfloat16" for v in task.variables)
    compared = {"task": task, "batches": batches}
    assert_near_losses(losses, exact, rtol=0.05, message="bfloat16", **compared)


def check_checkpoint(make, examples, *, batch_size, folder):
    """Checks that training goes on from a checkpoint bit for bit.

    Args:
        make: Function from a dtype policy's name to a `PretextModel`.
        examples: What `task.dataset` takes.
        batch_size: Examples in a step.
        folder: Where to write, a `pathlib.Path`.
    """
    _check_restored(_Run(make, examples, batch_size, folder), make)


def _check_restored(run, make):
    again = make("float32")
    _compile(again, eager=True)
    restore_checkpoint(again, run.folder / "step.npz")
    run.go_on(again)
    assert_same_weights(run.task, again)


def check_task(make, examples, *, batch_size, folder, unmoved=()):
    """Runs every check that needs one process and one device.

    Args:
        make: Function from a dtype policy's name to a `PretextModel`.
        examples: What `task.dataset` takes.
        batch_size: Examples in a step.
        folder: Where to write, a `pathlib.Path`.
        unmoved: As in `check_fit`.
    """
    # What is made is shared: a task and a pipeline of data take longer to make
    # than these few steps.
    task = make("float32")
    _check_config(task)
    batches = batches_of(task, examples, batch_size=batch_size, steps=STEPS)
    in_graph = _check_fit(task, batches, unmoved)
    run = _Run(make, examples, batch_size, folder, batches)
    exact = run.losses[: len(in_graph)]
    # A graph that draws the same numbers in every step has other losses.
    compared = {"task": run.task, "batches": batches}
    assert_near_losses(
        in_graph, exact, rtol=1e-3, message="graph and eager", **compared
    )
    _check_saved(run)
    _check_restored(run, make)
    _check_near_in_bfloat16(make, batches, exact)


def assert_near_losses(found, expected, *, task, batches, rtol, message=""):
    """Checks that losses are near others, as far as rounding lets them be.

    The loss of a task such as SimSiam is the mean of values of both signs and may be
    0 by chance, while rounding is relative to the size of these values. So where a
    difference is large beside the loss, it is compared with their mean size instead.

    Args:
        found: List of losses.
        expected: List of as many.
        task: The `PretextModel`.
        batches: Its `Batches`; the first tells how large the values are.
        rtol: Tolerance, relative to these sizes.
        message: What an error begins with.
    """
    if not np.allclose(found, expected, rtol=rtol, atol=0):
        size = _size_of_values(task, batches)
        limits = rtol * np.maximum(np.abs(expected), size)
        wrong = ~(np.abs(np.subtract(found, expected)) <= limits)
        assert not wrong.any(), (
            f"{message}: {found} are not near {expected} within a tolerance of {rtol}, "
            f"relative to them and to {size:.3g}, the mean size of what they average"
        )


def _size_of_values(task, batches):
    """Returns the mean absolute value of what a task's loss is the mean of."""
    batch = keras.tree.map_structure(keras.ops.convert_to_tensor, batches.arrays[0])
    x, *targets = keras.utils.unpack_x_y_sample_weight(batch)
    outputs = task(x, training=False)
    sizes = [
        global_mean_share(
            (abs(term[0]), term[1]) if isinstance(term, tuple) else abs(term)
        )
        for player in task.players()
        for term in task.terms_of(player, x, targets[0], outputs, targets[1], False)
    ]
    return float(sum(sizes))


def assert_same_weights(a, b):
    """Checks that two models hold the same values, bit for bit."""
    _assert_values(b, _values(a))


def _values(model):
    """Returns a list of (path, array) of all variables."""
    distribute.read_state(model)
    return [(v.path, keras.ops.convert_to_numpy(v).copy()) for v in model.variables]


def _assert_values(model, expected):
    for (path, value), (_, found) in zip(expected, _values(model), strict=True):
        np.testing.assert_array_equal(value, found, err_msg=path)


def losses_on(backend, factory, *, steps=3, environment=None):
    """Returns the losses of a task's first steps on another Keras backend.

    Runs in a process of its own, since Keras reads its backend on import.

    Args:
        backend: "tensorflow" or "jax".
        factory: "path/of/file.py:function"; the function returns (make,
            examples, batch_size). A file in a package finds its package.
        steps: How many steps.
        environment: Further environment variables, as a dict.

    Returns:
        List of floats.
    """
    (losses,) = losses_of_each_on(
        backend, [factory], steps=steps, environment=environment
    )
    return losses


def losses_of_each_on(backend, factories, *, steps=3, environment=None):
    """Returns what `losses_on` does for each of several tasks, of one process.

    Most of a short process's time goes into its imports.

    Args:
        backend: "tensorflow" or "jax".
        factories: List of what `losses_on` takes as `factory`.
        steps: How many steps.
        environment: Further environment variables, as a dict.

    Returns:
        List of lists of floats.
    """
    flags = f"{QUICK_XLA} {os.environ.get('XLA_FLAGS', '')}"
    chosen = {"KERAS_BACKEND": backend, "XLA_FLAGS": flags, **(environment or {})}
    done = subprocess.run(
        [sys.executable, "-c", _PRINT_LOSSES, str(steps), *factories],
        env={**os.environ, **chosen},
        capture_output=True,
        text=True,
        check=False,
    )
    losses = [json.loads(line) for line in done.stdout.splitlines() if line[:1] == "["]
    if done.returncode:
        failed = factories[len(losses)]
        raise AssertionError(f"{failed} failed on {backend}:\n{done.stderr[-4000:]}")
    return losses


_PRINT_LOSSES = """
import json, sys, tensorflow as tf, kerassl.testing as t
t.draw_without_compiling()
tf.data.experimental.enable_debug_mode()
for factory in sys.argv[2:]:
    make, examples, batch_size = t.load_factory(factory)()
    _, losses = t.trained(
        make, examples, batch_size=batch_size, steps=int(sys.argv[1])
    )
    print(json.dumps(losses), flush=True)
"""


def draw_without_compiling():
    """Makes JAX draw initial weights by NumPy, for a process of a few steps.

    JAX compiles its draw anew for each shape, which took longer than compiling the
    steps; `fix_weights` replaces what is drawn. Without effect on other backends.
    """
    if distribute.BACKEND != "jax":
        return
    import jax

    numbers = np.random.default_rng(0)

    def truncated_normal(key, lower, upper, shape=(), dtype="float32", **placed):
        drawn = numbers.standard_normal(shape).clip(lower, upper)
        return jax.numpy.asarray(drawn, dtype)

    jax.random.truncated_normal = truncated_normal


def load_factory(factory):
    """Returns the function that "path/of/file.py:function" names."""
    import runpy

    path, _, name = factory.rpartition(":")
    folder = Path(path).parent
    while (folder / "__init__.py").exists():
        folder = folder.parent
    sys.path.insert(0, str(folder))
    return runpy.run_path(path)[name]
