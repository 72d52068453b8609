"""How classes are told apart in a picture: colours, marks and short names."""

from collections.abc import Sequence

# Okabe and Ito's colours, which people with any kind of colour blindness tell apart,
# without black, and without yellow, which white paper swallows.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#666666")
# Their number shares no factor with that of the colours, so that pairs repeat late.
MARKS = "os^DvPX*"


def look(place: int) -> dict:
    """Returns the colour and mark of one class among many, 56 without repetition.

    Args:
        place: The class, from 0.

    Example:
        >>> look(0)
        {'color': '#0072B2', 'marker': 'o'}
    """
    return {"color": COLOURS[place % len(COLOURS)], "marker": MARKS[place % len(MARKS)]}


def short(name: str, letters: int) -> str:
    """Returns a name in one line of so many letters at most, its middle left out.

    Args:
        name: As it is.
        letters: How many may stay.

    Example:
        >>> short("a very long name", 9)
        'a ver…ame'
    """
    name = " ".join(name.split())
    if len(name) <= letters:
        return name
    tail = (letters - 1) * 3 // 8
    return f"{name[: letters - 1 - tail]}…{name[len(name) - tail :]}"


def short_names(names: Sequence[str], letters: int) -> list[str]:
    """Returns short names, with as many letters more as keep them apart.

    Args:
        names: As they are.
        letters: How many each may keep, where that is enough.

    Example:
        >>> short_names(["class 1 of all", "class 2 of all"], 9)
        ['class 1 … all', 'class 2 … all']
    """
    different, longest = len(set(names)), max(map(len, names), default=0)
    while letters < longest:
        found = [short(name, letters) for name in names]
        if len(set(found)) == different:
            return found
        letters += 4
    return [short(name, letters) for name in names]


def plain(text: str) -> str:
    """Returns a text in which a dollar sign starts no formula.

    Args:
        text: As it is.

    Example:
        >>> print(plain("5 $"))
        5 \\$
    """
    return text.replace("$", r"\$")
