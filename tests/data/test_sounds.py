import numpy as np
import pytest
import scipy.signal

from kerassl.data import Subset, tones
from kerassl.data.dataset import check_examples
from kerassl.errors import InvalidValue
from kerassl.pretext import FutureFrames


def test_it_is_the_same_each_time_and_the_splits_are_others():
    one, again, test = (
        tones(num_examples=20),
        tones(num_examples=20),
        tones("test", num_examples=20),
    )
    rows = np.arange(20)
    a, b, c = (s.fetch(rows)["waveform"].numpy() for s in (one, again, test))
    np.testing.assert_array_equal(a, b)
    assert not {row.tobytes() for row in a} & {row.tobytes() for row in c}
    assert a.dtype == np.int16 and a.shape == (20, 16000)
    assert (len(tones(seconds=0.2)), len(tones("test", seconds=0.2))) == (1200, 400)


def test_the_first_of_many_are_the_few():
    few, many = tones(num_examples=5), tones(num_examples=9)
    np.testing.assert_array_equal(
        few.fetch([4])["waveform"], many.fetch([4])["waveform"]
    )


def test_behind_its_length_a_sound_is_zero():
    made = tones(num_examples=30).fetch(np.arange(30))
    lengths = made["length"].numpy()
    assert lengths.min() >= 8000 and lengths.max() <= 16000
    for row, length in zip(made["waveform"].numpy(), lengths, strict=True):
        assert row[length - 400 : length].any() and not row[length:].any()


def pitch_at(samples, rate):
    """Returns the strongest frequency, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 16))
    return np.argmax(spectrum) * rate / (1 << 16)


def test_labels_tell_what_is_heard():
    source = tones(label="pitch", num_examples=60)
    kinds = tones(label="kind", num_examples=60).labels
    made = source.fetch(np.arange(60))
    for i in np.flatnonzero(kinds == 0):  # tones that neither move nor die away
        samples = made["waveform"].numpy()[i][: made["length"].numpy()[i]]
        heard = 12 * np.log2(pitch_at(samples / 32768, 16000) / 130.8128)
        assert abs(heard - round(heard)) < 0.1
        assert round(heard) % 12 == source.labels[i]


def test_kinds_move_and_fade_as_they_are_called():
    source = tones(num_examples=60)
    made = source.fetch(np.arange(60))
    for i in range(60):
        samples = made["waveform"].numpy()[i][: made["length"].numpy()[i]] / 32768
        first, last = samples[:2000], samples[-2000:]
        moved = np.log2(pitch_at(last, 16000) / pitch_at(first, 16000))
        loud = 20 * np.log10(np.std(first) / np.std(last))
        kind = source.class_names[source.labels[i]]
        if kind == "decay":
            assert loud > 5
        else:
            low, high = {
                "rising": (0.1, 3),
                "falling": (-3, -0.1),
                "tone": (-0.02, 0.02),
            }[kind]
            assert low < moved < high, (kind, moved)


def test_no_harmonic_is_folded_down():
    # A rising tone at 8 kHz: all power lies at multiples of the tone.
    made = tones(sample_rate=8000, seconds=1.0, num_examples=40)
    rising = np.flatnonzero(made.labels == 1)
    for i in rising[:3]:
        example = made.fetch([i])
        samples = example["waveform"].numpy()[0][: example["length"].numpy()[0]]
        _, _, power = scipy.signal.spectrogram(samples / 32768, 8000, nperseg=512)
        strongest = np.argmax(power, axis=0)
        assert (np.diff(strongest) >= -2).all() or power.shape[1] < 3


@pytest.mark.parametrize(
    "options",
    [
        {"split": "all"},
        {"label": "level"},
        {"label": ["kind"]},
        {"sample_rate": 4000},
        {"seconds": 0.0},
        {"seconds": float("nan")},
        {"num_examples": 0},
        {"num_examples": 10**9},
    ],
    ids=str,
)
def test_arguments_are_checked(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        tones(**options)


def test_a_rate_other_than_the_pretext_layers_is_refused():
    sounds = tones(num_examples=8, sample_rate=8000, seconds=0.5)
    for source in (sounds, Subset(sounds, [0, 1, 2, 3])):
        with pytest.raises(InvalidValue, match="`sample_rate` of the pretext layer"):
            check_examples(source, FutureFrames(sample_rate=16000))
        check_examples(source, FutureFrames(sample_rate=8000))
