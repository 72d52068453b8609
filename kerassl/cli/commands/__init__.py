"""One module a command, each with `add`, which declares it, and `run`."""

from kerassl.cli.commands import (
    allowed,
    embed,
    evaluate,
    explain,
    listing,
    prepare,
    pretrain,
    preview,
    search,
    show,
)

# In the order in which `kerassl --help` shows them.
COMMANDS = (
    pretrain,
    prepare,
    evaluate,
    embed,
    search,
    explain,
    listing,
    show,
    preview,
    allowed,
)
