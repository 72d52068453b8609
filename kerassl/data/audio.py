"""Folders and tables of sound files as a source."""

import concurrent.futures
import dataclasses
import os

import numpy as np

from kerassl.checks import check_integer, check_number, user_path
from kerassl.data.audio_files import (
    RATES,
    SUFFIXES,
    Recording,
    Unreadable,
    find_audio_files,
)
from kerassl.data.class_folders import read_test, set_classes, set_labels
from kerassl.data.name_labels import NameLabels
from kerassl.data.tables import FilesSource, found_files
from kerassl.errors import InvalidType, InvalidValue
from kerassl.progress import track

# Decoded sounds up to this many bytes are kept, so that a file is read once.
CACHE_BYTES = 1 << 30
PROGRESS_FILES = 500
# Seconds below which there is nothing to hear.
SHORTEST = 0.1
# Of a long file's last window, the share that must be filled.
LEAST_REST = 0.25
MAX_SECONDS = 600.0
FULL_SCALE = 32768


@dataclasses.dataclass(frozen=True)
class Window:
    """A part of a sound file.

    Attributes:
        file: Its number.
        start: The first sample, at the source's rate.
        length: Samples that are no padding.
    """

    file: int
    start: int
    length: int


@dataclasses.dataclass
class Decoded:
    """What a file has given.

    Attributes:
        windows: List of (start, length, int16 samples or None where not kept).
        gain: What its samples are multiplied by, to lie within full scale.
        reasons: Why it, or parts of it, are left out.
    """

    windows: list
    gain: float = 1.0
    reasons: tuple = ()


class AudioFolder(FilesSource):
    """Sounds in a folder, or those that a table lists, in windows of one length.

    WAV, FLAC, Ogg (Vorbis and Opus), MP3, AIFF, AU, CAF and W64 files are read, of any
    depth and sample rate; channels are averaged. Longer files are cut into windows
    one after the other, shorter ones and the rest of a long one are padded with zeros
    at the end: `fetch` gives a dict of `"waveform"`, int16 (batch, samples), and
    `"length"`, int32 (batch,), the samples that are no padding. 16 bits hold all that
    a log-mel can tell; a file of floats that goes beyond full scale is made quieter.

    Subfolders are classes when the sounds lie in two or more of them, or the files'
    names hold the label (`label_pattern`). Folders called `train`, `val` and `test`
    are splits, and a table may list files and labels, as in `ImageFolder`. `notes`
    says what was found.

    All files are decoded once at the start. What is no sound, cannot be decoded, is
    silent, shorter than 0.1 s or longer than 24 hours is left out, counted in
    `num_skipped` and named in `skipped`.

    Args:
        path: The folder, or the table.
        sample_rate: Samples a second of the waveforms, in Hz, to which files of
            another rate are resampled.
        seconds: Length of a window.
        label_pattern: A regular expression with one group, matched from the
            beginning of a file's name; the group is its class. None for none.
            `r"(\\d)_"` finds the 7 in "7_jackson_32.wav". Files whose name does not
            match are left out.
        cache: Whether the decoded sounds stay in memory; None keeps them when they
            take at most 1 GiB, 9 hours at 16 kHz. Else each is read when it is asked
            for; of an MP3 all that comes before it, too, as it cannot be searched.
        field: Of a table: name of the column of paths; None for `path` or
            `file_name`.
        label_field: Of a table: name of the column of labels, strings or integers;
            None for no labels.
        separator: Of a table: the character between cells, as for `TextSource`.

    Raises:
        FileNotFoundError: If there is no such folder, or it has no sounds.
        NotADirectoryError: If `path` is a file, and no table.
        ImportError: If soundfile is not installed.
        ValueError: If no sound can be used, a table lacks a column, or an option is
            invalid.

    Example:
        >>> source = AudioFolder("calls", seconds=2.0)  # doctest: +SKIP
        >>> source.fetch([0, 1])["waveform"].shape  # doctest: +SKIP
        TensorShape([2, 32000])
    """

    modality = "audio"
    suffixes = SUFFIXES
    unit = "windows of sound"

    @classmethod
    def fitted_options(cls, sections):
        """Returns the rate that the pretext layer takes, and windows as the preset's.

        Its own data say how long these are.
        """
        options = {}
        for section, name in (("pretext", "sample_rate"), ("data", "seconds")):
            if name in sections.get(section, {}):
                options[name] = sections[section][name]
        return options

    def __init__(
        self,
        path,
        sample_rate=16000,
        seconds=2.0,
        label_pattern=None,
        *,
        cache=None,
        field=None,
        label_field=None,
        separator=None,
    ):
        super().__init__()
        check_integer("sample_rate", sample_rate, least=RATES[0], most=RATES[1])
        check_number("seconds", seconds, least=SHORTEST, most=MAX_SECONDS)
        if cache not in (None, True, False):
            raise InvalidType(f"`cache` must be a bool or None. Received: {cache!r}")
        if label_pattern is not None and label_field is not None:
            raise InvalidValue(
                "`label_pattern` must be None where `label_field` names the labels. "
                f"Received: {label_pattern!r} and {label_field!r}"
            )
        label_of = None if label_pattern is None else NameLabels(label_pattern)
        self.path = user_path(path, "path")
        self.sample_rate, self.seconds = sample_rate, seconds
        self.quantities["sample_rate"] = sample_rate
        self.window_length = round(seconds * sample_rate)
        table = {"field": field, "label_field": label_field, "separator": separator}
        files, classes, test = found_files(self.path, find_audio_files, self, **table)
        if label_of is not None:
            files, classes = self._named(files, label_of)
        counts = np.array(self._read(files, cache))
        self.take([file for file, n in zip(files, counts, strict=True) if n])
        if label_field is None:
            set_classes(self, classes, counts)
        else:
            labels = [name for name, n in zip(classes, counts, strict=True) if n]
            set_labels(self, labels, counts[counts > 0])
        if test is not None:
            options = {"label_pattern": label_pattern, "cache": cache, **table}
            read_test(self, lambda: AudioFolder(test, sample_rate, seconds, **options))

    def __len__(self):
        return len(self._windows)

    def fetch(self, indices):
        import tensorflow as tf

        indices = tf.convert_to_tensor(indices, tf.int64)
        if self._samples is not None:
            waveform = tf.gather(self._samples, indices)
        else:
            waveform = tf.numpy_function(
                self._decode, [indices], tf.int16, stateful=False
            )
            waveform.set_shape([*indices.shape, self.window_length])
        return {"waveform": waveform, "length": tf.gather(self._lengths, indices)}

    def names(self, positions):
        """Returns the files of sounds, and where in a longer one a window begins."""
        windows = [self._windows[int(position)] for position in positions]
        return [
            self._name(self._paths[w.file])
            + (f" from {w.start / self.sample_rate:g} s" if w.start else "")
            for w in windows
        ]

    def describe(self):
        seconds = sum(window.length for window in self._windows) / self.sample_rate
        return {
            **super().describe(),
            "files": len(self.files),
            "sample_rate": self.sample_rate,
            "seconds_of_a_window": self.seconds,
            "seconds": round(seconds, 3),
        }

    def _named(self, files, label_of):
        """Returns files whose names hold a label, and these."""
        names = [label_of(file.name) for file in files]
        for file, name in zip(files, names, strict=True):
            if name is None:
                self.skip(file, "a name that `label_pattern` does not match")
        kept = [(f, n) for f, n in zip(files, names, strict=True) if n is not None]
        if not kept:
            raise InvalidValue(
                f"`label_pattern` must match the names of the {len(files)} files, such "
                f"as {files[0].name!r}. It matches none of them."
            )
        return [file for file, _ in kept], [name for _, name in kept]

    def _read(self, files, cache):
        """Decodes all files, keeps the windows, and returns how many of each."""
        import tensorflow as tf

        self._windows, self._gains, kept, counts = [], {}, [], []
        budget = {None: CACHE_BYTES, True: float("inf"), False: -1}[cache]
        size = 2 * self.window_length
        for number, decoded in enumerate(self._decoded(files, keep=budget > 0)):
            for reason in decoded.reasons:
                self.skip(files[number], reason)
            counts.append(len(decoded.windows))
            for start, length, samples in decoded.windows:
                self._windows.append(Window(number, start, length))
                kept.append(samples)
            self._gains[number] = decoded.gain
            if kept and len(kept) * size > budget:
                kept.clear()
                budget = -1
        if not self._windows:
            first = "; ".join(f"{s.where}: {s.reason}" for s in self.skipped[-3:])
            raise InvalidValue(
                f"None of the {len(files)} sounds in {self.path} can be used: {first}"
            )
        self._paths, self._samples = files, None
        with tf.device("/cpu:0"):  # the input pipeline runs on the host
            lengths = [window.length for window in self._windows]
            self._lengths = tf.constant(lengths, tf.int32)
            if budget > 0:
                samples = self._padded(kept)
                kept.clear()
                self._samples = tf.constant(samples)
        return counts

    def _decoded(self, files, keep):
        """Yields what each file gives, a few of them decoded at a time."""
        # Of few files at a time the windows wait to be taken.
        at_a_time = 4 * (os.cpu_count() or 1)
        bar = track(
            range(0, len(files), at_a_time),
            "Reading sounds",
            shown=len(files) >= PROGRESS_FILES,
        )
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for start in bar:
                some = files[start : start + at_a_time]
                yield from pool.map(lambda file: self._decode_file(file, keep), some)

    def _decode_file(self, file, keep):
        try:
            with Recording(file, self.sample_rate) as recording:
                return self._cut(recording, keep)
        except Unreadable as error:
            return Decoded([], reasons=(str(error),))
        except OSError as error:
            return Decoded([], reasons=(f"not read: {error.strerror}",))

    def _cut(self, recording, keep):
        found = Decoded([], gain=1.0 / recording.peak())
        least = SHORTEST * self.sample_rate
        for start in range(0, recording.samples, self.window_length):
            samples = recording.part(start, self.window_length)
            if start and len(samples) < LEAST_REST * self.window_length:
                break
            if len(samples) < least:
                reason = f"too short: {len(samples) / self.sample_rate:.3g} s"
                found.reasons += (reason,)
                break
            samples = _as_int16(samples, found.gain)
            if not samples.any():
                where = f" (from {start / self.sample_rate:.3g} s)" if start else ""
                found.reasons += (f"silent{where}",)
                continue
            kept = samples if keep else None
            found.windows.append((start, len(samples), kept))
        return found

    def _decode(self, indices):
        """Returns the padded int16 samples of windows, read from their files."""
        parts = []
        for window in (self._windows[int(i)] for i in indices):
            with Recording(self._paths[window.file], self.sample_rate) as recording:
                samples = recording.part(window.start, self.window_length)
            parts.append(_as_int16(samples, self._gains[window.file]))
        return self._padded(parts)

    def _padded(self, parts):
        padded = np.zeros((len(parts), self.window_length), np.int16)
        for row, samples in zip(padded, parts, strict=True):
            row[: len(samples)] = samples
        return padded


def _as_int16(samples, gain):
    scaled = np.round(samples * (gain * FULL_SCALE))
    return np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
