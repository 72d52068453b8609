"""Statistics over the rounds, and the section that is printed."""

import statistics


def summarize(results, unit):
    """Returns a dict of figures for each contender, by name.

    Args:
        results: By contender, the list of its measurements, one a round.
        unit: As in `Workload`.

    Returns:
        By contender, a dict: "value", the median over the rounds of milliseconds a
        step or of `unit` a second; "low" and "high", the extreme rounds; "ratio" of
        the value to the first contender's; "peak_mb" and "first_seconds", medians;
        "losses", the first and the last of the first round, or None.
    """
    summary = {}
    for name, rounds in results.items():
        if unit is None:
            values = [1000 * measured["step_seconds"] for measured in rounds]
        else:
            values = [measured["rate"] for measured in rounds]
        losses = rounds[0]["losses"]
        summary[name] = {
            "value": statistics.median(values),
            "low": min(values),
            "high": max(values),
            "peak_mb": statistics.median(m["peak_mb"] for m in rounds),
            "first_seconds": statistics.median(m["first_seconds"] for m in rounds),
            "losses": (losses[0], losses[-1]) if losses else None,
        }
    reference = next(iter(summary.values()))["value"]
    for figures in summary.values():
        figures["ratio"] = figures["value"] / reference
    return summary


def markdown(summary, unit):
    """Returns the table of a summary."""
    first = next(iter(summary))
    measure = "ms a step" if unit is None else f"{unit} a second"
    columns = ["contender", measure, "rounds", f"ratio to {first}", "peak memory, MB"]
    columns += ["first step, s"]
    if unit is None:
        columns.append("loss, first to last step")
    lines = [_row(columns), "|" + "---|" * len(columns)]
    for name, figures in summary.items():
        cells = [
            name,
            _rounded(figures["value"]),
            f"{_rounded(figures['low'])} to {_rounded(figures['high'])}",
            f"{figures['ratio']:.2f}",
            f"{figures['peak_mb']:,.0f}",
            f"{figures['first_seconds']:.1f}",
        ]
        if unit is None:
            cells.append("{:.2f} to {:.2f}".format(*figures["losses"]))
        lines.append(_row(cells))
    return "\n".join(lines)


def versions(results):
    """Returns the versions of all libraries that took part, one line."""
    found = {}
    for rounds in results.values():
        for library, version in rounds[0]["versions"].items():
            found.setdefault(library, []).append(version)
    return ", ".join(
        f"{library} {' and '.join(dict.fromkeys(numbers))}"
        for library, numbers in found.items()
    )


def others(results):
    """Returns the largest share of the processor that other processes took."""
    return max(m["others"] for rounds in results.values() for m in rounds)


def _row(cells):
    return "| " + " | ".join(cells) + " |"


def _rounded(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
