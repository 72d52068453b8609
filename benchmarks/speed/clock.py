"""What a contender's process measures of itself."""

import statistics
import time
from pathlib import Path


class Clock:
    """Times the steps of one contender.

    A contender imports what it needs, calls `begin`, makes its model and its data,
    and calls `tick` after each step until that returns True.

    Args:
        warmup: Steps after the first one that are not timed.
        steps: Timed steps, at least 1.
        seconds: How long the timed steps take together, at least.
    """

    def __init__(self, warmup, steps, seconds=0.0):
        self.warmup = warmup
        self.steps = steps
        self.seconds = seconds
        self.ends = []
        self.counts = []
        self.losses = []

    def begin(self):
        """Starts the clock; the memory that is held now does not count."""
        # Makes the kernel forget the peak of the imports.
        Path("/proc/self/clear_refs").write_text("5")
        self._held = _memory("VmRSS")
        self._start = time.perf_counter()

    def tick(self, loss=None, steps=1):
        """Takes the end of a step.

        Args:
            loss: Its loss, anything that `float` takes, or None.
            steps: How many it stands for, where several are made at once.

        Returns:
            Whether this was the last step.
        """
        self.ends.append(time.perf_counter())
        self.counts.append(steps)
        self.losses.append(loss)
        timed = self._timed()
        return len(timed) > self.steps and timed[-1] - timed[0] >= self.seconds

    def report(self, amount):
        """Returns the measurement as a dict.

        Args:
            amount: What a step works through, such as its tokens.
        """
        timed = self._timed()
        counts = self.counts[self.warmup + 1 :]
        took = [
            (end - start) / count
            for start, end, count in zip(timed, timed[1:], counts, strict=False)
        ]
        return {
            "steps": sum(counts),
            "step_seconds": statistics.median(took),
            "rate": amount * sum(counts) / (timed[-1] - timed[0]),
            "first_seconds": self.ends[0] - self._start,
            "peak_mb": _memory("VmHWM") - self._held,
            "losses": [float(loss) for loss in self.losses if loss is not None],
        }

    def _timed(self):
        return self.ends[self.warmup :]


def _memory(field):
    """Returns a line of this process's memory statistics, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError(f"/proc/self/status has no line {field!r}")
