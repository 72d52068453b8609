"""Files of tagged words, in every scheme, and what is wrong with some."""

import gzip

import numpy as np
import pytest

from kerassl.data import Subset, TaggedText, as_source
from kerassl.data.tags import as_bio

ENGLISH = "Ada B-PER\nLovelace I-PER\nmet O\nBabbage B-PER\n\nin O\nLondon B-LOC\n"


def written(path, text):
    content = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(content)
    return path


def test_a_file_of_two_columns(tmp_path):
    source = TaggedText(written(tmp_path / "a.conll", ENGLISH))
    assert source.fetch([1, 0]).numpy().tolist() == [
        b"in London",
        b"Ada Lovelace met Babbage",
    ]
    label = source.labels[0]
    assert label.words == ("Ada", "Lovelace", "met", "Babbage")
    assert label.tags == ("B-PER", "I-PER", "O", "B-PER") and label.separator == " "
    assert source.label_kind == "tags" and source.describe()["words"] == 6
    assert source.describe()["entity_types"] == ["LOC", "PER"]
    assert list(source.fingerprints()) == ["a.conll"]
    part = Subset(source, np.array([1]))
    assert part.label_kind == "tags" and part.labels[0].words == ("in", "London")


def test_characters_stand_without_blanks(tmp_path):
    text = "我\tO\n爱\tO\n北\tB-LOC\n京\tE-LOC\n1998\tO\n"
    source = TaggedText(written(tmp_path / "zh.txt", text))
    assert source.fetch([0]).numpy()[0].decode() == "我爱北京1998"
    assert source.labels[0].tags == ("O", "O", "B-LOC", "I-LOC", "O")
    spaced = TaggedText(tmp_path / "zh.txt", separator=" ")
    assert spaced.fetch([0]).numpy()[0].decode() == "我 爱 北 京 1998"


def test_four_columns_and_documents(tmp_path):
    text = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n"
    source = TaggedText(written(tmp_path / "a.conll", text))
    assert len(source) == 1 and source.num_skipped == 0
    assert source.labels[0].tags == ("B-ORG", "O")


@pytest.mark.parametrize(
    "tags, bio, mended",
    [
        ("I-A I-A O I-A", "B-A I-A O B-A", 2),  # IOB1
        ("B-A I-B", "B-A B-B", 1),
        ("S-A S-A B-A I-A E-A", "B-A B-A B-A I-A I-A", 0),  # BIOES
        ("U-A B-A L-A", "B-A B-A I-A", 0),  # BILOU
        ("B_A M_A E_A S_A", "B-A I-A I-A B-A", 0),  # BMES
        ("E-A I-A", "B-A B-A", 2),
    ],
)
def test_every_scheme_is_read_as_bio(tags, bio, mended):
    assert as_bio(tags.split()) == (tuple(bio.split()), mended)


@pytest.mark.parametrize("tag", ["X-PER", "B", "PER", "B-", "", "o"])
def test_other_tags_are_refused(tag):
    with pytest.raises(ValueError, match="a tag of no scheme"):
        as_bio(["O", tag])


def test_what_is_wrong_is_counted(tmp_path):
    text = ENGLISH + "\nno\n\nbad X-PER\n\nI-it I-PER\n\n"
    path = written(tmp_path / "a.conll", text.encode() + b"\xff O\n\n\tO\n")
    source = TaggedText(path)
    assert len(source) == 3 and source.num_skipped == 4
    assert [s.where for s in source.skipped] == [
        f"{path}:{line}" for line in (9, 11, 15, 17)
    ]
    assert dict(source.skipped_by_reason) == {
        "a line that is no word and its tag": 2,
        "a tag of no scheme such as BIO": 1,
        "not UTF-8": 1,
    }
    assert source.notes == [
        "1 tags I- that go on with no entity are read as the beginning of one."
    ]


def test_nothing_usable_is_an_error(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(
        ValueError, match="must hold sentences .* 1 left out.*a.conll:1"
    ):
        TaggedText(written(tmp_path / "a.conll", "word\n"))
    with pytest.raises(FileNotFoundError, match="No files of tagged words"):
        TaggedText(empty)
    with pytest.raises(TypeError, match="`separator` must be a string"):
        TaggedText(tmp_path / "a.conll", separator=3)


def test_a_path_is_read_as_tagged_words(tmp_path):
    (tmp_path / "a.conll.gz").write_bytes(gzip.compress(ENGLISH.encode()))
    written(tmp_path / "b.bio", ENGLISH.encode("utf-16"))
    for data in (tmp_path, str(tmp_path / "*.bio"), tmp_path / "a.conll.gz"):
        assert isinstance(as_source(data, modality="text"), TaggedText)
    assert len(as_source(tmp_path)) == 4
    written(tmp_path / "notes.txt", "a text\n")
    assert not isinstance(as_source(tmp_path), TaggedText)


def test_sentences_to_test_on(tmp_path):
    train = written(tmp_path / "train.conll", ENGLISH)
    test = written(tmp_path / "test.conll", "Paris B-LOC\n")
    source = as_source(train, test=test)
    assert len(source.test) == 1 and source.test.labels[0].separator == " "
    assert set(source.fingerprints()) == {"train.conll", "test.conll"}
