"""Pictures as files that say of themselves what they show."""

import os
import textwrap

from PIL import Image

from kerassl import files
from kerassl.pictures.fonts import fonts_for
from kerassl.pictures.labels import plain

# Dots an inch of what is written.
DPI = 120
TITLE = "Title"
# Letters of a title in an inch, and in its lines at least.
LETTERS, LEAST_LETTERS = 11, 36
# Inches between a figure and its title.
EDGE = 0.1


def save(figure, path: str | os.PathLike, title: str = "") -> None:
    """Writes a figure as a PNG file, whole or not at all.

    The file carries the figure's title, which `title_of` reads.

    Args:
        figure: A `matplotlib.figure.Figure`.
        path: The file.
        title: What to write above a figure that has no title for all of it.

    Example:
        >>> import tempfile
        >>> from kerassl.pictures import loss_curve
        >>> rows = [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0}]
        >>> path = os.path.join(tempfile.mkdtemp(), "loss.png")
        >>> save(loss_curve(rows), path)
        >>> title_of(path)
        'Loss and measures by step'
    """
    if title and not figure.get_suptitle():
        _write_above(figure, title)
        named = title
    else:
        titles = [figure.get_suptitle(), *(axis.get_title() for axis in figure.axes)]
        named = next(filter(None, titles), "").replace(r"\$", "$")
    with files.atomic(path) as unfinished:
        figure.savefig(
            unfinished,
            dpi=DPI,
            bbox_inches="tight",
            format="png",
            metadata={TITLE: " ".join(named.split())},
        )


def title_of(path: str | os.PathLike) -> str:
    """Returns the title that a picture of `save` carries, "" where there is none.

    Args:
        path: A PNG file.
    """
    with Image.open(path) as image:
        return str(image.info.get(TITLE, ""))


def _write_above(figure, title):
    """Writes a title above all that is drawn, boxes at its edge too."""
    families, drawn = fonts_for([title])
    width = max(LEAST_LETTERS, int(LETTERS * figure.get_figwidth()))
    folded = plain("\n".join(textwrap.wrap(drawn(title), width)))
    place = 1 + EDGE / figure.get_figheight()  # the figure grows by it
    style = {"va": "bottom", "fontsize": "medium", "family": families}
    figure.suptitle(folded, y=place, **style)
