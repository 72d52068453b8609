"""The card of each preset, and a table of all that can be filtered."""

import functools
from pathlib import Path

# Making an encoder to count its parameters takes half a second, for each of them.
# A test holds this page to what is counted.
COUNTED = Path(__file__).parents[1] / "zoo" / "README.md"
ABOUT = """# Presets

Everything that `kerassl pretrain` takes by name; a name leads to its card, with what
was measured and how. The verdict says how the features stand to the best that needs no
encoder, by the figures of the card: **better**, **even** or **worse**; of a preset
without one that has not been measured. Minutes are those of two processor cores; the
presets without any want an accelerator or a corpus of yours.
"""
HEAD = (
    "| preset | what | data | family | parameters | minutes | verdict |",
    "|---|---|---|---|---:|---:|---|",
)


def pages():
    """Returns {file name: text}: the cards, and `index.md`, which leads to them."""
    from kerassl import zoo

    names = zoo.names()
    listed = "\n".join(names)
    table = "\n".join([*HEAD, *map(row, names)])
    # `cards.js` puts its filters here; without it this is a table like any other.
    filters = '<div id="card-filters"></div>'
    contents = f"```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
    index = f"{ABOUT}\n{filters}\n\n{table}\n\n{contents}"
    return {"index.md": index, **{f"{name}.md": zoo.card(name) for name in names}}


@functools.cache
def counted():
    """Returns a dict from a preset to the parameters of its encoder, in words."""
    lines = COUNTED.read_text("utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| [`")]
    return {row[0].split("`")[1]: row[3].removesuffix(", trained") for row in rows}


def row(name):
    """Returns the row of a preset.

    Example:
        >>> row("simclr_digits").count("|")
        8
    """
    from kerassl import zoo
    from kerassl.zoo import table

    spec = zoo.config(name)
    cells = (
        f"[{name}]({name}.md)",
        spec["summary"],
        spec["modality"],
        table.family(spec),
        counted()[name],
        f"{spec['minutes']:g}" if "minutes" in spec else "",
        spec.get("verdict", ""),
    )
    return f"| {' | '.join(cells)} |"
