import json
import subprocess
import sys
import unicodedata

import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from kerassl.data.source import Source
from kerassl.tokenizers import load_tokenizer, save_tokenizer, train_tokenizer
from kerassl.tokenizers.word_tokenizer import WordTokenizer

CORPUS = [
    "The quick brown fox jumps over the lazy dog, again and again.",
    "Café crème brûlée, naïve façade: Ångström!",
    "The foxes jumped over 12 lazier dogs (and 3 cats).",
    "学而时习之，不亦说乎？",
    "Straße ΣΊΣΥΦΟΣ i̇stanbul 100\u00a0km",
]


class Texts(Source):
    def __init__(self, texts):
        super().__init__()
        self.texts = tf.constant(texts)

    def __len__(self):
        return len(self.texts)

    def fetch(self, indices):
        return tf.gather(self.texts, indices)


class Captions(Texts):
    """Dicts of a number, a title and two captions."""

    def fetch(self, indices):
        texts = super().fetch(indices)
        pairs = tf.stack([texts, texts + " twice"], 1)
        return {"number": indices, "title": texts + " title", "captions": pairs}


def pieces(tokenizer, texts):
    ids = tf.function(lambda texts: tokenizer(texts))(tf.constant(texts))
    return [[tokenizer.id_to_token(i) for i in row] for row in ids.to_list()]


@pytest.mark.parametrize("lowercase", [True, False])
def test_wordpiece_spells_its_corpus(lowercase):
    texts = [text.replace("\u00a0", " ") for text in CORPUS]
    tokenizer = train_tokenizer(
        texts, vocabulary_size=170, lowercase=lowercase, character_coverage=1.0
    )
    assert tokenizer.vocabulary_size() == 170
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert tokenizer.get_vocabulary()[:5] == special
    rows = pieces(tokenizer, texts)
    assert not any("[UNK]" in row for row in rows)
    chinese = "学而时习之，不亦说乎？"  # one piece a character
    # Folding case makes wide punctuation narrow.
    wide, narrow = "，？", ",?"
    folded = chinese.translate(str.maketrans(wide, narrow))
    assert rows[3] == list(folded if lowercase else chinese)
    spelled = "".join(piece.removeprefix("##") for piece in rows[1])
    plain = "cafecremebrulee,naivefacade:angstrom!"
    accented = "Cafécrèmebrûlée,naïvefaçade:Ångström!"
    assert spelled == (plain if lowercase else accented)


def test_the_same_corpus_gives_the_same_vocabulary_in_every_process(tmp_path):
    script = (
        "import sys, json; from kerassl.tokenizers import train_tokenizer; "
        "texts = json.load(open(sys.argv[1])); "
        "tokenizer = train_tokenizer(texts, vocabulary_size=150); "
        "print(json.dumps(tokenizer.get_vocabulary()))"
    )
    corpus = tmp_path / "corpus.json"
    corpus.write_text(json.dumps(CORPUS))
    other = subprocess.run(
        [sys.executable, "-c", script, str(corpus)], capture_output=True, check=True
    )
    here = train_tokenizer(iter(CORPUS), vocabulary_size=150).get_vocabulary()
    assert json.loads(other.stdout) == here


@pytest.mark.parametrize("algorithm", ["unigram", "bpe"])
def test_sentencepiece(algorithm, tmp_path):
    tokenizer = train_tokenizer(
        CORPUS, "sentencepiece", 75, algorithm=algorithm, out=tmp_path
    )
    assert tokenizer.vocabulary_size() == 75
    special = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]
    assert tokenizer.get_vocabulary()[:5] == special
    again = train_tokenizer(CORPUS, "sentencepiece", 75, algorithm=algorithm)
    assert again.get_vocabulary() == tokenizer.get_vocabulary()
    loaded = load_tokenizer(tmp_path)
    assert pieces(loaded, CORPUS) == pieces(tokenizer, CORPUS)
    text = "the quick brown fox"
    assert tokenizer.detokenize(tokenizer([text]))[0] == text


def test_text_that_looks_special_is_not_special():
    """A text cannot smuggle in a mask."""
    corpus = [*CORPUS, "[MASK] is a token"]
    for kind, size in (("wordpiece", 150), ("sentencepiece", 75)):
        rows = pieces(train_tokenizer(corpus, kind, size), ["[MASK]"])
        assert "[MASK]" not in rows[0]


def test_stored_and_loaded(tmp_path):
    folder = tmp_path / "new" / "folder"
    tokenizer = train_tokenizer(Texts(CORPUS), vocabulary_size=150, out=folder)
    loaded = load_tokenizer(folder)
    assert loaded.get_vocabulary() == tokenizer.get_vocabulary()
    assert loaded.get_config() == tokenizer.get_config()
    assert loaded.lowercase and loaded.strip_accents
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert names == {"tokenizer.json", "vocabulary.txt"}
    save_tokenizer(loaded, folder)  # replaces what is there
    assert load_tokenizer(folder).get_vocabulary() == tokenizer.get_vocabulary()


def test_rare_characters_are_left_out():
    corpus = ["aaaa bbbb abab " * 100, "\u2603"]
    tokenizer = train_tokenizer(corpus, vocabulary_size=12, character_coverage=0.999)
    assert pieces(tokenizer, ["\u2603"]) == [["[UNK]"]]


def test_long_documents_are_read_to_their_end():
    words = [f"word{number}" for number in range(3000)]
    tokenizer = train_tokenizer([" ".join(words)], "sentencepiece", 60)
    ids = np.concatenate(tokenizer(["word2999 word0"]))
    assert tokenizer.token_to_id("<unk>") not in ids


def test_a_progress_bar(capsys):
    train_tokenizer(["some text"] * 3, vocabulary_size=16, progress=True)
    assert "Reading the corpus" in capsys.readouterr().err
    train_tokenizer(["some text"] * 3, vocabulary_size=16)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("kind", ["wordpiece", "sentencepiece"])
@pytest.mark.parametrize("corpus", [[], ["", "  \n"]])
def test_an_empty_corpus(kind, corpus):
    with pytest.raises(ValueError, match="without a single word"):
        train_tokenizer(corpus, kind, 100)


@pytest.mark.parametrize(
    "kind, made", [("wordpiece", 8), ("sentencepiece", 10), ("bpe", 259)]
)
@pytest.mark.parametrize("text", ["a b c", "中文很"])
def test_a_vocabulary_is_as_large_as_the_corpus_allows(kind, made, text):
    source = Texts([text] * 3)
    tokenizer = train_tokenizer(source, kind)
    size = tokenizer.vocabulary_size()
    assert size <= 300 and (text != "a b c" or size == made)
    told = f"vocabulary 8000 -> {size}: the corpus has no more pieces"
    assert source.notes == [told]
    with pytest.warns(UserWarning, match=told):
        again = train_tokenizer([text] * 3, kind)
    assert again.get_vocabulary() == tokenizer.get_vocabulary()
    source = Texts([text] * 3)
    same = train_tokenizer(source, kind, size)  # reached: nothing to tell
    assert same.get_vocabulary() == tokenizer.get_vocabulary() and not source.notes


@pytest.mark.parametrize("kind", ["wordpiece", "sentencepiece"])
def test_a_vocabulary_smaller_than_the_alphabet(kind):
    with pytest.raises(ValueError, match="spell.*characters.*Received: 20"):
        train_tokenizer(["abcdefghijklmnopqrstuvwxyz" * 2], kind, 20)


@pytest.mark.parametrize(
    "error, message, arguments",
    [
        (ValueError, "`kind`", {"kind": "letters"}),
        (ValueError, "`algorithm`", {"algorithm": "x"}),
        (ValueError, "`vocabulary_size`", {"vocabulary_size": 5}),
        (ValueError, "`vocabulary_size`", {"vocabulary_size": "many"}),
        (ValueError, "`vocabulary_size`", {"vocabulary_size": True}),
        (ValueError, "`vocabulary_size`", {"vocabulary_size": 10**9}),
        (ValueError, "UTF-8 can encode", {"corpus": ["half \ud83d"]}),
        (ValueError, "two letters", {"corpus": ["a"], "kind": "bpe"}),
        (ValueError, "without a single word", {"corpus": ["!"], "kind": "word"}),
        (ValueError, "`character_coverage`", {"character_coverage": 0.0}),
        (ValueError, "`character_coverage`", {"character_coverage": float("nan")}),
        (TypeError, "`character_coverage`", {"character_coverage": "all"}),
        (ValueError, "`min_count`", {"min_count": 1.5}),
        (TypeError, "single string", {"corpus": "one text"}),
        (TypeError, "type int", {"corpus": [1, 2]}),
        (TypeError, "Source of texts", {"corpus": Texts([1, 2])}),
    ],
)
def test_wrong_arguments(error, message, arguments):
    with pytest.raises(error, match=message):
        train_tokenizer(**{"corpus": CORPUS, "vocabulary_size": 300, **arguments})


def test_loading_what_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="tokenizer.json"):
        load_tokenizer(tmp_path)


def test_byte_pairs_spell_everything(tmp_path):
    tokenizer = train_tokenizer(CORPUS, "bpe", 300, out=tmp_path)
    assert tokenizer.vocabulary_size() == 300
    assert tokenizer.id_to_token(0) == "<|endoftext|>"
    ids = {tokenizer.start_token_id, tokenizer.end_token_id, tokenizer.pad_token_id}
    assert ids == {0}
    for each in (tokenizer, load_tokenizer(tmp_path)):
        rows = [[int(i) for i in row] for row in each([*CORPUS, "Ünseen 🙂"])]
        assert each.detokenize(rows) == [*CORPUS, "Ünseen 🙂"]


def test_byte_pairs_merge_what_is_frequent():
    tokenizer = train_tokenizer(["中文 the the 中文 11 11"] * 3, "bpe", 266)
    texts = tf.constant([" the the", " 中文", "11 11"])
    rows = tf.function(lambda texts: tokenizer(texts))(texts)
    assert [len(row) for row in rows.to_list()] == [2, 1, 5]  # digits stand alone


def test_byte_pairs_say_what_does_not_fit():
    with pytest.raises(ValueError, match="above 257.*bytes and the end of text"):
        train_tokenizer(CORPUS, "bpe", 257)
    with pytest.raises(ValueError, match="`lowercase` must be False or None"):
        train_tokenizer(CORPUS, "bpe", 300, lowercase=True)
    with pytest.raises(ValueError, match="without a single word"):
        train_tokenizer(["", " "], "bpe", 300)


def test_words():
    texts = ["A cat, a hat: don't!", "The cat's CAT", "a b"]
    tokenizer = train_tokenizer(texts * 2, "word", min_count=4)
    # The most frequent first; of equal counts, by the alphabet.
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "cat"]
    assert tokenizer.get_vocabulary() == vocabulary
    # Comma, colon, hat, don, apostrophe, t, exclamation; the, apostrophe, s; b.
    assert tokenizer.counts.tolist() == [0, 22, 0, 0, 0, 6, 6]
    assert pieces(tokenizer, ["a cats Cát"]) == [["a", "[UNK]", "cat"]]
    assert train_tokenizer(texts, "word", 6, min_count=1).get_vocabulary()[5:] == ["a"]
    kept = train_tokenizer(["Cat cat"], "word", lowercase=False, min_count=1)
    assert kept.get_vocabulary()[5:] == ["Cat", "cat"]
    with pytest.raises(ValueError, match="min_count"):
        train_tokenizer(texts, "word", min_count=5)
    with pytest.raises(ValueError, match="min_count"):
        train_tokenizer(texts, "word", min_count=0)


def test_words_keep_their_counts(tmp_path):
    tokenizer = train_tokenizer(["a a b"], "word", min_count=1, out=tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert loaded.counts.tolist() == tokenizer.counts.tolist() == [0, 0, 0, 0, 0, 2, 1]
    assert pieces(loaded, ["b c"]) == [["b", "[UNK]"]]


THAI = "สวัสดีครับวันนี้อากาศดีมากเราจะไปเที่ยวทะเลกันเถอะเพื่อน"


@pytest.mark.parametrize("kind", ["wordpiece", "word"])
@pytest.mark.parametrize("text", ["x" * 101, "longIdentifier9" * 9, THAI, "𐌰" * 26])
def test_long_words_are_cut_alike_in_training_and_in_use(kind, text, tmp_path):
    tokenizer = train_tokenizer(
        Texts([text] * 3), kind, min_count=1, character_coverage=1.0, out=tmp_path
    )
    (row,) = pieces(tokenizer, [text])
    assert "[UNK]" not in row and len(row) > 1
    if kind == "wordpiece":
        spelled = "".join(piece.removeprefix("##") for piece in row)
        assert spelled == text.lower()
    loaded = load_tokenizer(tmp_path)
    for ids in (loaded(text), loaded([text])[0], tokenizer(tf.constant(text))):
        assert [tokenizer.id_to_token(int(i)) for i in ids] == row


@pytest.mark.parametrize("kind", ["wordpiece", "word"])
@pytest.mark.parametrize(
    "text, words",
    [
        ("パンダ バンダ がか", "パンダ バンダ がか"),
        ("パンダ", "パンダ"),  # decomposed marks are composed
        ("हिन्दी में", "हिन्दी में"),
        ("ภาษาที่ดี", "ภาษาที่ดี"),
        ("مَرْحَبًا שָׁלוֹם", "مَرْحَبًا שָׁלוֹם"),
        ("한국어 가각", "한국어 가각"),
        ("Café Ångström TIẾNG Việt", "cafe angstrom tieng viet"),
        ("Ὀδυσσεύς Й Ёлка", "οδυσσευσ и елка"),
        ("1️⃣ ❤️ x̂", "1⃣ ❤ x"),  # what styles a sign is no letter
    ],
)
def test_marks_go_with_case_in_european_scripts_only(kind, text, words):
    tokenizer = train_tokenizer(
        Texts([text] * 3), kind, min_count=1, character_coverage=1.0
    )
    if kind == "wordpiece":
        (row,) = pieces(tokenizer, [text])
        spelled = "".join(piece.removeprefix("##") for piece in row)
        assert spelled == unicodedata.normalize("NFC", words).replace(" ", "")
    else:
        words = unicodedata.normalize("NFC", words).split()
        wanted = {word for word in words if any(map(str.isalnum, word))}
        assert set(tokenizer.get_vocabulary()[5:]) == wanted


def test_tokenizers_of_before_behave_as_they_did(tmp_path):
    """Version 0.1.0 stored KerasHub's class, which strips all marks."""
    old = keras_hub.tokenizers.BertTokenizer(
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ハンタ", "cafe"],
        lowercase=True,
        strip_accents=True,
    )
    save_tokenizer(old, tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert type(loaded) is keras_hub.tokenizers.BertTokenizer
    rows = [["ハンタ", "ハンタ", "cafe"]]
    assert pieces(loaded, ["パンダ バンダ Café"]) == rows
    words = WordTokenizer(old.get_vocabulary(), [0] * 7, strip_accents=True)
    assert pieces(words, ["パンダ バンダ Café"]) == rows


def test_a_stored_word_tokenizer_of_before_loads(tmp_path):
    """Version 0.1.0 named the module that the class was in."""
    tokenizer = train_tokenizer(["a b a"], "word", min_count=1, out=tmp_path)
    path = tmp_path / "tokenizer.json"
    config = json.loads(path.read_text())
    config["module"] = "kerassl.pretext.text.word_tokenizer"
    path.write_text(json.dumps(config))
    script = "import sys, kerassl.data; t = kerassl.data.load_tokenizer(sys.argv[1]); "
    script += "print(t.get_vocabulary(), t.counts.tolist())"
    run = [sys.executable, "-c", script, str(tmp_path)]
    other = subprocess.run(run, capture_output=True, check=True, text=True)
    counts = tokenizer.counts.tolist()
    assert other.stdout.strip() == f"{tokenizer.get_vocabulary()} {counts}"


@pytest.mark.parametrize("kind", ["wordpiece", "sentencepiece", "bpe", "word"])
@pytest.mark.parametrize(
    "text", ["a" * 200_000, "!" * 100_000, "".join(map(chr, range(33, 127))) * 1000]
)
def test_training_on_one_endless_word_ends(kind, text):
    source = Texts([text, "and some words"])
    tokenizer = train_tokenizer(source, kind, 300, min_count=1)
    assert tokenizer.vocabulary_size() <= 300


@pytest.mark.parametrize("kind", ["wordpiece", "sentencepiece", "bpe", "word"])
def test_a_tokenizer_of_the_text_in_dicts(kind):
    texts = ["a small cat", "some large hats"] * 3
    options = {"vocabulary_size": 262 if kind == "bpe" else 30, "min_count": 1}
    both = [part for text in texts for part in (text, f"{text} twice")]
    wanted = train_tokenizer(Texts(both), kind, **options)
    found = train_tokenizer(Captions(texts), kind, field="captions", **options)
    assert found.get_vocabulary() == wanted.get_vocabulary()
    titles = train_tokenizer(Captions(texts), kind, field="title", **options)
    assert titles.get_vocabulary() != wanted.get_vocabulary()


def test_the_only_text_in_dicts_needs_no_name():
    source = Captions(["a cat"])
    fetch = source.fetch
    source.fetch = lambda indices: {
        name: part for name, part in fetch(indices).items() if name != "captions"
    }
    tokenizer = train_tokenizer(source, "word", min_count=1)
    assert tokenizer.get_vocabulary()[5:] == ["a", "cat", "title"]


@pytest.mark.parametrize(
    "corpus, field, message",
    [
        (Captions(["a b"]), None, r"one of \['captions', 'title'\]. Received: None"),
        (Captions(["a b"]), "number", r"captions.*'number', and.*\['captions', 'num"),
        (Captions(["a b"]), "tilte", "Received: 'tilte'"),
        (Texts(["a b"]), "title", "must be None where the examples are no dicts"),
        (["a b"], "title", "must be None where the examples are no dicts"),
    ],
    ids=["two texts", "no text", "unknown", "of no dicts", "of a list"],
)
def test_a_field_that_names_no_text(corpus, field, message):
    with pytest.raises(ValueError, match=message):
        train_tokenizer(corpus, field=field)
