"""A small task of each public pretext model, for the shared checks.

One file a method, found by itself: to add one, write `tests/tasks/<method>.py`,
named as its file in `kerassl/models/`, and edit no list.

    \"\"\"VICReg.\"\"\"

    from tasks.parts.images import images, small_resnet, views

    from kerassl import models

    MODEL = models.VICReg


    def task():
        def make(dtype="float32"):
            return models.VICReg(small_resnet(dtype), views(), projection_dim=8)

        return make, images(), 16

`MODEL` is the class, whose name is the id of the method's tests. `task` returns
what the checks of `kerassl.testing` take: a function from a dtype policy's name to
the task, raw examples, and a batch size. It has no dropout, which differs between
replicas and backends by design, and is as small as its idea allows, since the checks
build it about ten times and trace it, on one device and on two.

Another form of the method that has to pass the checks too is another function,
`task_<form>`; its id is `<class>-<form>`. Weights whose gradient is zero by the
formula stand in `UNMOVED`, a dict from the id to what `check_fit` takes.

Once the method has a preset, `KILLED` says how a run of it is made small, to be
killed and to go on (`tests/tasks/parts/runs.py`):

    KILLED = Killed("vicreg_digits", RESNET)

`tests/tasks/parts/` holds what several files share, a file a modality.

A process on another backend makes the tasks too, so nothing here imports pytest.
"""

import functools
import importlib
from pathlib import Path


@functools.cache
def methods():
    """Returns {class name: module} of all files in this folder, sorted."""
    folder = Path(__file__).parent
    names = sorted(p.stem for p in folder.glob("*.py") if p.name != "__init__.py")
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    found = {module.MODEL.__name__: module for module in modules}
    assert len(found) == len(modules), f"two files of one class among {names}"
    return dict(sorted(found.items()))


@functools.cache
def one_of_each_kind():
    """Returns {class name: module} of the first method of each kind.

    What is made of the examples that `fit` is given depends on what a model says of
    itself and on what an example is, so methods alike in both need one test.
    """
    found = {}
    for name, module in methods().items():
        found.setdefault(_kind(module), (name, module))
    return dict(found.values())


def _kind(module):
    model = module.MODEL
    owners = [
        next(cls for cls in model.__mro__ if name in vars(cls))
        for name in ("dataset", "fit", "own_callbacks")
    ]
    files = {getattr(value, "__module__", None) for value in vars(module).values()}
    return (
        *(tuple(model.reads), bool(model.views), *owners),
        *sorted(file for file in files if file in _PARTS),
    )


_PARTS = [
    f"{__name__}.parts.{part}" for part in ("images", "patches", "sounds", "texts")
]


@functools.cache
def every():
    """Returns {id: function} of all tasks, sorted."""
    found = {
        name + function.removeprefix("task").replace("_", "-", 1): value
        for name, module in methods().items()
        for function, value in vars(module).items()
        if function == "task" or function.startswith("task_")
    }
    return dict(sorted(found.items()))


@functools.cache
def families():
    """Returns {family: {id: function}}, families as the folders of models."""
    found = {}
    for name, function in every().items():
        found.setdefault(_family(name), {})[name] = function
    return dict(sorted(found.items()))


@functools.cache
def killed():
    """Returns {family: {class name: Killed}} of the methods that have a preset."""
    found = {}
    for name, module in methods().items():
        if hasattr(module, "KILLED"):
            found.setdefault(_family(name), {})[name] = module.KILLED
    return dict(sorted(found.items()))


def _family(name):
    model = methods()[name.partition("-")[0]].MODEL
    return model.__module__.removeprefix("kerassl.models.").partition(".")[0]


def unmoved(name):
    """Returns the endings of paths of weights that a task leaves as they are."""
    module = methods()[name.partition("-")[0]]
    return getattr(module, "UNMOVED", {}).get(name, ())
