"""One bar and one estimate for a whole run."""

import io

import pytest
from rich.console import Console

from kerassl.pretraining import run_progress
from kerassl.pretraining.run_progress import RunProgress, duration, part_of
from kerassl.transfer.bar import progress_bar


class Clock:
    now = 0.0


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(run_progress.time, "monotonic", lambda: clock.now)
    return clock


def shown(width=80, terminal=True, clock=None):
    console = Console(
        file=io.StringIO(), width=width, force_terminal=terminal, color_system=None
    )
    progress = RunProgress(console=console)
    # rich took the function of its own before the test replaced it.
    progress.get_time = lambda: clock.now
    progress._began = progress._told = clock.now
    return progress


def written(progress):
    return progress.console.file.getvalue()


def line(progress):
    console = Console(width=progress.console.width, color_system=None)
    with console.capture() as said:
        console.print(*progress.get_renderables())
    return said.get().rstrip("\n")


def test_what_has_not_begun_is_judged_by_the_pace_of_what_has(clock):
    progress = shown(clock=clock)
    progress.expect({"training": 100.0, "measuring": 300.0})
    assert progress.seconds_left() == {"training": None, "measuring": None}
    with progress.part("training"):
        task = progress.add_task("training", total=10)
        clock.now = 20.0
        progress.advance(task, 4)
        assert progress.seconds_left() == pytest.approx(
            {"training": 30.0, "measuring": 150.0}
        )
        assert progress.share() == pytest.approx(20 / 200)
    progress.stop()
    assert "About 30 s for training and 2 min for measuring" in written(progress)


def test_a_part_is_more_and_more_judged_by_its_own_pace(clock):
    progress = shown(clock=clock)
    progress.expect({"training": 10.0, "measuring": 10.0})
    with progress.part("training"):
        task = progress.add_task("training", total=10)
        clock.now = 10.0
        progress.advance(task, 10)
    left = []
    with progress.part("measuring"):
        task = progress.add_task("cells", total=100)
        for _ in range(3):
            clock.now += 40.0  # four times as slow as expected
            progress.advance(task, 10)
            left.append(progress.seconds_left()["measuring"])
    progress.stop()
    assert left[0] < left[2] and left[2] == pytest.approx(280.0)
    assert progress.share() == 1.0


def test_the_steps_of_a_resumed_run_and_compiling_do_not_count(clock):
    progress = shown(clock=clock)
    progress.expect({"training": 50.0})
    with progress.part("training"):
        task = progress.add_task("training", start=False, total=100, completed=50)
        clock.now = 60.0  # compiled
        progress.update(task, completed=51)
        progress.start_task(task)
        clock.now = 70.0
        progress.update(task, completed=61)
        assert progress.seconds_left()["training"] == pytest.approx(39.0)
    progress.stop()


def test_a_bar_does_not_go_back(clock):
    progress = shown(clock=clock)
    progress.expect({"training": 10.0})
    with progress.part("training"):
        task = progress.add_task("training", total=10)
        clock.now = 1.0
        progress.advance(task, 5)
        before = progress.share()
        clock.now = 100.0
        assert progress.share() == before
    progress.stop()


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_line_fits_the_terminal(width, clock):
    progress = shown(width, clock=clock)
    progress.expect({"classification": 10.0})
    with progress.part("classification"):
        task = progress.add_task("linear probe, PCA of the pixels", total=10)
        clock.now = 7000.0
        progress.advance(task, 5)
        said = line(progress)
    progress.stop()
    assert len(said) == width and "50%" in said and said.endswith("1 h 57 min left")
    assert "linear probe" in said and "━━━━" in said


def test_where_nobody_looks_there_are_plain_lines_and_few(clock):
    progress = shown(terminal=False, clock=clock)
    progress.expect({"training": 1000.0})
    with progress.part("training"):
        task = progress.add_task("training", total=1000, detail=": step")
        for _ in range(1000):
            clock.now += 1.0
            progress.advance(task)
    progress.stop()
    lines = written(progress).splitlines()
    assert 10 < len(lines) <= run_progress.LINES + 1
    assert not set(written(progress)) & set("\x1b\r━")
    assert lines[0].startswith("About ") and lines[1].startswith("training: step: ")


def test_quiet_is_quiet_and_false(clock):
    console = Console(file=io.StringIO(), force_terminal=True)
    with RunProgress(shown=False, console=console) as progress:
        progress.expect({"training": 1.0})
        with progress.part("training"):
            clock.now = 60.0
            progress.advance(progress.add_task("training", total=2))
    assert not progress and console.file.getvalue() == ""


def test_it_is_where_measures_show_themselves(clock):
    progress = shown(clock=clock)
    with progress_bar(progress) as bar:
        assert bar is progress
    with part_of(True, "a measure"):
        pass
    progress.expect({"a measure": 2.0})
    with part_of(progress, "a measure"):
        assert "a measure" in line(progress)
    progress.stop()
    assert progress.share() == 1.0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "1 s"), (59, "59 s"), (61, "1 min"), (3600, "1 h 0 min")],
)
def test_times_as_people_say_them(seconds, said):
    assert duration(seconds) == said


def test_a_part_of_which_nothing_was_expected_has_no_pace(clock):
    progress = shown(clock=clock)
    with progress.part("training"):
        task = progress.add_task("training", total=4)
        clock.now = 20.0
        progress.advance(task, 2)
    assert progress.seconds_left() == {}
