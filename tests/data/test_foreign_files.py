import gzip
import io
import tarfile
import zipfile

import numpy as np
import pytest

from kerassl.data import TextSource
from kerassl.data.foreign_files import foreign_kind


def archive(kind, name):
    made = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(made, "w") as file:
            file.writestr("[Content_Types].xml", "x" * 50)
            file.writestr(name, "x" * 50)
    else:
        with tarfile.open(fileobj=made, mode="w") as file:
            file.addfile(tarfile.TarInfo(name))
    return made.getvalue()


def saved(save, *args):
    made = io.BytesIO()
    save(made, *args)
    return made.getvalue()


FOREIGN = {
    "a.pdf": (b"%PDF-1.7\n", "PDF.*pdftotext"),
    "a.docx": (archive("zip", "word/document.xml"), "Word.*pandoc"),
    "a.zip": (archive("zip", "a.txt"), "archive.*unpack"),
    "a.tar": (archive("tar", "a.txt"), "archive.*unpack"),
    "a.npz": (saved(np.savez, np.arange(3)), "NumPy archive"),
    "a.npy": (saved(np.save, np.arange(3)), "NumPy array"),
    "a.html": (b"\n<!DOCTYPE html>\n<p>text</p>", "HTML.*pandoc"),
    "b.html": (b"\xef\xbb\xbf<!-- x --> <HTML lang='en'>\n", "HTML"),
    "a.xml": (b"<?xml version='1.0'?>\n<a/>", "XML"),
    "a.png": (b"\x89PNG\r\n\x1a\n" + bytes(99), "image"),
    "a.jpg": (b"\xff\xd8\xff\xe0" + bytes(99), "image"),
    "a.wav": (b"RIFF\x10\0\0\0WAVEfmt ", "sound"),
    "a.mp4": (b"\0\0\0\x18ftypmp42", "sound or video"),
    "a.bin": (b"\x7fELF\x02\x01\x01" + bytes(99), "binary"),
    "a.pt": (b"\x80\x04\x95abc.", "binary"),
    "a.f32": (np.arange(99, dtype=np.float32).tobytes(), "binary"),
    "a.rtf": (rb"{\rtf1 text}", "RTF"),
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("called", ["as it is", ".txt", ".txt.gz"])
def test_what_is_no_text_is_refused_and_named(tmp_path, name, called):
    content, message = FOREIGN[name]
    path = tmp_path / (name if called == "as it is" else f"a{called}")
    path.write_bytes(gzip.compress(content) if called.endswith("gz") else content)
    with pytest.raises(ValueError, match=message):
        TextSource(path)
    (tmp_path / "b.md").write_text("text")
    source = TextSource([path, tmp_path / "b.md"])
    assert (len(source), source.num_skipped) == (1, 1)
    assert [s.where for s in source.skipped] == [str(path)]


@pytest.mark.parametrize(
    "text",
    [
        "MZ is short for something\n" * 9,
        "BM RIFFs ID3 GIF8 PK PAR1 Rar!",
        "ID3 tags are written at the end",
        "<p align=center>a readme</p>",
        "html is a language",
        "{'a': 1}",
        "",
    ],
)
def test_text_is_text(text):
    assert foreign_kind(".txt", text.encode()) is None
