"""The forms that a workload and its contenders have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    """One way to do the work.

    Attributes:
        run: Takes the settings and a `Clock`. It imports what it needs itself: the
            process that only prints the table has none of it.
        needs: Modules that it imports.
        peer: Whether it runs in the environment of the other libraries.
    """

    run: Callable
    needs: tuple[str, ...]
    peer: bool = False


@dataclass(frozen=True)
class Workload:
    """Work that several contenders do.

    Attributes:
        summary: What is measured, one sentence.
        unit: What is counted in a second, such as "tokens", or None where the time
            of a step is measured.
        amount: From settings to how many of them a step works through.
        settings: By name, a dict of sizes with the arguments of the `Clock` under
            "clock".
        quick: Sizes instead of those, which run in seconds and measure nothing.
        contenders: By name; others before kerassl's own, the first is compared to.
    """

    summary: str
    unit: str | None
    amount: Callable[[Mapping], int]
    settings: Mapping[str, Mapping]
    quick: Mapping
    contenders: Mapping[str, Contender]


def ours(run, *needs):
    """Returns a contender that runs where kerassl does."""
    return Contender(run, ("kerassl", "tensorflow", "keras", *needs))


def peer(run, *needs):
    """Returns a contender of the other libraries' environment."""
    return Contender(run, needs, peer=True)
