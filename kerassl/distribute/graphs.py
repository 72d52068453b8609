"""Graphs that go when nobody needs them any more."""

import contextlib
import threading

from kerassl.distribute.backend import BACKEND

if BACKEND == "tensorflow":
    # `tf` has `RegisterGradient` and no way back.
    from tensorflow.python.framework.ops import gradient_registry

_lock = threading.Lock()
_inside = 0  # how many trainings of this process run just now
_earlier: frozenset[str] = frozenset()


@contextlib.contextmanager
def letting_graphs_go():
    """Lets the graphs that are traced inside go with the model that they train.

    TensorFlow keeps every function with a gradient of its own by a name for good, and
    with it the whole graph that it stands in. Sums over replicas are such functions,
    also over a single one: in Keras's optimizers and in synchronised batch
    normalisation. That is 20 to 60 MB for each fit of a process.

    What is traced inside must have its gradients inside too, as a training step does.

    Example:
        >>> with letting_graphs_go():
        ...     pass
    """
    global _inside, _earlier
    if BACKEND != "tensorflow":
        yield
        return
    with _lock:
        if not _inside:
            _earlier = frozenset(gradient_registry.list())
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            # The last one tidies up, so that nothing is missing where two train.
            for name in [] if _inside else set(gradient_registry.list()) - _earlier:
                if name.startswith("CustomGradient-"):
                    del gradient_registry._registry[name]
