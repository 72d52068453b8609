"""The speed benchmark: statistics, refusals, and one tiny run of a contender."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def speed(monkeypatch):
    """Makes `benchmarks` importable, after what is installed."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT)])
    import benchmarks.speed

    return benchmarks.speed


def measured(step_seconds, rate=0.0, losses=(), others=0.0, **versions):
    return {
        "step_seconds": step_seconds,
        "rate": rate,
        "first_seconds": 10 * step_seconds,
        "peak_mb": 1000 * step_seconds,
        "losses": list(losses),
        "others": others,
        "versions": versions,
    }


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.speed", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_summary_takes_medians_and_the_ratio_to_the_first(speed):
    from benchmarks.speed import table

    results = {
        "peer": [measured(s, losses=[3, 2]) for s in (0.2, 0.9, 0.4)],
        "kerassl": [measured(s, losses=[3, 1]) for s in (0.1, 0.1, 0.7)],
    }
    summary = table.summarize(results, None)
    peer, own = summary["peer"], summary["kerassl"]
    assert (peer["value"], peer["low"], peer["high"]) == (400, 200, 900)
    assert (peer["ratio"], own["ratio"]) == (1, 0.25)
    assert (own["peak_mb"], own["first_seconds"]) == (100, 1)
    assert own["losses"] == (3, 1)
    assert table.markdown(summary, None).splitlines() == [
        "| contender | ms a step | rounds | ratio to peer | peak memory, MB "
        "| first step, s | loss, first to last step |",
        "|---|---|---|---|---|---|---|",
        "| peer | 400 | 200 to 900 | 1.00 | 400 | 4.0 | 3.00 to 2.00 |",
        "| kerassl | 100 | 100 to 700 | 0.25 | 100 | 1.0 | 3.00 to 1.00 |",
    ]


def test_summary_of_a_rate_counts_a_second(speed):
    from benchmarks.speed import table

    results = {
        "peer": [measured(1, rate=1000), measured(1, rate=3000), measured(1, rate=1)],
        "kerassl": [measured(1, rate=8000)],
    }
    summary = table.summarize(results, "views")
    assert summary["kerassl"]["ratio"] == 8
    text = table.markdown(summary, "views")
    assert "| peer | 1,000 | 1.0 to 3,000 | 1.00 |" in text
    assert "views a second" in text and "loss" not in text


def test_versions_and_disturbance_cover_all_contenders(speed):
    from benchmarks.speed import table

    results = {
        "peer": [measured(1, others=0.1, Python="3.11", torch="2")],
        "kerassl": [measured(1, others=0.3, Python="3.12", keras="3"), measured(1)],
    }
    assert table.versions(results) == "Python 3.11 and 3.12, torch 2, keras 3"
    assert table.others(results) == 0.3


@pytest.mark.parametrize("losses", [[3.0, float("nan")], [3.0, 3.1], [2.0, 2.0]])
def test_training_that_does_not_work_is_refused(speed, losses):
    from benchmarks.speed import rounds

    with pytest.raises(rounds.Failed, match="kerassl"):
        rounds.check_losses("kerassl", losses)


def test_clock_leaves_out_the_first_step_and_the_warmup(speed, monkeypatch):
    from benchmarks.speed import clock as module

    now = iter([0.0, 10.0, 15.0, 16.0, 18.0, 21.0])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(now))
    clock = module.Clock(warmup=1, steps=3)
    clock.begin()
    assert [clock.tick(loss) for loss in (5, 4, 3, 2, 1)] == [False] * 4 + [True]
    report = clock.report(amount=12)
    assert report["first_seconds"] == 10
    assert report["step_seconds"] == 2  # the median of 1, 2 and 3
    assert report["rate"] == 6
    assert report["losses"] == [5, 4, 3, 2, 1]
    assert report["peak_mb"] >= 0


def test_clock_counts_steps_that_are_made_at_once(speed, monkeypatch):
    from benchmarks.speed import clock as module

    now = iter([0.0, 10.0, 14.0, 30.0])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(now))
    clock = module.Clock(warmup=0, steps=2)
    clock.begin()
    assert [clock.tick(steps=steps) for steps in (7, 2, 8)] == [False, False, True]
    report = clock.report(amount=4)
    assert (report["steps"], report["step_seconds"], report["rate"]) == (10, 2, 2)


def test_clock_goes_on_for_some_seconds(speed, monkeypatch):
    from benchmarks.speed import clock as module

    now = iter(range(100))
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(now))
    clock = module.Clock(warmup=0, steps=1, seconds=5)
    clock.begin()
    assert [clock.tick() for _ in range(6)] == [False] * 5 + [True]


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["mlp"], "'mlp'"),
        (["mlm", "--against", "fastest"], "huggingface-compiled"),
        (["clm", "--setting", "7"], "50257, 8192"),
        (["mlm", "--rounds", "0"], "at least 1"),
        (["mlm", "--against", "huggingface", "--peers", "none"], "prepare --peers"),
    ],
)
def test_mistakes_are_named(arguments, said):
    done = command(*arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_contenders_run_and_the_absent_are_named(tmp_path):
    done = command(
        *("simclr", "--quick", "--rounds", "1", "--peers", "none"),
        *("--out", str(tmp_path / "all.json")),
    )
    assert done.returncode == 0, done.stderr
    assert "| kerassl-graph |" in done.stdout and "| kerassl |" in done.stdout
    assert "Not measured: torch, there is no" in done.stdout
    (result,) = json.loads((tmp_path / "all.json").read_text())["quick"]["kerassl"]
    assert result["rate"] > 0 and result["peak_mb"] > 0 and result["steps"] >= 5
    assert result["losses"][-1] < result["losses"][0]
    assert "tensorflow" in result["versions"]
