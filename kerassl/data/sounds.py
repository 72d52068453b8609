"""Tones, chirps and decays that are made of numbers: no file, no download."""

import numpy as np

from kerassl.allowed import part
from kerassl.checks import check_integer, check_number, check_one_of
from kerassl.data.arrays import ArraySource
from kerassl.data.audio_files import RATES

SPLITS, KINDS = ("train", "test"), ("tone", "rising", "falling", "decay")
PITCHES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
LABELS = {"kind": KINDS, "pitch": PITCHES}
NUM_EXAMPLES = {"train": 1200, "test": 400}
# C of the lowest octave that is drawn from, in Hz, and how many octaves there are.
LOWEST, OCTAVES = 130.8128, 3
# Harmonics above the tone itself, and the largest of them all, in parts of full scale.
HARMONICS, LOUDEST = 3, 0.7
# Half a gigabyte.
MAX_SAMPLES = 1 << 28


@part("source")
def tones(
    split="train", sample_rate=16000, seconds=1.0, label="kind", num_examples=None
):
    """Returns short sounds of a known pitch, made of numbers.

    Each is one of four kinds: a tone, one that rises or falls by half an octave to
    two octaves a second, or one that dies away. It begins at a pitch of the tempered
    scale from 131 to 988 Hz, with three weaker harmonics, a level from 0.1 to 0.7 of
    full scale, white noise 20 to 50 dB below it, and lasts 50 to 100 % of `seconds`;
    the rest is padding. Drawn independently, so that neither kind, pitch, level nor
    length tells another.

    Args:
        split: `"train"` or `"test"`, whose sounds are others.
        sample_rate: Samples a second, in Hz, at least 8000.
        seconds: Length of a window, at least 0.2.
        label: `"kind"`, 4 classes, or `"pitch"`, 12 classes of any octave.
        num_examples: How many; None for 1,200 to train and 400 to test.

    Returns:
        An `ArraySource` of dicts: `"waveform"`, int16 (samples,), and `"length"`,
        int32, the samples that are no padding.

    Raises:
        ValueError: If an argument is unknown or out of range.

    Example:
        >>> source = tones(num_examples=8)
        >>> source.fetch([0])["waveform"].shape, source.class_names
        (TensorShape([1, 16000]), ('tone', 'rising', 'falling', 'decay'))
    """
    check_one_of("split", split, SPLITS)
    check_one_of("label", label, tuple(LABELS))  # a list is no key
    check_integer("sample_rate", sample_rate, least=8000, most=RATES[1])
    check_number("seconds", seconds, least=0.2, most=60)
    if num_examples is None:
        num_examples = NUM_EXAMPLES[split]
    samples = round(seconds * sample_rate)
    check_integer("num_examples", num_examples, least=1, most=MAX_SAMPLES // samples)
    # RandomState's stream is frozen by NumPy, a Generator's is not.
    random = np.random.RandomState(SPLITS.index(split))
    waveform = np.zeros((num_examples, samples), np.int16)
    lengths = np.zeros(num_examples, np.int32)
    labels = {name: np.zeros(num_examples, np.int64) for name in LABELS}
    for i in range(num_examples):
        kind, pitch = random.randint(len(KINDS)), random.randint(12 * OCTAVES)
        lengths[i] = samples * random.uniform(0.5, 1.0)
        sound = _sound(random, KINDS[kind], pitch, lengths[i], sample_rate)
        waveform[i, : lengths[i]] = np.round(32767 * sound)
        labels["kind"][i], labels["pitch"][i] = kind, pitch % 12
    source = ArraySource(
        {"waveform": waveform, "length": lengths},
        labels[label],
        LABELS[label],
        details={"set": "tones", "split": split, "sample_rate": sample_rate},
    )
    source.quantities["sample_rate"] = sample_rate
    return source


def _sound(random, kind, pitch, length, sample_rate):
    """Returns the samples of one sound, in [-1, 1]."""
    time = np.arange(length) / sample_rate
    octaves = {"rising": 1.0, "falling": -1.0}.get(kind, 0.0) * random.uniform(0.5, 2.0)
    frequency = LOWEST * 2.0 ** (pitch / 12 + octaves * time)
    phase = 2 * np.pi * np.cumsum(frequency) / sample_rate
    weights = np.append(1.0, random.uniform(0.0, 0.6, HARMONICS))
    starts = random.uniform(0.0, 2 * np.pi, len(weights))
    parts = [
        # What lies above half the sample rate would sound as another pitch.
        w * np.sin(n * phase + s) * (n * frequency < sample_rate / 2)
        for n, (w, s) in enumerate(zip(weights, starts, strict=True), start=1)
    ]
    fall = random.uniform(3.0, 12.0) if kind == "decay" else 0.0
    tone = np.sum(parts, axis=0) * np.exp(-fall * time) / weights.sum()
    power = np.sum(weights**2) / 2 / weights.sum() ** 2  # of the tone at its beginning
    level = LOUDEST * 10 ** random.uniform(np.log10(0.1 / LOUDEST), 0.0)
    share = 10 ** -random.uniform(2.0, 5.0)
    noise = np.sqrt(power * share) * random.standard_normal(length)
    return np.clip(level * (tone + noise), -1.0, 1.0)
