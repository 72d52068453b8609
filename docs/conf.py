"""Sphinx's settings; `pages.py` writes what is made of the code itself."""

import inspect
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pages  # noqa: E402

project = "kerassl"
author = "kerassl contributors"
copyright = "kerassl contributors, Apache-2.0"  # noqa: A001 -- Sphinx's name for it

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["README.md", "site", "executed", "generated/downloads"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3

# Docstrings: what stands between backticks is code.
default_role = "code"
autodoc_default_options = {"members": True}
autosummary_generate = False
autodoc_typehints = "none"
# Those of Keras are in another markup.
autodoc_inherit_docstrings = False
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_custom_sections = [
    ("Call arguments", "params_style"),
    ("Logs", "params_style"),
    "Input",
    "Output",
    "Input and output",
    "Input shape",
    "Output shape",
]

# Tutorials that the tests have not run are run here, in their quick mode; what did not
# change is not run again. `KERASSL_FAST=0 sphinx-build docs site` runs all in full.
nb_execution_mode = "cache"
nb_execution_timeout = 900
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_output_stderr = "remove"
nb_render_markdown_format = "myst"  # with tables

html_theme = "furo"
html_title = "kerassl"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["cards.js"]
html_copy_source = False


def signature_of(app, what, name, obj, options, signature, returned):
    """Returns the arguments of a class that Keras hides behind `*args`."""
    if what != "class" or signature != "(*args, **kwargs)":
        return None
    own = inspect.signature(obj.__init__)
    first, *others = own.parameters.values()
    return str(own.replace(parameters=others)), returned


def tables_of(app, what, name, obj, options, lines):
    """Turns Markdown tables of a docstring, in place, into what Sphinx reads."""
    found = []
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("| "):
            if not before.startswith("|"):
                found += [".. list-table::", "   :header-rows: 1", ""]
            first, *others = line.strip("| ").split(" | ")
            found += [f"   * - {first}", *(f"     - {cell}" for cell in others)]
        elif not line.startswith("|--"):
            found.append(line)
    lines[:] = found


def setup(app):
    app.connect("autodoc-process-signature", signature_of)
    app.connect("autodoc-process-docstring", tables_of)
    app.connect("builder-inited", lambda app: pages.write(Path(app.srcdir)))
