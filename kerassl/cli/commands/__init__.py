"""One module a command, each with `add`, which declares it, and `run`."""

from kerassl.cli.commands import (
    allowed,
    compare,
    embed,
    evaluate,
    explain,
    export,
    generate,
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
    compare,
    embed,
    search,
    generate,
    export,
    explain,
    listing,
    show,
    preview,
    allowed,
)
