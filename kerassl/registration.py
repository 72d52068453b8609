"""Registers the classes of kerassl with Keras, as soon as there is a Keras.

`keras.saving.load_model` finds a class of kerassl only once the class is there.
`import kerassl` must suffice for that; but it must not load TensorFlow either, so
that the command line answers at once. So the classes are imported when Keras is.
"""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

# KerasHub imports Keras while it is itself half imported, as kerassl does, and the
# classes of kerassl need all of these whole.
AWAITED = ("keras", "keras_hub")
OWN = "kerassl."
HOMES = (
    "kerassl.distribute",
    "kerassl.encoders",
    "kerassl.layers",
    "kerassl.losses",
    "kerassl.models",
    "kerassl.optimizers",
    "kerassl.pretext",
    "kerassl.tokenizers",
)


def register() -> None:
    """Imports everything of kerassl that Keras may find in a saved file."""
    for home in HOMES:
        importlib.import_module(home)


def register_with_keras() -> None:
    """Registers the classes now if Keras is there, else right after its import."""
    if "keras" in sys.modules:
        if not _importing(sys.modules["keras"]):
            register()
    elif not any(isinstance(finder, _Awaiting) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Awaiting())


def _importing(module: ModuleType) -> bool:
    return getattr(module.__spec__, "_initializing", False)


class _Awaiting(importlib.abc.MetaPathFinder):
    """Finds modules as others do, and registers once Keras is there and all whole."""

    def __init__(self) -> None:
        self.depth = 0
        self.done = False

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if self.done or not (name in AWAITED or name.startswith(OWN)):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            # The loader stays what it is: `python -m` and others ask it for more.
            spec.loader.exec_module = functools.partial(  # type: ignore[method-assign]
                self.execute, spec.loader.exec_module
            )
        return spec

    def execute(
        self, exec_module: Callable[[ModuleType], None], module: ModuleType
    ) -> None:
        """Executes a module, and registers where it was the outermost."""
        self.depth += 1
        try:
            exec_module(module)
        finally:
            self.depth -= 1
        if self.depth == 0 and "keras" in sys.modules and not self.done:
            self.done = True
            register()
