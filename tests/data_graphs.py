"""Data that are made without a graph."""

import contextlib

from tensorflow.python.data.ops import debug_mode


@contextlib.contextmanager
def data_without_graphs():
    """Lets the functions of tf.data compute operation by operation, in turn.

    Runs from presets test that they may be graphs, and run side by side.
    """
    debug_mode.toggle_debug_mode(True)
    try:
        yield
    finally:
        debug_mode.toggle_debug_mode(False)
