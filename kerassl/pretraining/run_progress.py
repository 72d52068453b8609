"""How far a run is: one bar, and one estimate, for training and measuring together."""

import contextlib
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Column

# A part of which this share is done is judged by its own pace alone.
KNOWN_SHARE = 0.25
# Work that must be done before a pace says something.
LEAST_SECONDS = 1.0
# Where no bar is shown, seconds between two lines, at least, and lines of a run.
LINE_SECONDS, LINES = 30.0, 20


class RunProgress(Progress):
    """Shows all parts of a run as one bar, with the time that is left for all.

    Each part has an amount of work, in passes of an example through the encoder, and
    whatever it adds as a task moves the bar while it lasts. Parts that have not begun
    are judged by the pace of the last one, work for work. Where the error stream is no
    terminal, plain lines are written now and then instead. As a measure's `progress`
    it is true where something is shown.

    Args:
        shown: Whether to show anything.
        console: A `rich.console.Console`; None for one on the error stream.

    Example:
        >>> with RunProgress(shown=False) as progress:
        ...     progress.expect({"training": 9.0})
        ...     with progress.part("training"):
        ...         task = progress.add_task("training", total=3)
        ...         progress.advance(task, 2)
        >>> progress.share() < 1
        False
    """

    def __init__(self, shown=True, console=None):
        console = Console(stderr=True) if console is None else console
        self._shown = bool(shown)
        self._whole = None  # rich asks for what to show before there is anything
        self._lines = shown and not console.is_terminal
        super().__init__(
            TextColumn(
                "{task.description}",
                markup=False,
                table_column=Column(ratio=2, no_wrap=True, overflow="ellipsis"),
            ),
            BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=8)),
            TaskProgressColumn(table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[left]}", table_column=Column(no_wrap=True)),
            console=console,
            disable=not shown or not console.is_terminal,
            transient=True,
            expand=True,
        )
        self.work = {}
        self._began = self._told = time.monotonic()
        self._part = self._current = self._pace = None
        self._done, self._share = set(), 0.0
        self._estimated = False
        self._whole = super().add_task("starting", total=1.0, left="")

    def __bool__(self):
        return self._shown

    def __enter__(self):
        """Shows nothing before it is known what is expected."""
        return self

    def expect(self, parts):
        """Shows the bar of a run.

        Args:
            parts: {name: work} in the order in which they will be done.
        """
        self.work = dict(parts)
        self.start()

    @contextlib.contextmanager
    def part(self, name):
        """Counts what is added meanwhile as that part of the run."""
        self._part, self._current = name, None
        try:
            yield
        finally:
            self._pace = self._own_pace() or self._pace
            self._done.add(name)
            self._part = self._current = None

    def add_task(self, description, start=True, total=100.0, completed=0, **fields):
        """Adds what moves the bar from now on, instead of what did before."""
        fields = {"begun": completed, **fields}
        added = super().add_task(description, start, total, completed, **fields)
        self._current = self._tasks[added]
        return added

    def update(self, task_id, **changes):
        super().update(task_id, **changes)
        self._moved()

    def advance(self, task_id, advance=1):
        super().advance(task_id, advance)
        self._moved()

    def start_task(self, task_id):
        """Starts the clock of a task: what it has done by then is not counted."""
        super().start_task(task_id)
        task = self._tasks[task_id]
        task.fields["begun"] = task.completed

    def seconds_left(self):
        """Returns {part: seconds} of what is not done, None where no pace is known."""
        left = {}
        pace = self._pace
        for name, work in self.work.items():
            if name in self._done:
                continue
            expected = None if pace is None else pace * work
            if name == self._part:
                own = self._own_pace()
                share = self._part_share()
                if own is not None:
                    weight = min(1.0, share / KNOWN_SHARE) if pace is not None else 1.0
                    pace = own if pace is None else weight * own + (1 - weight) * pace
                    expected = pace * work * (1 - share)
                elif expected is not None:
                    expected *= 1 - share
            left[name] = expected
        return left

    def share(self):
        """Returns how much of the run is done, from 0 to 1, as far as is known."""
        if set(self.work) <= self._done:
            return 1.0
        left = self.seconds_left().values()
        if all(seconds is not None for seconds in left):
            gone = time.monotonic() - self._began
            # A bar that goes back tells less than one that waits.
            self._share = max(self._share, gone / max(gone + sum(left), 1e-9))
        return self._share

    def get_renderables(self):
        """Yields the one line of the whole run."""
        if self._whole is None:
            return
        whole = self._tasks[self._whole]
        whole.description = self._description()
        whole.completed, whole.fields["left"] = self.share(), self._left()
        yield self.make_tasks_table([whole])

    def _description(self):
        if self._current is None:
            return self._part or ("writing" if self._done else "starting")
        detail = self._current.fields.get("detail", "")
        return f"{self._current.description}{detail}"

    def _left(self):
        left = self.seconds_left().values()
        known = left and all(seconds is not None for seconds in left)
        return f"{duration(sum(left))} left" if known else ""

    def _part_share(self):
        task = self._current
        if task is None or not task.total:
            return 0.0
        begun = task.fields["begun"]
        return min(1.0, (task.completed - begun) / max(task.total - begun, 1e-9))

    def _own_pace(self):
        """Returns seconds for a unit of the work of this part, None if unknown."""
        share = self._part_share()
        if not share or self._current.start_time is None:
            return None
        if self._part not in self.work:
            return None  # nothing was said of how much there is
        seconds = self.get_time() - self._current.start_time
        if seconds < LEAST_SECONDS and share < KNOWN_SHARE:
            return None
        return seconds / share / max(self.work[self._part], 1e-9)

    def _moved(self):
        if self._part is None or not (self._lines or self.live.is_started):
            return
        now = time.monotonic()
        if not self._estimated and self._own_pace() is not None:
            self._estimated, self._told = True, now
            self._tell(f"About {_listed(self.seconds_left())}.")
        left = self.seconds_left().values()
        if not self._lines or any(seconds is None for seconds in left):
            return
        every = max(LINE_SECONDS, (now - self._began + sum(left)) / LINES)
        if now - self._told >= every:
            self._told = now
            self._tell(f"{self._description()}: {self.share():.0%}, {self._left()}")

    def _tell(self, line):
        # A stream that is no terminal has no width: a line stays one line.
        width = {"soft_wrap": True} if self._lines else {}
        self.console.print(line, markup=False, highlight=False, **width)


def duration(seconds):
    """Returns a time as people say it.

    Example:
        >>> duration(4), duration(80), duration(7000)
        ('4 s', '1 min', '1 h 57 min')
    """
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _listed(left):
    known = {n.replace("_", " "): s for n, s in left.items() if s is not None}
    parts = [f"{duration(seconds)} for {name}" for name, seconds in known.items()]
    whole = f": {duration(sum(known.values()))} together" if len(parts) > 1 else ""
    return f"{' and '.join(parts)}{whole}"


def part_of(progress, name):
    """Returns the context of a part of a run's progress, if it is such.

    Args:
        progress: A `RunProgress`, or whatever else a measure takes.
        name: The part.
    """
    shown = isinstance(progress, RunProgress)
    return progress.part(name) if shown else contextlib.nullcontext()
