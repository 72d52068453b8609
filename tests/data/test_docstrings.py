import ast
import inspect

import numpy as np
import pytest

from kerassl.data import docs, docstrings


def test_corpus_is_large_clean_and_split_by_module():
    train, test = docs("train"), docs("test")
    texts = [
        [t.decode() for t in source.fetch(np.arange(len(source))).numpy()]
        for source in (train, test)
    ]
    assert train.describe()["bytes"] > 3_000_000
    assert 0.05 < len(test) / len(train) < 0.2
    assert not set(texts[0]) & set(texts[1])
    assert len(set(texts[0])) == len(texts[0])
    assert all(len(t.split()) >= 8 and "\n" not in t for t in texts[1])
    assert not any(">>>" in t for t in texts[0] + texts[1])
    assert train.class_names[0] == "python"
    assert set(np.unique(train.labels)) == set(range(len(train.class_names)))
    assert set(train.describe()["versions"]) == set(train.class_names)


def test_finds_the_docstrings_that_the_parser_finds():
    source = inspect.getsource(inspect)
    wanted = [
        inspect.cleandoc(ast.get_docstring(node, clean=False))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and ast.get_docstring(node)
    ]
    found = docstrings._docstrings(source)
    triple = [text for text in wanted if "\n" in text]
    assert len(triple) > 20
    assert set(triple) <= set(found)


def test_keeps_prose_and_drops_the_rest():
    text = """Compute the mean of an array along the given axis.

    >>> mean([1, 2, 3]) is a doctest that must not be taken along
    2.0

    Parameters
    ----------
    axis : int or None, which is the name and the type of it here
        The axis along which the mean is taken, by default all
        of them, as in :func:`numpy.mean`.

    - The first item of a list is a sentence of its own here.
    - The second item of a list is a sentence of its own too.

    x = a[i] + b[j] * c[k] - 3.14 ** (d / e) % f << 2 | g & h
    """
    assert list(docstrings._paragraphs(inspect.cleandoc(text), min_words=8)) == [
        "Compute the mean of an array along the given axis.",
        "The axis along which the mean is taken, by default all of them, as in "
        "numpy.mean.",
        "The first item of a list is a sentence of its own here.",
        "The second item of a list is a sentence of its own too.",
    ]


def test_split_is_checked():
    with pytest.raises(ValueError, match="`split`"):
        docs("valid")
