"""An English corpus made of the installed packages' documentation."""

import ast
import functools
import importlib.metadata
import importlib.util
import inspect
import pathlib
import platform
import re
import sysconfig
import textwrap
import zlib

import numpy as np

from kerassl.allowed import part
from kerassl.data.arrays import ArraySource
from kerassl.errors import InvalidValue

DOC_SPLITS = ("train", "test", "all")
# Distribution name: import name. All are requirements of this package.
PACKAGES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "scikit-learn": "sklearn",
    "keras": "keras",
    "matplotlib": "matplotlib",
}
LEFT_OUT = {"site-packages", "dist-packages", "test", "tests", "lib2to3", "idlelib"}
# One module in TEST_SHARE is for testing.
TEST_SHARE = 10
# The string that opens a module, or that follows a line which ends in a colon
# (with comments and blank lines between). Looking for it is ten times as fast
# as parsing, and imports nothing.
_DOCSTRING = re.compile(
    r"(?:\A(?:[ \t]*(?:\#[^\n]*)?\n)*|:[ \t]*(?:\#[^\n]*)?\n(?:[ \t]*(?:\#[^\n]*)?\n)*)"
    r"[ \t]*[rRuU]?(\"\"\".*?(?<!\\)\"\"\"|'''.*?(?<!\\)''')",
    re.DOTALL,
)
_UNDERLINE = re.compile(r"^\s*([=\-~^*#.+`])\1{2,}\s*$")
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d+[.)]|\[\d+\])\s+")
_FIELD = re.compile(r"^\s*[\w*., `\[\]]+\s?:(\s.*)?$")
_WORD = re.compile(r"^[(\"'`*]*[A-Za-z][A-Za-z'’-]*[)\"'`*.,;:!?]*$")
_MARKUP = re.compile(r":[a-z:]+:`~?([^`<]+?)(?:\s*<[^`]*>)?`")
_SENTENCE_START = re.compile(r"^[\"'(`*]*[A-Z]")


@part("source")
def docs(split="train", min_words=8):
    """Returns passages of English from the installed packages' documentation.

    The documentation of Python itself (its language topics and the standard
    library's docstrings) and of NumPy, SciPy, scikit-learn, Keras and
    matplotlib is read from their source files: no download, no import. A
    passage is a paragraph of prose; code, tables, doctests and headings are
    dropped, and so are repetitions. The label is the package.

    One module in ten is for testing, so that the passages of one docstring
    stay on one side. The corpus depends on the installed versions, which
    `describe()` lists.

    Args:
        split: `"train"`, `"test"` or `"all"`.
        min_words: Passages of fewer words are dropped.

    Returns:
        An `ArraySource` of strings.

    Raises:
        ValueError: If the split is unknown.

    Example:
        >>> source = docs()  # doctest: +SKIP
        >>> source.class_names[:2]  # doctest: +SKIP
        ('python', 'numpy')
    """
    if split not in DOC_SPLITS:
        raise InvalidValue(f"`split` must be one of {DOC_SPLITS}. Received: {split!r}")
    passages, labels, tests, versions = _corpus(min_words)
    rows = np.arange(len(passages))
    if split != "all":
        rows = np.flatnonzero(tests == (split == "test"))
    details = {
        "set": "docs",
        "split": split,
        "versions": dict(versions),
        "passages_all_splits": len(passages),
    }
    kept = [passages[i] for i in rows]
    return ArraySource(kept, labels[rows], tuple(versions), details=details)


@functools.cache
def _corpus(min_words):
    """Returns passages, labels, test flags and {package: version}."""
    versions = {"python": platform.python_version()}
    roots = [pathlib.Path(sysconfig.get_paths()["stdlib"])]
    for distribution, name in PACKAGES.items():
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin:
            versions[distribution] = importlib.metadata.version(distribution)
            roots.append(pathlib.Path(spec.origin).parent)
    passages = {}  # text: (label, test flag), in order and without repetitions
    for label, root in enumerate(roots):
        modules = list(_modules(root))
        if label == 0:
            modules += _topics()
        for module, docstrings in modules:
            is_test = zlib.crc32(f"{label}/{module}".encode()) % TEST_SHARE == 0
            for docstring in docstrings:
                for passage in _paragraphs(docstring, min_words):
                    passages.setdefault(passage, (label, is_test))
    labels = np.array([label for label, _ in passages.values()], np.int64)
    tests = np.array([is_test for _, is_test in passages.values()])
    return list(passages), labels, tests, versions


def _modules(root):
    """Yields (module path, its docstrings) in a fixed order."""
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if not LEFT_OUT.intersection(parts):
            source = path.read_text("utf-8", errors="replace")
            yield "/".join(parts), _docstrings(source)


def _topics():
    """Returns the language reference that `help()` shows, as modules."""
    from pydoc_data.topics import topics

    return [(f"topics/{name}", [topics[name]]) for name in sorted(topics)]


def _docstrings(source):
    found = []
    for match in _DOCSTRING.finditer(source):
        literal = match.group(1)
        # A raw docstring keeps its backslashes; few others have any.
        if "\\" in literal and source[match.start(1) - 1] not in "rR":
            try:
                found.append(inspect.cleandoc(ast.literal_eval(literal)))
                continue
            except (SyntaxError, ValueError):
                pass
        found.append(inspect.cleandoc(literal[3:-3]))
    return found


def _paragraphs(text, min_words):
    """Yields the paragraphs of prose in a docstring, each on one line."""
    for block in re.split(r"\n\s*\n", text):
        if ">>>" in block or "::" in block.split("\n", 1)[0]:
            continue
        for lines in _pieces(textwrap.dedent(block).split("\n")):
            passage = _MARKUP.sub(r"\1", " ".join(" ".join(lines).split()))
            passage = passage.replace("`", "").replace("::", ":")
            if _is_prose(passage, min_words):
                yield passage


def _pieces(lines):
    """Yields runs of lines: items and described names begin a new run."""
    piece, indent = [], 0
    for i, line in enumerate(lines):
        after = lines[i + 1] if i + 1 < len(lines) else ""
        if _UNDERLINE.match(line) or _UNDERLINE.match(after):  # a heading
            yield piece
            piece = []
            continue
        depth = len(line) - len(line.lstrip())
        if piece and (_ITEM.match(line) or depth != indent):
            # The text below "name : type" is deeper; the name goes.
            if not (depth > indent and _FIELD.match(piece[-1])):
                yield piece
            piece = []
        piece.append(_ITEM.sub("", line))
        indent = depth if not _ITEM.match(line) else _ITEM.match(line).end()
    yield piece


def _is_prose(passage, min_words):
    words = passage.split()
    if len(words) < min_words or not _SENTENCE_START.match(passage):
        return False
    plain = sum(1 for word in words if _WORD.match(word))
    return plain >= 0.8 * len(words)
