"""How long files and functions are, and which part of the package imports which.

    python -m benchmarks.shape
    python -m benchmarks.shape --mermaid > shape.mmd

All is read from the code, nothing is imported. Lines count as they stand, with
comments and blank ones; those of a function without its docstring. At 0.1.0 this
printed a median of 116 and a 90th percentile of 293 lines a file, 7 and 21 a function.
"""

from __future__ import annotations

import argparse
import ast
import collections
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "kerassl"
LONGEST = 10


def sources(package: Path) -> list[Path]:
    """Returns the package's files of Python, sorted."""
    return sorted(package.rglob("*.py"))


def file_lengths(package: Path) -> dict[str, int]:
    """Returns the lines of each file, by its path within the package."""
    return {
        path.relative_to(package).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in sources(package)
    }


def function_lengths(package: Path) -> dict[str, int]:
    """Returns the lines of each function and method, by "path:line name".

    A function inside of another counts for both. Decorators and the docstring, which
    documentation makes long, do not count.
    """
    lengths = {}
    for path in sources(package):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                where = f"{path.relative_to(package).as_posix()}:{node.lineno}"
                told = [node.body[0]] if ast.get_docstring(node) is not None else []
                lengths[f"{where} {node.name}"] = _extent(node) - sum(
                    map(_extent, told)
                )
    return lengths


def _extent(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def quantile(values: Sequence[int], share: float) -> int:
    """Returns the least value that a share of the values does not exceed.

    Example:
        >>> quantile([1, 2, 3, 4], 0.5)
        2
    """
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def area(parts: Sequence[str]) -> str:
    """Returns which area of the package a file belongs to, or "" for its top."""
    first = parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imports(package: Path) -> collections.Counter[tuple[str, str]]:
    """Returns how many files of one area import another, by (area, other).

    What the package's top exports by name, such as `from kerassl import pretrain`,
    counts for no area, nor does what its `__init__.py` imports.
    """
    areas = {area(path.relative_to(package).parts) for path in sources(package)} - {""}
    found: collections.Counter[tuple[str, str]] = collections.Counter()
    for path in sources(package):
        own = area(path.relative_to(package).parts)
        tree = ast.parse(path.read_text("utf-8"))
        others = set(_imported(tree, package.name)) & areas - {own}
        found.update((own, other) for other in others if own)
    return found


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == package:
            modules = [f"{package}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        for module in modules:
            root, _, rest = module.partition(".")
            if root == package and rest:
                yield rest.partition(".")[0]


def floors(edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Returns the areas from the top down, each above all that it imports.

    Raises:
        ValueError: If areas import each other in a circle.

    Example:
        >>> floors([("cli", "zoo"), ("zoo", "errors"), ("cli", "errors")])
        [['cli'], ['zoo'], ['errors']]
    """
    below = collections.defaultdict(set)
    for one, other in edges:
        below[one].add(other)
        below[other] |= set()
    rows: list[list[str]] = []
    placed: set[str] = set()
    while len(placed) < len(below):
        row = sorted(a for a in set(below) - placed if below[a] <= placed)
        if not row:
            left = ", ".join(sorted(set(below) - placed))
            raise ValueError(f"These import each other in a circle: {left}.")
        rows.insert(0, row)
        placed |= set(row)
    return rows


def table(found: collections.Counter[tuple[str, str]]) -> str:
    """Returns the areas from the top down, with what each imports."""
    lines = []
    for row in floors(list(found)):
        for one in row:
            others = [f"{b} {n}" for (a, b), n in sorted(found.items()) if a == one]
            lines.append(f"{one:>12}  {', '.join(others)}".rstrip())
        lines.append("")
    return "\n".join(lines[:-1])


def mermaid(found: collections.Counter[tuple[str, str]]) -> str:
    """Returns the drawing of the imports that no other path of imports implies."""
    below = collections.defaultdict(set)
    for one, other in found:
        below[one].add(other)

    def reachable(one):
        return below[one].union(*map(reachable, below[one]))

    floors(list(found))  # which raises where there is a circle
    lines = ["graph TD"]
    for one, other in sorted(found):
        if not any(other in reachable(third) for third in below[one] - {other}):
            lines.append(f"    {one} --> {other}")
    return "\n".join(lines)


def _lengths(title: str, lengths: dict[str, int]) -> str:
    values = list(lengths.values())
    lines = [
        f"{len(values)} {title}: median {quantile(values, 0.5)} lines, "
        f"90th percentile {quantile(values, 0.9)}; the longest:"
    ]
    longest = sorted(lengths.items(), key=lambda item: (-item[1], item[0]))[:LONGEST]
    return "\n".join([*lines, *(f"{length:6} {name}" for name, length in longest)])


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the lengths and the imports, or the drawing alone."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shape")
    parser.add_argument("--package", type=Path, default=PACKAGE, help="its folder")
    parser.add_argument(
        "--mermaid", action="store_true", help="print a Mermaid drawing of the imports"
    )
    options = parser.parse_args(arguments)
    found = imports(options.package)
    if options.mermaid:
        print(mermaid(found))
        return
    print(_lengths("files", file_lengths(options.package)))
    print()
    print(_lengths("functions", function_lengths(options.package)))
    print("\nImports, from the top down, with the number of files that import:\n")
    print(table(found))


if __name__ == "__main__":
    main()
