import numpy as np
import pytest
import tensorflow as tf

from kerassl.data import AudioFolder, Subset, as_source

soundfile = pytest.importorskip("soundfile")


def noise(seconds=0.5, rate=16000, seed=0, channels=1):
    random = np.random.default_rng(seed)
    samples = 0.2 * random.standard_normal((round(seconds * rate), channels))
    return np.clip(np.round(samples * 32768), -32768, 32767).astype("int16").squeeze()


def write(path, samples, rate=16000, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, **options)


def all_of(source):
    made = source.fetch(np.arange(len(source)))
    return made["waveform"].numpy(), made["length"].numpy()


def test_samples_of_16_bits_come_back_as_they_are(tmp_path):
    short, whole = noise(0.3, seed=1), noise(0.5, seed=2)
    write(tmp_path / "a.wav", short)
    write(tmp_path / "deep" / "er" / "b.flac", whole)
    source = AudioFolder(tmp_path, seconds=0.5)
    waveform, length = all_of(source)
    assert waveform.dtype == np.int16 and waveform.shape == (2, 8000)
    assert length.tolist() == [4800, 8000]
    np.testing.assert_array_equal(waveform[0], np.pad(short, (0, 3200)))
    np.testing.assert_array_equal(waveform[1], whole)
    assert source.labels is None and source.modality == "audio"


def test_long_files_are_cut_into_windows_with_their_labels(tmp_path):
    long, short = noise(1.4, seed=1), noise(0.5, seed=2)
    write(tmp_path / "birds" / "a.wav", long)
    write(tmp_path / "frogs" / "b.wav", short)
    source = AudioFolder(tmp_path, seconds=0.5)
    waveform, length = all_of(source)
    assert length.tolist() == [8000, 8000, 6400, 8000]
    np.testing.assert_array_equal(waveform[:3].ravel()[:22400], long)
    assert source.labels.tolist() == [0, 0, 0, 1]
    assert source.class_names == ("birds", "frogs")


def test_a_short_rest_is_left_out(tmp_path):
    write(tmp_path / "a.wav", noise(1.1))
    assert len(AudioFolder(tmp_path, seconds=0.5)) == 2


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 48000])
def test_windows_of_a_resampled_file_join_without_a_seam(tmp_path, rate):
    write(tmp_path / "a.wav", noise(1.3, rate), rate)
    whole, _ = all_of(AudioFolder(tmp_path, seconds=1.3))
    for cache in (True, False):
        parts, length = all_of(AudioFolder(tmp_path, seconds=0.2, cache=cache))
        assert len(parts) == 7 and length[-1] == 1600
        joined = parts.ravel()[: length.sum()].astype(int)
        assert abs(joined - whole[0][: length.sum()]).max() <= 1


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_read_when_asked_for_they_are_the_same(tmp_path, ending):
    # MP3's searching is inexact, so that its windows are a case of their own.
    for i in range(3):
        write(tmp_path / f"{i}.{ending}", noise(0.7, 44100, i), 44100)
    kept = AudioFolder(tmp_path, seconds=0.2, cache=True)
    asked = AudioFolder(tmp_path, seconds=0.2, cache=False)
    order = np.random.default_rng(0).permutation(len(kept))
    one, other = kept.fetch(order), asked.fetch(order)
    # MP3's decoder rounds otherwise where it is asked for other blocks.
    slack = 1 if ending == "mp3" else 0
    np.testing.assert_allclose(one["waveform"], other["waveform"], atol=slack)
    np.testing.assert_array_equal(one["length"], other["length"])
    assert other["waveform"].shape == (len(order), 3200)


def test_in_a_dataset_shapes_are_known(tmp_path):
    write(tmp_path / "a.wav", noise(0.5))
    for cache in (True, False):
        source = AudioFolder(tmp_path, seconds=0.2, cache=cache)
        data = tf.data.Dataset.range(2).batch(2, drop_remainder=True).map(source.fetch)
        assert data.element_spec["waveform"].shape == (2, 3200)
        (made,) = data
        np.testing.assert_array_equal(made["waveform"], all_of(source)[0][:2])


def test_channels_are_averaged_and_depths_are_equal(tmp_path):
    two = noise(0.3, channels=2)
    write(tmp_path / "16.wav", two)
    write(tmp_path / "24.wav", two / 32768, subtype="PCM_24")
    write(tmp_path / "32.flac", two / 32768, subtype="PCM_24")
    write(tmp_path / "double.wav", two / 32768, subtype="DOUBLE")
    write(tmp_path / "float.wav", two / 32768, subtype="FLOAT")
    waveform, _ = all_of(AudioFolder(tmp_path, seconds=0.3))
    assert len(waveform) == 5
    assert abs(waveform - two.mean(axis=1)).max() <= 1


def test_eight_bits_are_read(tmp_path):
    write(tmp_path / "a.wav", noise(0.3) / 32768, subtype="PCM_U8")
    waveform, _ = all_of(AudioFolder(tmp_path, seconds=0.3))
    assert abs(waveform[0].astype(int) - noise(0.3)).max() <= 256


def test_floats_beyond_full_scale_are_made_quieter(tmp_path):
    loud = noise(0.3).astype("float32") * 100
    write(tmp_path / "a.wav", loud, subtype="FLOAT")
    for cache in (True, False):
        waveform, _ = all_of(AudioFolder(tmp_path, seconds=0.3, cache=cache))
        expected = loud / abs(loud).max() * 32768
        assert abs(waveform[0] - expected).max() <= 1


def test_names_hold_labels(tmp_path):
    for name in ("7_anna_0.wav", "3_anna_0.wav", "7_ben_1.wav", "noise.wav"):
        write(tmp_path / name, noise(0.2))
    digits = AudioFolder(tmp_path, seconds=0.2, label_pattern=r"(\d)_")
    assert digits.class_names == ("3", "7") and digits.labels.tolist() == [0, 1, 1]
    assert digits.skipped_by_reason == {"a name that `label_pattern` does not match": 1}
    people = AudioFolder(tmp_path, seconds=0.2, label_pattern=r"\d_([a-z]+)_")
    assert people.class_names == ("anna", "ben")
    with pytest.raises(ValueError, match="It matches none of them"):
        AudioFolder(tmp_path, label_pattern=r"([A-Z])")


def test_splits_are_folders(tmp_path):
    for split, count in (("train", 3), ("test", 2)):
        for i in range(count):
            write(tmp_path / split / "a" / f"{i}.wav", noise(0.2, seed=i))
            write(tmp_path / split / "b" / f"{i}.wav", noise(0.2, seed=9 - i))
    source = AudioFolder(tmp_path, seconds=0.2)
    assert (len(source), len(source.test)) == (6, 4)
    assert source.test.labels.tolist() == [0, 0, 1, 1]


def test_it_says_what_it_found(tmp_path):
    write(tmp_path / "a.wav", noise(0.5))
    (tmp_path / "read.txt").write_text("me")
    source = AudioFolder(tmp_path, seconds=0.2)
    told = source.describe()
    assert (told["examples"], told["files"], told["seconds"]) == (3, 1, 0.5)
    assert told["skipped_by_reason"] == {"a .txt file, not read": 1}
    before = source.fingerprints()
    assert list(before) == ["a.wav"] and Subset(source, [0]).fingerprints() == before
    write(tmp_path / "a.wav", noise(0.5, seed=1))
    assert AudioFolder(tmp_path, seconds=0.2).fingerprints() != before


def test_a_folder_without_sounds_says_what_it_holds(tmp_path):
    (tmp_path / "a.m4a").write_bytes(b"abc")
    with pytest.raises(FileNotFoundError, match="turned into FLAC or WAV first"):
        AudioFolder(tmp_path)
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        AudioFolder(tmp_path / "none")
    with pytest.raises(NotADirectoryError):
        AudioFolder(tmp_path / "a.m4a")


@pytest.mark.parametrize(
    "options",
    [
        {"sample_rate": 0},
        {"sample_rate": 16000.5},
        {"seconds": 0.01},
        {"seconds": float("inf")},
        {"label_pattern": "(a+)+"},
        {"cache": "yes"},
    ],
    ids=str,
)
def test_options_are_checked(tmp_path, options):
    write(tmp_path / "a.wav", noise(0.2))
    with pytest.raises((ValueError, TypeError), match=next(iter(options))):
        AudioFolder(tmp_path, **options)


def test_without_soundfile_the_extra_is_named(tmp_path, monkeypatch):
    import sys

    write(tmp_path / "a.wav", noise(0.2))
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(ImportError, match=r"pip install 'kerassl\[audio\]'"):
        AudioFolder(tmp_path)


def test_a_path_finds_it_and_a_preset_fits_it(tmp_path):
    write(tmp_path / "a.wav", noise(0.5))
    for modality in (None, "audio"):
        source = as_source(str(tmp_path), modality=modality, seconds=0.25)
        assert isinstance(source, AudioFolder) and len(source) == 2
    with pytest.raises(FileNotFoundError, match="goes to an audio preset"):
        as_source(str(tmp_path), modality="image")
    with pytest.raises(ValueError, match="AudioFolder reads a folder"):
        as_source(str(tmp_path / "a.wav"))
    sections = {"pretext": {"sample_rate": 8000}, "data": {"seconds": 0.3}}
    assert AudioFolder.fitted_options(sections) == {"sample_rate": 8000, "seconds": 0.3}
    assert AudioFolder.fitted_options({"pretext": {}, "data": {}}) == {}


def test_arrays_and_embedded_sounds_are_audio():
    assert len(as_source("tones", modality="audio", num_examples=4)) == 4
    assert len(as_source(np.zeros((3, 800), "int16"), modality="audio")) == 3
    with pytest.raises(ValueError, match="waveforms of one channel"):
        as_source(np.zeros((3, 800, 2), "int16"), modality="audio")
