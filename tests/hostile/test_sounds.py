"""Sound files that are broken, lie or are something else."""

import os
import struct

import numpy as np
import pytest

from kerassl.data import AudioFolder

soundfile = pytest.importorskip("soundfile")

RATE = 16000


def good(seconds=0.4, seed=0):
    random = np.random.default_rng(seed)
    return (0.2 * random.standard_normal(round(seconds * RATE))).astype("float32")


@pytest.fixture
def folder(tmp_path):
    soundfile.write(tmp_path / "good.wav", good(), RATE)
    return tmp_path


def reasons(folder, **options):
    """Returns {file: reason} of what was left out beside the good file."""
    for cache in (True, False):
        source = AudioFolder(folder, seconds=0.4, cache=cache, **options)
        made = source.fetch(np.arange(len(source)))
        assert made["waveform"].shape == (len(source), 6400)
        assert (made["length"].numpy() >= 1600).all()
    assert os.path.join(folder, "good.wav") in [str(file) for file in source.files]
    return {os.path.basename(s.where): s.reason for s in source.skipped}


def test_what_is_no_sound(folder):
    (folder / "zero.wav").touch()
    (folder / "text.wav").write_text("words, words, words\n" * 500)
    (folder / "zeros.flac").write_bytes(bytes(5000))
    (folder / "random.mp3").write_bytes(np.random.default_rng(0).bytes(20000))
    (folder / "head.wav").write_bytes((folder / "good.wav").read_bytes()[:20])
    (folder / "list.csv").write_text("a,b")
    (folder / "gone.wav").symlink_to(folder / "nothing")
    (folder / "folder.wav").mkdir()
    found = reasons(folder)
    assert found["zero.wav"] == "empty file"
    assert found["list.csv"] == "a .csv file, not read"
    assert found["gone.wav"] == "a link to nothing"
    for name in ("text.wav", "zeros.flac", "random.mp3", "head.wav"):
        assert found[name].startswith(("could not be decoded", "no samples")), name
    assert len(found) == 7


def test_sounds_that_hold_nothing(folder):
    soundfile.write(folder / "empty.wav", good()[:0], RATE)
    soundfile.write(folder / "one.wav", good()[:1], RATE)
    soundfile.write(folder / "short.wav", good()[:1500], RATE)
    soundfile.write(folder / "silent.wav", 0 * good(), RATE)
    soundfile.write(folder / "faint.wav", 1e-9 * good(), RATE, subtype="FLOAT")
    found = reasons(folder)
    assert found == {
        "empty.wav": "no samples",
        "one.wav": "too short: 6.25e-05 s",
        "short.wav": "too short: 0.0938 s",
        "silent.wav": "silent",
        "faint.wav": "silent",
    }


def test_silence_within_a_file(folder):
    parts = [good(seed=1), 0 * good(), good(seed=2)]
    soundfile.write(folder / "pause.wav", np.concatenate(parts), RATE)
    assert reasons(folder) == {"pause.wav": "silent (from 0.4 s)"}
    assert len(AudioFolder(folder, seconds=0.4)) == 3


def test_numbers_that_are_none(folder):
    for name, value in (("nan", np.nan), ("inf", np.inf)):
        samples = good(1.0)
        samples[-1] = value  # found although the first windows are good
        soundfile.write(folder / f"{name}.wav", samples, RATE, subtype="FLOAT")
    found = reasons(folder)
    assert found == dict.fromkeys(("nan.wav", "inf.wav"), "NaN or infinite samples")


def test_huge_floats_are_scaled_not_lost(folder):
    soundfile.write(folder / "huge.wav", good() * 1e30, RATE, subtype="FLOAT")
    assert reasons(folder) == {}


def patched(folder, name, place, value):
    data = bytearray((folder / "good.wav").read_bytes())
    data[place : place + len(value)] = value
    (folder / name).write_bytes(data)


def test_heads_that_lie(folder):
    patched(folder, "rate0.wav", 24, struct.pack("<I", 0))
    patched(folder, "rate_huge.wav", 24, struct.pack("<I", 2**31 - 1))
    patched(folder, "rate_tiny.wav", 24, struct.pack("<I", 3))
    patched(folder, "channels.wav", 22, struct.pack("<H", 1000))
    patched(folder, "no_channels.wav", 22, struct.pack("<H", 0))
    patched(folder, "bits.wav", 34, struct.pack("<H", 7))
    found = reasons(folder)
    assert found["rate_huge.wav"].startswith("a sample rate out of range")
    assert found["rate_tiny.wav"].startswith("a sample rate out of range")
    assert set(found) >= {"rate0.wav", "channels.wav", "no_channels.wav"}


def test_a_head_that_tells_of_more_than_there_is(folder):
    # The size of the data: 4 GB. What is there is read.
    patched(folder, "long.wav", 40, struct.pack("<I", 0xFFFFFFF0))
    assert reasons(folder) == {}
    assert len(AudioFolder(folder, seconds=0.4)) == 2


def test_hours_that_a_flac_only_tells_of(folder):
    soundfile.write(folder / "a.flac", good(), RATE)
    data = bytearray((folder / "a.flac").read_bytes())
    data[21] |= 0x0F  # the 36 bits of STREAMINFO's number of samples
    data[22:26] = b"\xff\xff\xff\xff"
    (folder / "a.flac").write_bytes(data)
    assert reasons(folder)["a.flac"].startswith("too long: 1,193 hours")


def test_files_that_were_cut_short(folder):
    for ending in ("wav", "mp3", "flac", "ogg"):
        soundfile.write(folder / f"cut.{ending}", good(1.2), RATE)
        data = (folder / f"cut.{ending}").read_bytes()
        (folder / f"cut.{ending}").write_bytes(data[: len(data) // 2])
    found = reasons(folder)
    # What their decoders read without complaint is used.
    assert found.keys() <= {"cut.flac", "cut.ogg", "cut.mp3"}
    source = AudioFolder(folder, seconds=0.4)
    assert folder / "cut.wav" in source.files


def test_a_name_that_is_not_utf8(folder):
    path = os.fsencode(folder) + b"/\xff\xfe.wav"
    with open(path, "wb") as file:
        file.write((folder / "good.wav").read_bytes())
    assert reasons(folder) == {}


def test_a_file_called_otherwise_is_what_it_holds(folder):
    soundfile.write(folder / "b.flac", good(), RATE)
    (folder / "b.flac").rename(folder / "b.wav")
    soundfile.write(folder / "m.mat", good(), RATE, format="MAT5")
    (folder / "m.mat").rename(folder / "m.wav")
    assert reasons(folder) == {"m.wav": "no sound that is read: MAT5"}


def test_a_file_that_changes_under_a_source_is_no_silent_zero(folder):
    source = AudioFolder(folder, seconds=0.4, cache=False)
    (folder / "good.wav").write_text("no sound any more")
    with pytest.raises(Exception, match="could not be decoded"):
        source.fetch(np.arange(1))


def test_nothing_that_can_be_used(tmp_path):
    (tmp_path / "text.wav").write_text("words")
    with pytest.raises(ValueError, match="None of the 1 sounds .* can be used: .*text"):
        AudioFolder(tmp_path)
