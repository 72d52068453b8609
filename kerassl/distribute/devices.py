"""What is told where devices are missing."""

from kerassl.errors import InvalidValue


def too_few(kind, wanted, found):
    return InvalidValue(
        f"`strategy` asks for {wanted} {kind} device(s), but {found} were found."
    )
