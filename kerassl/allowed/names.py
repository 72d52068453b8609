"""From the dotted names of a file to the classes and functions they stand for."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from kerassl.allowed.parts import DENIED, KINDS, MOVED, Kind
from kerassl.checks import suggest
from kerassl.errors import InvalidValue, MissingPackage

_PACKAGES = ("kerassl", "keras", "keras_hub")

# Modules of `--import`, whose public classes are looked at too.
_OWN: list[str] = []


class NotAllowed(InvalidValue):
    """A file names something that it may not name."""


def allow(module: str) -> None:
    """Imports a module of your own and lets files name its classes.

    Call it only for code that you would run: the module is imported. Of its
    public classes a file can then name those that derive from the base of their
    kind, such as `kerassl.pretext.PretextLayer`, and none of its functions.

    Args:
        module: Its dotted name, found as `import` finds it.

    Raises:
        ImportError: If there is no such module, or an error in it.
        ValueError: If it is no dotted name.

    Example:
        >>> allow("collections")
        >>> find("collections.Counter", "pretext")
        Traceback (most recent call last):
        ...
        kerassl.allowed.names.NotAllowed: class: 'collections.Counter' is no pretext \
layer that a file may name.
    """
    if not isinstance(module, str) or not all(
        part.isidentifier() for part in module.split(".")
    ):
        raise InvalidValue(
            f"import: expected the dotted name of a module, received {module!r}."
        )
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise _broken(module, error) from error  # what the module itself imports
        raise MissingPackage(
            f"import: expected a module that Python finds, received {module!r}."
        ) from error
    except Exception as error:  # whatever runs in it
        raise _broken(module, error) from error
    if module not in _OWN:
        _OWN.append(module)


def _broken(module: str, error: Exception) -> MissingPackage:
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return MissingPackage(f"import: the module {module!r} fails with {said}")


def find(name: Any, kind: str | None = None) -> Callable[..., Any]:
    """Returns the class or function that a dotted name stands for.

    Args:
        name: Such as "kerassl.models.SimCLR".
        kind: Which part it must be, a key of `KINDS`; None for any of them.

    Raises:
        NotAllowed: If it does not exist or is no such part.

    Example:
        >>> find("keras.layers.Dense", "layer").__name__
        'Dense'
    """
    kinds = KINDS if kind is None else (kind,)
    found = _look_up(name)
    if inspect.isclass(found) or inspect.isfunction(found):
        if any(_is_part(name, found, kind) for kind in kinds):
            return found
    elif not callable(found):
        raise NotAllowed(f"class: {name!r} is not a class or function to call.")
    what = "part" if kind is None else KINDS[kind].what
    raise NotAllowed(f"class: {name!r} is no {what} that a file may name.")


def public_names(kind: str) -> list[str]:
    """Returns the shortest names of all parts of a kind, in alphabetical order.

    Args:
        kind: A key of `KINDS`.

    Example:
        >>> "kerassl.pretext.TwoViews" in public_names("pretext")
        True
    """
    part = KINDS[kind]
    names: dict[Any, str] = {_look_up(name): name for name in reversed(part.names)}
    for module in [*_modules_of(part), *_OWN]:
        home = importlib.import_module(module)
        for attribute in dir(home):
            name = f"{module}.{attribute}"
            if attribute.startswith("_"):
                continue
            found = getattr(home, attribute)
            if not isinstance(found, ModuleType) and _is_part(name, found, kind):
                names.setdefault(found, name)
    return sorted(names.values())


def rules() -> str:
    """Returns the allow list as text, a paragraph for each kind of part.

    Example:
        >>> rules().splitlines()[0]
        'source: a source of examples'
    """
    lines = []
    for kind, part in KINDS.items():
        article = "an" if part.what[0] in "aeiou" else "a"
        lines.append(f"{kind}: {article} {part.what}")
        bases = " or ".join(part.bases)
        lines.append(
            f"    classes of {', '.join(part.modules)} that derive from {bases}"
        )
        if _OWN:
            bases = " or ".join(part.bases + part.own_bases)
            lines.append(f"    classes of {', '.join(_OWN)} that derive from {bases}")
        lines += [f"    {name}" for name in part.names]
        if "kerassl" in {module.partition(".")[0] for module in part.modules}:
            lines.append(f"    functions of kerassl that are marked as a {kind}")
    lines.append("never: what runs code, or reads and writes files")
    lines += [f"    {name}" for name in DENIED]
    return "\n".join(lines)


def is_denied(found: Any) -> bool:
    """Tells whether a class runs code or touches files, whatever it derives from."""
    return inspect.isclass(found) and issubclass(found, classes(DENIED))


def public(name: str) -> Any:
    """Returns what a public dotted name of an imported package stands for.

    Args:
        name: A module, or something in one.

    Raises:
        AttributeError: If there is no such thing.
    """
    root, *parts = name.split(".")
    found: Any = importlib.import_module(root)
    for part in parts:
        # Of a class no attribute is reached, such as its `from_config`.
        if not isinstance(found, ModuleType) or part.startswith("_"):
            raise AttributeError(name)
        if not hasattr(found, part) and root == "kerassl":
            _import_own(f"{found.__name__}.{part}")
        found = getattr(found, part)
        if isinstance(found, ModuleType) and found.__name__.split(".")[0] != root:
            raise AttributeError(name)
    return found


def _import_own(module: str) -> None:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise AttributeError(module) from error


def _look_up(name: Any) -> Any:
    if not isinstance(name, str) or not all(
        part.isidentifier() and not part.startswith("_") for part in name.split(".")
    ):
        raise NotAllowed(f"class: expected a dotted name, received {_short(name)}.")
    root = name.partition(".")[0]
    if root not in _PACKAGES and _own_module(name) is None:
        raise NotAllowed(
            f"class: expected a name of {', '.join([*_PACKAGES, *_OWN])}, received "
            f"{_short(name)}. `--import MODULE`, in Python `zoo.allow`, adds the "
            "classes of a module of your own."
        )
    try:
        return public(MOVED.get(name, name))
    except AttributeError as error:
        hint = _suggestion(name)
        raise NotAllowed(f"class: {_short(name)} does not exist.{hint}") from error


def _short(name: Any) -> str:
    text = repr(name)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _suggestion(name: str) -> str:
    module, _, last = name.rpartition(".")
    try:
        known = [n for n in dir(public(module)) if not n.startswith("_")]
    except AttributeError:
        return ""
    return suggest(last, known)


def _own_module(name: str) -> str | None:
    return next((module for module in _OWN if name.startswith(f"{module}.")), None)


def _is_marked(found: Any, kind: str) -> bool:
    """Tells whether something is a function of kerassl that `part` has marked."""
    return (
        inspect.isfunction(found)
        and found.__module__.partition(".")[0] == "kerassl"
        and vars(found).get("kerassl_part") == kind
    )


def _is_part(name: str, found: Any, key: str) -> bool:
    kind = KINDS[key]
    if any(_exists(allowed) is found for allowed in kind.names):
        return True
    if _is_marked(found, key):
        return True
    if not inspect.isclass(found) or is_denied(found):
        return False
    if _own_module(name) is not None:
        return issubclass(found, classes(kind.bases + kind.own_bases))
    below = any(name.startswith(f"{module}.") for module in kind.modules)
    home = found.__module__.partition(".")[0]
    return (
        below
        and home == name.partition(".")[0]
        and issubclass(found, classes(kind.bases))
    )


@functools.cache
def classes(names: tuple[str, ...]) -> tuple[type, ...]:
    """Returns the classes of the allow list that go by these names."""
    return tuple(found for name in names if (found := _exists(name)) is not None)


def _exists(name: str) -> Any:
    """Returns what the allow list calls by `name`, None where it is not there."""
    try:
        return public(name)
    except AttributeError:
        return None


def _modules_of(kind: Kind) -> list[str]:
    """Returns the public modules in which classes of a kind are shown."""
    shown = []
    for module in (name.rpartition(".")[0] for name in (*kind.bases, *kind.names)):
        if module not in shown and module != "keras":
            shown.append(module)
    for module in kind.modules:
        if module not in shown and module not in _PACKAGES:
            shown.append(module)
    return [name for name in shown if name in sys.modules or _exists(name) is not None]
