"""What a run's report held before it was evaluated anew: it stays below the new."""

from kerassl import runs

# What a report holds of one evaluation.
KEPT = (
    *runs.REPORT_KEYS.values(),
    *("verdict", "measures", "left_out", "transfer_seconds", "page", "asked", "date"),
)


def earlier(run, asked):
    """Returns what earlier evaluations of a run found, the latest first.

    The same question asked again is answered anew, and its earlier answer goes.

    Args:
        run: The `Run`, with the report that stands.
        asked: What the new evaluation was asked, `Findings.asked`.
    """
    report = run.report or {}
    kept = report.get("earlier", [])
    if run.measured:
        last = {key: report[key] for key in KEPT if key in report}
        # Reports of earlier versions keep their page in its own file alone.
        page = run.path / runs.REPORT_PAGE
        if "page" not in last and page.is_file():
            last["page"] = page.read_text("utf-8").split("\n", 1)[-1].strip()
            last.pop("verdict", None)  # its sentences are on that page
        kept = [last, *kept]
    return [each for each in kept if not _same(each.get("asked"), asked)]


def pages_of(report):
    """Yields the pages of earlier evaluations, each under a heading of its own.

    Args:
        report: The report, whose "earlier" `earlier` gave.
    """
    latest = _flat(report["asked"])
    for each in report["earlier"]:
        options = _flat(each.get("asked"))
        words = [f"{k} {v!r}" for k, v in options.items() if latest.get(k, v) != v]
        yield f"## Earlier, {each['date']}" + (f": {', '.join(words)}" if words else "")
        yield from (of["sentence"] for of in each.get("verdict", {}).values())
        yield each.get("page", "").strip()


def _same(before, now):
    """Tells whether two evaluations were asked the same of the same data."""
    in_memory = any(str(value).startswith("<") for value in now.values())
    return bool(now) and before == now and not in_memory


def _flat(asked, prefix=""):
    """Returns nested options as {dotted name: value}."""
    found = {}
    for name, value in (asked or {}).items():
        inner = value if isinstance(value, dict) and value else None
        found |= _flat(inner, f"{prefix}{name}.") if inner else {prefix + name: value}
    return found
