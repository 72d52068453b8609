"""Pages of the reference: every public name, with its docstring."""

import importlib
import inspect
import pkgutil


def pages(groups):
    """Returns {file name: text}: a page for each part, and one that leads to them.

    Args:
        groups: {title: names of the parts below `kerassl` that it holds}.

    Example:
        >>> sorted(pages({"Tasks": ["losses"]}))
        ['index.md', 'losses.md', 'top.md']
    """
    import kerassl

    top = [name for name in public(kerassl) if name != "__version__"]
    found, homes = {}, {}
    lines = ["# Reference", "", "[`kerassl` itself](top.md): "]
    lines[-1] += ", ".join(f"`{name}`" for name in top) + "."
    contents = ["top"]
    for title, parts in groups.items():
        lines += ["", f"## {title}", "", "| part | holds |", "|---|---|"]
        for part in parts:
            module = importlib.import_module(f"kerassl.{part}")
            about = (module.__doc__ or "").strip().splitlines()[0]
            lines.append(f"| [`kerassl.{part}`]({part}.md) | {about} |")
            found[f"{part}.md"] = _page(module, homes)
        contents += parts
    found["top.md"] = f"# kerassl\n\n{_rst(_entries('kerassl', top, {}))}"
    listed = "\n".join(contents)
    lines += ["", f"```{{toctree}}\n:hidden:\n\n{listed}\n```\n"]
    return {"index.md": "\n".join(lines), **found}


def public(module):
    """Returns the public names of a module, other modules left out.

    Those of `__all__`, or else what a package imports and a module defines.

    Example:
        >>> from kerassl import callbacks
        >>> "Checkpoint" in public(callbacks)
        True
    """
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and _is_of(value, module)
    ]
    return [name for name in names if not inspect.ismodule(getattr(module, name))]


def _is_of(value, module):
    home = getattr(value, "__module__", None) or ""
    if hasattr(module, "__path__"):
        return home.startswith("kerassl.")
    return home == module.__name__


def packages(module):
    """Returns a package and those below it that have public names of their own."""
    found, known = [module], set(public(module))
    for inner in pkgutil.iter_modules(getattr(module, "__path__", ())):
        if inner.ispkg:
            below = importlib.import_module(f"{module.__name__}.{inner.name}")
            if hasattr(below, "__all__") and not set(public(below)) <= known:
                found.append(below)
    return found


def _page(module, homes):
    text = f"# {module.__name__}\n"
    for package in packages(module):
        if package is not module:
            text += f"\n## {package.__name__}\n"
        about = inspect.cleandoc(package.__doc__ or "")
        text += "\n" + _rst(
            [about, "", *_entries(package.__name__, public(package), homes)]
        )
    return text


def _entries(module, names, homes):
    """Returns a table of names and what each is, and then each whole.

    `homes` is {id of a value: where it has its entry}; it is filled here.
    """
    home = importlib.import_module(module)
    told = [name for name in names if callable(getattr(home, name))]
    if not names:
        return []
    lines = [f".. currentmodule:: {module}", "", ".. autosummary::"]
    lines += ["   :nosignatures:", "", *(f"   {name}" for name in told), ""]
    for name in names:
        lines += _entry(f"{module}.{name}", getattr(home, name), homes) + [""]
    return lines


def _entry(name, value, homes):
    short = name.rpartition(".")[2]  # of the current module
    if not callable(value):  # a constant has no docstring of its own
        return [f".. py:data:: {short}"]
    kind = "class" if inspect.isclass(value) else "function"
    home = homes.setdefault(id(value), name)
    if home != name:
        return [f".. py:{kind}:: {short}", "", f"   Is :py:obj:`{home}`."]
    if kind == "class" and issubclass(value, BaseException):
        kind = "exception"
    return [f".. auto{kind}:: {name}"]


def _rst(lines):
    return "```{eval-rst}\n" + "\n".join(lines) + "\n```\n"
