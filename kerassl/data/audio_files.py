"""Which files are sounds, and what is in them."""

import os

import numpy as np

from kerassl.data.files import files_below, wanted_files
from kerassl.data.resampling import rate_ratio, reach, resample
from kerassl.errors import InvalidValue, MissingPackage

SUFFIXES = (
    ".wav",
    ".wave",
    ".flac",
    ".ogg",
    ".oga",
    ".opus",
    ".mp3",
    ".aif",
    ".aiff",
    ".au",
    ".caf",
    ".w64",
)
# libsndfile's names of what is read, whatever a file is called.
FORMATS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "W64")
# Of telephones and films: they hold sound that libsndfile does not read.
OTHER_SUFFIXES = (".m4a", ".aac", ".wma", ".amr", ".mp4", ".mkv", ".webm", ".mov")
# What a head may say. Beyond it, it is no sound, or would fill the memory.
RATES, MAX_CHANNELS, MAX_HOURS = (1_000, 384_000), 64, 24
# Whose samples may lie beyond full scale.
FLOATS = ("FLOAT", "DOUBLE")
# Its seeking is inexact, so it is read from the start.
NO_SEEKING = ("MP3",)
BLOCK = 1 << 18


class Unreadable(InvalidValue):
    """A file holds no sound that can be used; the message says why."""


def find_audio_files(folder, skip=None):
    """Returns the sorted sound files in a folder and its subfolders.

    Args:
        folder: The folder.
        skip: Function that is told (path, reason) of what is left out, such as
            `Source.skip`; None for none.

    Raises:
        FileNotFoundError: If the folder is missing or holds no sounds; the message
            says what it holds instead.
        NotADirectoryError: If `folder` is a file.
    """
    files = wanted_files(folder, is_audio_file, "Sounds", skip)
    if not files:
        raise FileNotFoundError(_nothing_found(folder))
    return files


def is_audio_file(path):
    """Tells whether a file is a sound, by its name.

    Example:
        >>> import pathlib
        >>> is_audio_file(pathlib.Path("seven.WAV"))
        True
    """
    return path.suffix.lower() in SUFFIXES


class Recording:
    """A sound file that is open, read as one channel at a sample rate.

    Channels are averaged. The samples of a part are those of the whole file, wherever
    it begins: what the resampling filter reads on both sides is read too.

    Args:
        path: The file.
        sample_rate: Samples a second that are wanted, in Hz.

    Attributes:
        samples: How many there are at that rate, by the file's head: no more than
            these can be read, but a file that was cut short has fewer.

    Raises:
        Unreadable: If it is no sound, or its head tells of an absurd one.
        OSError: If the file cannot be read.
    """

    def __init__(self, path, sample_rate):
        self.path = path
        self._file = _opened(path)
        try:
            _check_head(self._file)
        except Unreadable:
            self._file.close()
            raise
        self._up, self._down = rate_ratio(self._file.samplerate, sample_rate)
        self.samples = -(-self._file.frames * self._up // self._down)
        self._first, self._kept = 0, np.zeros(0, "float32")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def part(self, start, count):
        """Returns samples from `start` on, fewer than `count` at the end.

        Args:
            start: Number of the first sample, at the rate that is wanted.
            count: How many.

        Returns:
            Float32 array.

        Raises:
            Unreadable: If they cannot be decoded, or are NaN or infinite.
        """
        up, down = self._up, self._down
        if up == down:
            return self._native(start, start + count)
        # A step is `down` given samples, which become `up`: it begins on both.
        margin = reach(up, down)
        first = max(0, start // up - margin)
        last = -(-(start + count) // up) + margin
        made = resample(self._native(first * down, last * down), up, down)
        return made[start - first * up :][:count]

    def peak(self):
        """Returns the largest absolute value where it may be above 1, else 1.0."""
        largest, start = 1.0, 0
        while self._file.subtype in FLOATS:
            block = self._native(start, start + BLOCK)
            if not len(block):
                break
            largest = max(largest, float(np.abs(block).max()))
            start += BLOCK
        return largest

    def _native(self, start, stop):
        """Returns given samples as one channel, reading none twice in a row."""
        start, stop = min(start, self._file.frames), min(stop, self._file.frames)
        end = self._first + len(self._kept)
        if not self._first <= start <= end:
            self._seek(start)
            self._first, self._kept = start, np.zeros(0, "float32")
        self._kept = self._kept[start - self._first :]
        self._first = start
        missing = stop - start - len(self._kept)
        if missing > 0:
            self._kept = np.concatenate([self._kept, self._read(missing)])
        return self._kept[: stop - start]

    def _seek(self, start):
        if self._file.format not in NO_SEEKING:
            _of_libsndfile(self._file.seek, start)
            return
        if self._first + len(self._kept) > start:
            self._file.close()
            self._file = _opened(self.path)
            self._first, self._kept = 0, np.zeros(0, "float32")
        place = self._first + len(self._kept)
        while place < start:
            read = len(self._read(min(BLOCK, start - place)))
            if not read:
                break
            place += read

    def _read(self, count):
        parts = []
        while count > 0:  # a head may promise more than the memory holds
            block = _of_libsndfile(
                self._file.read, min(count, BLOCK), dtype="float32", always_2d=True
            )
            if not len(block):
                break
            parts.append(block.mean(axis=1))
            count -= len(block)
        samples = np.concatenate(parts) if parts else np.zeros(0, "float32")
        if not np.isfinite(samples).all():
            raise Unreadable("NaN or infinite samples")
        return samples


def _soundfile():
    try:
        import soundfile
    except (ImportError, OSError) as error:  # the latter without its library
        raise MissingPackage(
            "Sound files are read by soundfile. Install it: pip install "
            "'kerassl[audio]'"
        ) from error
    return soundfile


def _opened(path):
    """Returns soundfile's open file, of which only the head is read."""
    with open(path, "rb") as file:  # so that what is missing is told as such
        if not file.read(1):
            raise Unreadable("empty file")
    # Bytes, since a name need not be UTF-8.
    file = _of_libsndfile(_soundfile().SoundFile, os.fsencode(path))
    if file.format not in FORMATS:
        file.close()
        raise Unreadable(f"no sound that is read: {file.format}")
    return file


def _of_libsndfile(function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except _soundfile().SoundFileError as error:
        reason = getattr(error, "error_string", str(error)).strip().rstrip(".")
        raise Unreadable(f"could not be decoded: {reason[:200]}") from error


def _check_head(file):
    least, most = RATES
    if not least <= file.samplerate <= most:
        raise Unreadable(f"a sample rate out of range: {file.samplerate:,} Hz")
    if not 1 <= file.channels <= MAX_CHANNELS:
        raise Unreadable(f"too many channels: {file.channels:,}")
    if file.frames < 1:
        raise Unreadable("no samples")
    hours = file.frames / file.samplerate / 3600
    if hours > MAX_HOURS:
        raise Unreadable(f"too long: {hours:,.0f} hours, at most {MAX_HOURS}")


def _nothing_found(folder):
    from kerassl.data.text import count_suffixes

    found = {path.suffix.lower() for path in files_below(folder)}
    message = (
        f"No sound files in {folder} ({', '.join(SUFFIXES)}); found "
        f"{count_suffixes(folder)}."
    )
    if found & set(OTHER_SUFFIXES):
        message += " Their sound must be turned into FLAC or WAV first, by ffmpeg."
    return message
