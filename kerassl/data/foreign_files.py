"""Files that hold no plain text, told by their name or their first bytes."""

import codecs
import re

UNPACK = "unpack it first"
EXTRACT = "take its text out first, such as by `pandoc -t plain`"
IMAGE = "an image: images go to an image preset, in a folder"
ARCHIVE = f"an archive: {UNPACK}"
SOUND = "sound or video: it holds no text"
BINARY = "a binary file: it holds no text"
ZEROS = "a binary file or text in UTF-16 without its mark: save texts as UTF-8"

NAMES = {
    ".html": f"an HTML file: {EXTRACT}",
    ".htm": f"an HTML file: {EXTRACT}",
    ".xhtml": f"an HTML file: {EXTRACT}",
    ".xml": f"an XML file: {EXTRACT}",
    ".svg": IMAGE,
    ".pdf": "a PDF file: take its text out first, such as by `pdftotext`",
    ".doc": f"a Word file: {EXTRACT}",
    ".docx": f"a Word file: {EXTRACT}",
    ".odt": f"an OpenDocument file: {EXTRACT}",
    ".rtf": f"an RTF file: {EXTRACT}",
    ".epub": f"an EPUB file: {EXTRACT}",
    ".ppt": f"a PowerPoint file: {EXTRACT}",
    ".pptx": f"a PowerPoint file: {EXTRACT}",
    ".xls": "an Excel file: save it as .csv first",
    ".xlsx": "an Excel file: save it as .csv first",
    ".ipynb": f"a notebook: {EXTRACT}",
    ".npz": "a NumPy archive: give its array from Python",
    ".npy": "a NumPy array: its suffix must be .npy, and it be given alone",
    ".zip": ARCHIVE,
    ".tar": ARCHIVE,
    ".tgz": ARCHIVE,
    ".7z": ARCHIVE,
    ".rar": ARCHIVE,
    ".zst": ARCHIVE,
    ".pkl": BINARY,
    ".exe": BINARY,
}

MAGIC = (
    (rb"%PDF-", NAMES[".pdf"]),
    (rb"PK\x03\x04.*word/document", NAMES[".docx"]),
    (rb"PK\x03\x04.*\.npy", NAMES[".npz"]),
    (rb"PK[\x03\x05]", f"a ZIP archive or an office document: {UNPACK}"),
    (rb"\x1f\x8b|BZh[1-9]1AY|\xfd7zXZ|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!\x1a", ARCHIVE),
    (rb".{257}ustar", ARCHIVE),
    (rb"\x93NUMPY", NAMES[".npy"]),
    (rb"PAR1\x15", "a Parquet file: its suffix must be .parquet"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|II\*\x00|MM\x00\*|RIFF.{4}WEBP", IMAGE),
    (rb"RIFF.{4}(WAVE|AVI )|OggS\x00|fLaC\x00|ID3[\x02-\x04]|\x00.{3}ftyp", SOUND),
    (rb"\x7fELF|MZ.{58}\x00|\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe", BINARY),
    (rb"SQLite format 3\x00|\x89HDF|\xd0\xcf\x11\xe0|\x80[\x02-\x05]", BINARY),
    (rb"\{\\rtf", NAMES[".rtf"]),
    (rb"\s*(<!--.*?-->\s*)?<(?i:!doctype html|html[\s>])", NAMES[".html"]),
    (rb"\s*<\?xml\s", NAMES[".xml"]),
)
PATTERNS = [(re.compile(magic, re.DOTALL), reason) for magic, reason in MAGIC]
# Of a binary file of no known kind.
ZERO_SHARE = 0.05


def foreign_kind(suffix, head):
    """Returns what a file is and what to do with it, or None for plain text.

    Args:
        suffix: The file's suffix, in lower case.
        head: Its first bytes.

    Example:
        >>> foreign_kind(".txt", b"%PDF-1.7")
        'a PDF file: take its text out first, such as by `pdftotext`'
    """
    if suffix in NAMES:
        return NAMES[suffix]
    head = head.removeprefix(codecs.BOM_UTF8)
    for magic, reason in PATTERNS:
        if magic.match(head):
            return reason
    return ZEROS if head.count(0) > ZERO_SHARE * len(head) else None
