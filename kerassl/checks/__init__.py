"""The checks that arguments have in common: numbers, names, paths, sizes."""

from kerassl.checks.names import check_one_of, suggest
from kerassl.checks.numbers import (
    MOST_FLOAT,
    MOST_INTEGER,
    check_integer,
    check_number,
    check_positive_integers,
    check_rate,
    is_integer,
)
from kerassl.checks.paths import user_path
from kerassl.checks.sizes import check_image_shape, check_width, check_widths

__all__ = [
    "MOST_FLOAT",
    "MOST_INTEGER",
    "check_image_shape",
    "check_integer",
    "check_number",
    "check_one_of",
    "check_positive_integers",
    "check_rate",
    "check_width",
    "check_widths",
    "is_integer",
    "suggest",
    "user_path",
]
