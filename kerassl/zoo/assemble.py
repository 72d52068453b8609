"""From the dotted names of a preset to the objects they stand for."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from kerassl.errors import MissingPackage
from kerassl.zoo.catalog import InvalidPreset, suggest

# Packages whose public names a preset may use; `allow` adds to them.
_ROOTS = ["kerassl", "keras", "keras_hub"]

# What every Keras layer and model takes, however its constructor spells it.
_KERAS_ARGUMENTS = ("name", "dtype", "trainable")


def allow(module: str) -> None:
    """Imports a module of your own and lets presets name its classes.

    Call it only for code that you would run: a preset can then call any public
    class or function of the module.

    Args:
        module: Its dotted name, found as `import` finds it.

    Raises:
        ImportError: If there is no such module.

    Example:
        >>> allow("collections")
        >>> resolve("collections.Counter").__name__
        'Counter'
    """
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise  # something that the module itself imports
        raise MissingPackage(
            f"import: expected a module that Python finds, received {module!r}."
        ) from error
    root = module.partition(".")[0]
    if root not in _ROOTS:
        _ROOTS.append(root)


def resolve(name: str) -> Callable[..., Any]:
    """Returns the class or function a dotted name stands for.

    Only public names of kerassl, keras and keras_hub are reached, and of what
    `allow` was called for, so that a preset file cannot name an arbitrary
    function of the machine.

    Args:
        name: Such as "kerassl.models.SimCLR".

    Raises:
        InvalidPreset: If the name is outside these packages or does not exist.

    Example:
        >>> resolve("keras.layers.Dense").__name__
        'Dense'
    """
    root, *parts = name.split(".")
    if root not in _ROOTS or not parts or any(part.startswith("_") for part in parts):
        raise InvalidPreset(
            f"class: expected a public name of {', '.join(_ROOTS)}, received {name!r}. "
            "`--import MODULE`, in Python `zoo.allow`, adds a module of your own."
        )
    found: Any = importlib.import_module(root)
    for depth, part in enumerate(parts, 1):
        if not hasattr(found, part):
            path = ".".join([root, *parts[:depth]])
            try:
                found = importlib.import_module(path)
            except ModuleNotFoundError as error:
                near = suggest(part, [n for n in dir(found) if not n.startswith("_")])
                raise InvalidPreset(f"class: {name!r} does not exist.{near}") from error
            continue
        found = getattr(found, part)
    home = found.__name__ if isinstance(found, ModuleType) else found.__module__
    if home.split(".")[0] not in _ROOTS or not callable(found):
        raise InvalidPreset(f"class: {name!r} is not a class or function to call.")
    return found


def accepted(target: Callable[..., Any]) -> list[str] | None:
    """Returns the names of the arguments a class or function takes.

    A class that passes `**kwargs` on to its base takes the base's too.

    Args:
        target: A class or function.

    Returns:
        The names; None if anything goes (a function with `**kwargs`).

    Example:
        >>> accepted(lambda depth, width=2: None)
        ['depth', 'width']
    """
    if not inspect.isclass(target):
        parameters = list(inspect.signature(target).parameters.values())
        if any(p.kind is p.VAR_KEYWORD for p in parameters):
            return None
        return [p.name for p in parameters]
    found: list[str] = []
    for cls in target.__mro__[:-1]:
        if "__init__" not in vars(cls):
            continue
        parameters = list(inspect.signature(vars(cls)["__init__"]).parameters.values())
        found += [
            p.name
            for p in parameters[1:]
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
            and p.name not in found
        ]
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
    if target.__module__.split(".")[0] in _ROOTS:
        found += [name for name in _KERAS_ARGUMENTS if name not in found]
    return found


def check_arguments(name: str, target: Callable[..., Any], given: list[str]) -> None:
    """Raises InvalidPreset if `target` takes no argument of one of these names."""
    known = accepted(target)
    for key in given:
        if known is not None and key not in known:
            near = suggest(key, known)
            raise InvalidPreset(
                f"{name} takes no argument {key!r}.{near} "
                f"It takes: {', '.join(sorted(known))}."
            )


def build(spec: Any, /, **extra: Any) -> Any:
    """Builds the object that a preset's section describes.

    A dictionary with a "class" becomes a call of that class or function with
    the other entries as keyword arguments, themselves built first. With a
    "preset", a class is made by its `from_preset(preset, **rest)`. Lists are
    built entry by entry; anything else stands for itself.

    Args:
        spec: The section.
        **extra: Further keyword arguments of the outermost call; they win over
            the entries of `spec`.

    Returns:
        The object, or for a section without "class" its value.

    Raises:
        InvalidPreset: If the class does not exist, takes no such argument, or
            refuses a value.

    Example:
        >>> build({"class": "keras.layers.Dense", "units": 3}).units
        3
    """
    if isinstance(spec, list):
        return [build(entry) for entry in spec]
    if not isinstance(spec, dict):
        return spec
    if "class" not in spec:
        return {key: build(value) for key, value in {**spec, **extra}.items()}
    name = spec["class"]
    target = resolve(name)
    given = {key: build(value) for key, value in spec.items() if key != "class"}
    given.update(extra)
    if "preset" in given and hasattr(target, "from_preset"):
        target = target.from_preset
        return _call(f"{name}.from_preset", target, given.pop("preset"), **given)
    check_arguments(name, target, list(given))
    return _call(name, target, **given)


def _call(what: str, target: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    try:
        return target(*args, **kwargs)
    except (ValueError, TypeError) as error:
        raise InvalidPreset(f"{what}: {error}") from error
