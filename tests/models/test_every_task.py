"""Every public pretext model passes the shared checks."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tasks
from data_graphs import data_without_graphs

import kerassl
from kerassl import models, testing
from kerassl.errors import UserError

# DeepCluster clusters anew, and the generator of a WGAN moves twice.
JAX_STEPS = 6
# A process for each task would import everything for each; one for all of them
# would leave the other cores nothing to do.
TASKS_IN_A_PROCESS = 10
# To ask the other replicas inside a condition is what only a graph of several replicas
# forbids, and it takes long to make: these files have conditions, and these tasks
# such a graph. `kerassl.losses.language` is compared in test_causal_lm.py.
CONDITIONS = {"losses/language.py", "models/clustering/swav.py"}
IN_GRAPHS = {"SwAV", "SwAV-multi_crop"}
every_task = pytest.mark.parametrize("name", tasks.every())


@pytest.fixture(autouse=True)
def batches_made_without_graphs(monkeypatch):
    """Spares the graphs that make data, each for a handful of batches."""
    made = testing.batches_of

    def batches_of(*args, **options):
        with data_without_graphs():
            return made(*args, **options)

    monkeypatch.setattr(testing, "batches_of", batches_of)


def test_none_is_left_out():
    public = {
        name
        for name in models.__all__
        if isinstance(cls := getattr(models, name), type)
        and issubclass(cls, models.PretextModel)
    }
    assert public - {"PretextModel"} == set(tasks.methods())


def test_all_conditions_are_known():
    package = Path(kerassl.__file__).parent
    found = {
        path.relative_to(package).as_posix()
        for folder in ("encoders", "layers", "losses", "models")
        for path in (package / folder).rglob("*.py")
        if re.search(r"\b(cond|while_loop|switch|fori_loop)\(", path.read_text())
    }
    assert found == CONDITIONS


@every_task
def test_one_device(name, tmp_path):
    make, examples, batch_size = tasks.every()[name]()
    testing.check_task(
        make,
        examples,
        batch_size=batch_size,
        folder=tmp_path,
        unmoved=tasks.unmoved(name),
    )


@every_task
def test_strategies_equal_none(name, two_replicas):
    make, examples, batch_size = tasks.every()[name]()
    testing.check_replicas(
        make,
        examples,
        batch_size=batch_size,
        strategy=strategies_for(name, two_replicas),
        in_graph=name in IN_GRAPHS,
    )


def strategies_for(name, two_replicas):
    """Returns the strategies of a check: one device is compared once a kind."""
    return [two_replicas, *(["cpu:1"] if name in tasks.one_of_each_kind() else [])]


@pytest.mark.parametrize(
    "method", [n for n, m in tasks.methods().items() if m.MODEL.least_examples > 1]
)
def test_one_example_teaches_nothing(method):
    make, examples, _ = tasks.every()[method]()
    with pytest.raises(UserError, match="`batch_size` must be at least 2 for"):
        make().dataset(examples, 1)


@pytest.mark.parametrize(
    "method, texts",
    [
        ("SkipGram", ["cat", "dog"]),
        ("CBOW", ["cat", "dog"]),
        ("MaskedLM", ["", " "]),
        ("MaskedLM", ["☃" * 200, "☂ ☂"]),
    ],
)
def test_texts_in_which_nothing_is_asked_are_refused(method, texts):
    make, _, _ = tasks.every()[method]()
    with pytest.raises(UserError, match="to learn|at least one text"):
        make().dataset(texts * 20, 4)


def groups():
    """Returns lists of the names of tasks that share a process."""
    names, size = list(tasks.every()), TASKS_IN_A_PROCESS
    return [names[start : start + size] for start in range(0, len(names), size)]


@pytest.mark.parametrize("names", groups(), ids=" ".join)
def test_jax_equals_tensorflow(names):
    compare_with_jax(names)


def compare_with_jax(names):
    factories = {name: tasks.every()[name] for name in names}
    paths = [f"{f.__code__.co_filename}:{f.__name__}" for f in factories.values()]
    on_jax = testing.losses_of_each_on("jax", paths, steps=JAX_STEPS)
    for (name, factory), losses in zip(factories.items(), on_jax, strict=True):
        make, examples, batch_size = factory()
        task = make()
        options = {"batch_size": batch_size, "steps": JAX_STEPS}
        batches = testing.batches_of(task, examples, **options)
        _, expected = testing.trained(
            lambda dtype, task=task: task,
            examples,
            eager=True,
            batches=batches,
            **options,
        )
        compared = {"task": task, "batches": batches}
        testing.assert_near_losses(
            losses, expected, rtol=1e-4, message=name, **compared
        )


def test_xla_equals_none():
    # The checks above leave XLA out; a run of a transformer does not.
    make, examples, batch_size = tasks.every()["MaskedLM"]()
    _, expected = testing.trained(make, examples, batch_size=batch_size, eager=True)
    task = testing.fix_weights(make())
    task.compile(
        keras.optimizers.SGD(0.05, momentum=0.9, clipnorm=1.0), jit_compile=True
    )
    data = task.dataset(examples, batch_size, seed=1)
    history = task.fit(data, epochs=3, steps_per_epoch=1, verbose=0).history
    np.testing.assert_allclose(history["loss"], expected, rtol=1e-4)
