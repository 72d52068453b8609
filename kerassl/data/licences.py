"""Under which licence a source's examples may be used, where it is known."""

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Licence:
    """Which data these are, and who allows what.

    Attributes:
        name: Of the data, in words.
        licence: SPDX identifier, several with "AND", or "public domain".
        address: Where it is said.
    """

    name: str
    licence: str
    address: str


DIGITS = Licence(
    "Optical Recognition of Handwritten Digits, of scikit-learn",
    "CC-BY-4.0",
    "https://archive.ics.uci.edu/dataset/80",
)
FASHION_MNIST = Licence(
    "Fashion-MNIST",
    "MIT",
    "https://github.com/zalandoresearch/fashion-mnist",
)
DOCUMENTATION = Licence(
    "documentation of Python, NumPy, SciPy, scikit-learn, Keras and matplotlib",
    "PSF-2.0 AND BSD-3-Clause AND Apache-2.0",
    "https://docs.python.org/3/license.html",
)
TONES = Licence(
    "tones, chirps and decays made of numbers",
    "Apache-2.0",
    "https://www.apache.org/licenses/LICENSE-2.0",
)
# Of which weights may be passed on, under any name that these data are given.
OPEN = (
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC-BY-4.0",
    "CC0-1.0",
    "MIT",
    "PDDL-1.0",
    "PSF-2.0",
    "public domain",
)
# Of CIFAR and MNIST none is stated.
_OF_SETS = {"fashion_mnist": FASHION_MNIST}
_OF_SOURCES = {
    "kerassl.data.digits": DIGITS,
    "kerassl.data.docs": DOCUMENTATION,
    "kerassl.data.tones": TONES,
}


def licence_of(section: Mapping[str, Any]) -> Licence | None:
    """Returns the licence of the data that a preset's section names.

    Args:
        section: The section "data" of a preset.

    Returns:
        The `Licence`; None where none is known.

    Example:
        >>> licence_of({"class": "kerassl.data.digits"}).licence
        'CC-BY-4.0'
        >>> licence_of({"class": "kerassl.data.keras_dataset", "name": "cifar10"})
    """
    if section.get("class") == "kerassl.data.keras_dataset":
        return _OF_SETS.get(str(section.get("name")))
    return _OF_SOURCES.get(str(section.get("class")))
