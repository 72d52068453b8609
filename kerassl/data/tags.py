"""Tags that mark entities: every scheme in use, read as one."""

from kerassl.errors import InvalidValue

# What each prefix says of a word: that it begins an entity or goes on with one, and
# whether the entity ends with it. IOB1, BIO, BIOES, BMES and BILOU have no other.
PREFIXES = {
    "B": ("B", False),
    "I": ("I", False),
    "M": ("I", False),
    "E": ("I", True),
    "L": ("I", True),
    "S": ("B", True),
    "U": ("B", True),
}
OUTSIDE = "O"


def as_bio(tags):
    """Returns tags in the scheme BIO, and how many had to be mended.

    `B-PER` begins an entity of the type PER, `I-PER` goes on with it, `O` is of none.
    An `I-PER` that goes on with nothing begins an entity: so IOB1 means it, where
    entities begin with `I-`, and so scorers read it.

    Args:
        tags: Sequence of strings in any scheme of `PREFIXES`.

    Returns:
        Tuple of strings, and the number of those that became `B-` so.

    Raises:
        ValueError: If one is no such tag.

    Example:
        >>> as_bio(["I-PER", "E-PER", "O", "S-LOC"])
        (('B-PER', 'I-PER', 'O', 'B-LOC'), 1)
    """
    found, mended, open_type = [], 0, None
    for tag in tags:
        if tag == OUTSIDE:
            found.append(tag)
            open_type = None
            continue
        prefix, dash, kind = tag[:1], tag[1:2], tag[2:]
        if prefix not in PREFIXES or dash not in ("-", "_") or not kind:
            raise InvalidValue(f"a tag of no scheme such as BIO: {tag!r:.40}")
        place, ends = PREFIXES[prefix]
        if place == "I" and kind != open_type:
            place, mended = "B", mended + 1
        found.append(f"{place}-{kind}")
        open_type = None if ends else kind
    return tuple(found), mended
