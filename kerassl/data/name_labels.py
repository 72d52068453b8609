"""Labels that the names of files hold."""

import re

from kerassl.errors import InvalidType, InvalidValue

# Longer patterns, and more repeats, are no description of a name. Three repeats of
# a name's 255 bytes are tried in milliseconds, of groups repeated in no time at all.
MOST_CHARACTERS, MOST_REPEATS = 200, 3
_ESCAPES, _CLASSES = re.compile(r"\\."), re.compile(r"\[\^?\]?[^\]]*\]")


class NameLabels:
    """Finds the label in the name of a file by a regular expression.

    It must match from the name's beginning and have one group, which is the label.
    Patterns that could take forever are refused: groups that are repeated, references
    to groups, and more than 3 repeats.

    Args:
        pattern: Such as `r"(\\d)_"`, for which "7_jackson_32.wav" is of class "7".
        name: The user's argument.

    Raises:
        TypeError: If `pattern` is no string.
        ValueError: If it is no such pattern.

    Example:
        >>> NameLabels(r"\\d_([a-z]+)_")("7_jackson_32.wav")
        'jackson'
    """

    def __init__(self, pattern, name="label_pattern"):
        if not isinstance(pattern, str):
            raise InvalidType(f"`{name}` must be a string. Received: {pattern!r}")
        wanted = _refusal(pattern)
        if wanted is None:
            try:
                self._compiled = re.compile(pattern)
            except (re.error, OverflowError, RecursionError) as error:
                wanted = f"be a regular expression ({error})"
        if wanted is None and self._compiled.groups != 1:
            wanted = "have one group in round brackets, which is the label"
        if wanted is not None:
            raise InvalidValue(f"`{name}` must {wanted}. Received: {pattern[:80]!r}")

    def __call__(self, name):
        """Returns the label of a file's name, None where it has none."""
        found = self._compiled.match(name)
        return found.group(1) if found else None


def _refusal(pattern):
    """Returns what a pattern must be that it is not, None if it may be tried."""
    if len(pattern) > MOST_CHARACTERS:
        return f"have at most {MOST_CHARACTERS} characters"
    if re.search(r"\\[1-9]", pattern):
        return "not refer to its groups"
    plain = _CLASSES.sub("x", _ESCAPES.sub("x", pattern))
    if "(?" in plain or re.search(r"\)[*+?{]", plain):
        return "have no group that begins with '?' or is repeated"
    if len(re.findall(r"[*+?{]", plain)) > MOST_REPEATS:
        return f"repeat no more than {MOST_REPEATS} times, by '*', '+', '?' or braces"
    return None
