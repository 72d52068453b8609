import csv
import hashlib
import itertools
import json
import lzma
import os
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from kerassl import cli, data
from kerassl.data import preparing
from kerassl.data.windows import pack_documents

TEXTS = [f"the {a} cat saw {b} dogs, 中文 {a}{b}" for a in "red" for b in range(400)]


def prepare(folder, texts=TEXTS, **options):
    options = {"vocabulary_size": 270, "workers": 1, "shard_tokens": 6000, **options}
    return data.prepare(texts, folder, **options)


def stream(source):
    return np.concatenate([np.asarray(shard) for shard in source._shards])


def files(folder):
    return {p.name: p.stat().st_mtime_ns for p in folder.glob("*.npy")}


@pytest.mark.parametrize("kind", ["bpe", "wordpiece", "sentencepiece"])
def test_shards_hold_what_packing_gives(kind, tmp_path):
    size = {"bpe": 270, "wordpiece": 60, "sentencepiece": 40}[kind]
    source = prepare(tmp_path, tokenizer=kind, vocabulary_size=size)
    packed = pack_documents(data.ArraySource(TEXTS), source.tokenizer, 5)
    np.testing.assert_array_equal(stream(source), stream(packed))
    assert len(source._shards) > 1 and source._shards[0].dtype == np.uint16
    again = data.as_source(str(tmp_path), modality="text", sequence_length=5)
    positions = np.arange(len(again))[::7]
    for name in ("token_ids", "segment_ids"):
        np.testing.assert_array_equal(
            again.fetch(positions)[name], packed.fetch(positions)[name]
        )
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["documents"] == len(TEXTS) == again.num_documents
    assert manifest["text_bytes"] == sum(len(text.encode()) for text in TEXTS)
    assert manifest["tokens"] == len(stream(source))
    leftovers = {p.name for p in tmp_path.iterdir()}
    assert not any("unfinished" in name for name in leftovers)


def chinese():
    who = ("小猫", "我的老师", "那位医生", "邻居的狗", "一个孩子")
    when = ("昨天早上", "在2024年", "下雨的时候", "吃完晚饭以后")
    what = ("在院子里睡觉。", "读了一本书！", "去Beijing看朋友，", "说：“明天见。”")
    tail = ("大家都很高兴。", "谁也不知道为什么？", "后来就回家了。")
    return ["".join(parts) for parts in itertools.product(when, who, what, tail)]


def letters(text):
    """Returns a text without spaces, its full-width signs as their plain ones."""
    return "".join(unicodedata.normalize("NFKC", text).split())


@pytest.mark.parametrize("keep_case", [False, True])
@pytest.mark.parametrize("kind", ["bpe", "wordpiece", "sentencepiece"])
def test_chinese_comes_back_from_its_shards(kind, keep_case, tmp_path):
    texts = chinese()
    options = {"tokenizer": kind, "vocabulary_size": 300 if kind == "bpe" else 100}
    if keep_case:
        options["lowercase"] = False
    if kind != "bpe":
        options["character_coverage"] = 1.0
    source = prepare(tmp_path, texts, **options)
    manifest = source.manifest
    assert manifest["documents"] == len(texts) == 240
    assert manifest["text_bytes"] == sum(len(text.encode()) for text in texts)
    assert manifest["settings"] == {**options, "shard_tokens": 6000}
    ids = stream(source)
    assert manifest["tokens"] == len(ids) < 0.7 * manifest["text_bytes"]
    documents = np.split(ids, np.flatnonzero(ids == manifest["end_token_id"])[1:])
    told = [source.tokenizer.detokenize(ids[1:].astype("int32")) for ids in documents]
    if kind == "bpe":
        assert told == texts
        return
    assert not np.any(ids == 1)  # the unknown piece
    if not keep_case:
        texts = [text.lower() for text in texts]
    assert [letters(text) for text in told] == [letters(text) for text in texts]


@pytest.mark.parametrize("kind", ["bpe", "wordpiece", "sentencepiece"])
def test_real_reviews_in_chinese(kind, kerassl_data, tmp_path):
    with lzma.open(kerassl_data / "zh" / "ChnSentiCorp_htl_all.csv.xz", "rt") as file:
        rows = csv.DictReader(file)
        texts = [row["review"] for row in itertools.islice(rows, 3000)]
    texts = [" ".join(text.split()) for text in texts if text.strip()]
    options = {"tokenizer": kind, "vocabulary_size": 3500, "shard_tokens": 100_000}
    if kind != "bpe":
        options["character_coverage"] = 0.9995
    source = prepare(tmp_path, texts, **options)
    assert source.num_documents == len(texts) and len(source._shards) > 1
    documents = np.split(
        stream(source),
        np.flatnonzero(stream(source) == source.manifest["end_token_id"])[1:],
    )
    told = [source.tokenizer.detokenize(ids[1:].astype("int32")) for ids in documents]
    if kind == "bpe":
        assert told == texts
        return
    unknown = np.mean(stream(source) == 1)
    same = [letters(a) == letters(b.lower()) for a, b in zip(told, texts, strict=True)]
    assert unknown < 0.001 and np.mean(same) > 0.9


@pytest.mark.parametrize("kind", ["wordpiece", "sentencepiece"])
def test_a_small_vocabulary_spells_the_frequent_characters(kind, tmp_path):
    texts = chinese() * 4 + ["龘"]
    options = {"tokenizer": kind, "vocabulary_size": 100}
    ids = stream(prepare(tmp_path, texts, character_coverage=0.9995, **options))
    assert np.flatnonzero(ids == 1).tolist() == [len(ids) - 1]


def test_options_of_training_need_a_tokenizer_to_train(tmp_path):
    prepare(tmp_path / "one")
    stored = tmp_path / "one" / "tokenizer"
    for option in ({"lowercase": False}, {"character_coverage": 0.9}):
        with pytest.raises(ValueError, match=f"`{next(iter(option))}` must be None"):
            prepare(tmp_path / "two", tokenizer=stored, **option)
    with pytest.raises(ValueError, match="`character_coverage` must be None but for"):
        prepare(tmp_path / "two", character_coverage=0.9)
    with pytest.raises(ValueError, match="`lowercase` must be False or None"):
        prepare(tmp_path / "three", lowercase=True)


def test_a_stopped_run_goes_on(tmp_path, monkeypatch):
    whole = prepare(tmp_path / "whole")
    write, done = preparing._write_shard, []

    def interrupted(*arguments):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(write(*arguments))
        return done[-1]

    monkeypatch.setattr(preparing, "_write_shard", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare(tmp_path / "part")
    with pytest.raises(FileNotFoundError, match="no finished token shards"):
        data.TokenShards(tmp_path / "part")
    monkeypatch.setattr(preparing, "_write_shard", write)
    before = files(tmp_path / "part")
    source = prepare(tmp_path / "part")
    np.testing.assert_array_equal(stream(source), stream(whole))
    after = files(tmp_path / "part")
    assert len(before) == 4 and before.items() <= after.items()
    assert (tmp_path / "part/manifest.json").read_text() == (
        tmp_path / "whole/manifest.json"
    ).read_text()


def test_finished_shards_are_kept_and_spoilt_ones_made_again(tmp_path):
    source = prepare(tmp_path)
    expected, before = stream(source), files(tmp_path)
    prepare(tmp_path)
    assert files(tmp_path) == before
    spoilt = tmp_path / "tokens-00001.npy"
    spoilt.write_bytes(spoilt.read_bytes()[:-4] + b"\0\0\0\0")
    np.testing.assert_array_equal(stream(prepare(tmp_path)), expected)
    after = files(tmp_path)
    assert after["tokens-00000.npy"] == before["tokens-00000.npy"]


def test_another_configuration_is_refused(tmp_path):
    prepare(tmp_path)
    with pytest.raises(
        ValueError, match="settings has another `vocabulary_size`: it was 270, now 271"
    ):
        prepare(tmp_path, vocabulary_size=271)
    with pytest.raises(ValueError, match="corpus has another `examples`"):
        prepare(tmp_path, texts=TEXTS[:-1])
    with pytest.raises(ValueError, match="`workers`.*Received: 0"):
        prepare(tmp_path, workers=0)
    with pytest.raises(FileNotFoundError, match="folder of a stored tokenizer"):
        prepare(tmp_path / "new", tokenizer="letters")


def test_two_processes_give_what_one_gives(tmp_path):
    texts = TEXTS * 4
    one = prepare(tmp_path / "one", texts, tokenizer="word")
    # The tokenizer of other shards, as for a test set of the same corpus. Other
    # processes have not yet heard of its class, which is our own.
    stored = str(tmp_path / "one" / "tokenizer")
    two = prepare(tmp_path / "two", texts, workers=2, tokenizer=stored)
    np.testing.assert_array_equal(stream(one), stream(two))


# A plain script, whose processes must not run it again. It is killed by SIGKILL
# where its second shard is written but does not bear its name yet.
KILLED = """
import os, signal, sys
from kerassl import files
import test_preparing
publish = files.publish
def dying(written, path):
    if path.name == "tokens-00001.npy":
        os.kill(os.getpid(), signal.SIGKILL)
    publish(written, path)
files.publish = dying
print("started", flush=True)
test_preparing.prepare(sys.argv[1], test_preparing.TEXTS * 4, workers=2)
"""


def test_a_killed_run_leaves_no_process_and_nothing_half_written(tmp_path):
    script, part = tmp_path / "script.py", tmp_path / "part"
    here = str(Path(__file__).parent)
    script.write_text(KILLED)
    done = subprocess.run(
        [sys.executable, str(script), str(part)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([here, *sys.path])},
        stdout=subprocess.PIPE,  # its end is waited for, which every process holds
        timeout=240,
    )
    assert (done.returncode, done.stdout) == (-9, b"started\n")
    with pytest.raises(FileNotFoundError, match="no finished token shards"):
        data.as_source(part, modality="text", sequence_length=5)
    whole = tmp_path / "whole"
    for folder in (part, whole):
        prepare(folder, TEXTS * 4)
    names = sorted(path.name for path in whole.rglob("*") if path.is_file())
    assert sorted(path.name for path in part.rglob("*") if path.is_file()) == names
    for path in whole.rglob("*"):
        # Keras counts the objects of a process in the names of configurations.
        if path.is_file() and path.name != "tokenizer.json":
            other = part / path.relative_to(whole)
            assert path.read_bytes() == other.read_bytes(), path


def test_a_tokenizer_of_something_else_is_not_taken(tmp_path):
    stored = tmp_path / "one" / "tokenizer"
    prepare(tmp_path / "one")
    shutil.copytree(stored, tmp_path / "two" / "tokenizer")
    with pytest.raises(ValueError, match="must hold the tokenizer of these shards"):
        prepare(tmp_path / "two", tokenizer="wordpiece", vocabulary_size=60)
    prepare(tmp_path / "two", tokenizer=tmp_path / "two" / "tokenizer")
    # Another tokenizer of the same class, and another one under the same path.
    other = data.train_tokenizer(TEXTS, "bpe", 265)
    for tokenizer in (data.load_tokenizer(stored), other):
        options = {"tokenizer": tokenizer}
        if tokenizer is other:
            with pytest.raises(ValueError, match="but holds another"):
                prepare(tmp_path / "three", **options)
        else:
            prepare(tmp_path / "three", **options)
    shutil.rmtree(stored)
    data.save_tokenizer(other, stored)
    with pytest.raises(ValueError, match="but holds another"):
        prepare(tmp_path / "one")


def test_a_call_that_failed_may_be_made_otherwise(tmp_path):
    with pytest.raises(ValueError, match="`vocabulary_size` must be above 257"):
        prepare(tmp_path, vocabulary_size=9)
    with pytest.raises(FileNotFoundError, match="no finished token shards"):
        data.as_source(str(tmp_path), modality="text", sequence_length=5)
    assert prepare(tmp_path).num_documents == len(TEXTS)


def test_a_changed_text_is_another_corpus(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS))
    prepare(tmp_path / "out", str(path))
    path.write_text("\n".join(TEXTS).replace("cat", "CAT"))
    with pytest.raises(ValueError, match="corpus has another `digest`"):
        prepare(tmp_path / "out", str(path))


def test_shards_of_before_go_on(tmp_path):
    """Version 0.1.0 knew neither digests nor reasons nor notes."""
    before = stream(prepare(tmp_path)).copy()
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    for name in ("skipped_by_reason", "notes", "digest"):
        del manifest["corpus"][name]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    data.as_source(str(tmp_path), modality="text", sequence_length=5)
    np.testing.assert_array_equal(stream(prepare(tmp_path)), before)


def test_shards_know_a_tokenizer_whose_class_has_moved(tmp_path):
    given, out = tmp_path / "given", tmp_path / "out"
    data.train_tokenizer(TEXTS, "word", min_count=1, out=given)
    prepare(out, tokenizer=given)
    former = {"module": "kerassl.pretext.text.word_tokenizer"}
    for folder in (given, out / "tokenizer"):
        path = folder / "tokenizer.json"
        config = json.loads(path.read_text()) | former
        path.write_text(json.dumps(config))
    config["config"].pop("name")
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    vocabulary = given / "assets" / "tokenizer" / "vocabulary.txt"
    words = hashlib.sha256(vocabulary.read_bytes()).hexdigest()
    digest.update(f"vocabulary.txt {words}".encode())
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["tokenizer_sha256"] == digest.hexdigest()  # that of 0.1.0
    before = files(out)
    prepare(out, tokenizer=given)
    assert files(out) == before


def test_shards_tell_what_was_left_out_and_how_the_corpus_was_read(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_bytes(b"\n".join([b"a few words"] * 9 + [b"", b" ", b"caf\xe9"]))
    for _ in range(2):
        source = prepare(tmp_path / "out", str(path), vocabulary_size=900)
        assert source.num_skipped == 3
        assert source.skipped_by_reason == {"empty": 2, "not UTF-8": 1}
        (note,) = source.notes
        assert note.startswith("vocabulary 900 -> 2")


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("tokens-00000.npy", b"", "tokens-00000.npy cannot be read"),
        ("documents-00001.npy", b"\x93NUMPY", "documents-00001.npy cannot be read"),
        ("tokens-00000.npy", None, "tokens-00000.npy cannot be read"),
        ("manifest.json", b"{", "must be the manifest of"),
    ],
)
def test_spoilt_files_are_named(name, text, message, tmp_path):
    prepare(tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-100] if text is None else text)
    with pytest.raises(ValueError, match=message):
        data.as_source(str(tmp_path), modality="text", sequence_length=5)
    if name == "manifest.json":
        with pytest.raises(ValueError, match="must be a manifest of"):
            prepare(tmp_path)
    else:
        assert prepare(tmp_path).num_documents == len(TEXTS)


def test_the_command(tmp_path, capsys):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join([*TEXTS[:300], "", ""]), "utf-8")
    command = ["prepare", str(corpus), "--out", str(tmp_path / "shards"), "--quiet"]
    assert cli.main([*command, "--vocabulary-size", "270", "--workers", "1"]) == 0
    assert "of 300 documents, 1 left out" in capsys.readouterr().out
    source = data.TokenShards(tmp_path / "shards", 16)
    assert source.num_skipped == 1 and source.skipped[0].reason == "empty"
    assert cli.main([*command, "--vocabulary-size", "10"]) == 2
    assert "another configuration" in capsys.readouterr().err
    assert cli.main(["prepare", "nowhere/*.txt", "--out", str(tmp_path / "x")]) == 2


def test_the_command_can_keep_case(tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("Polish polish\n" * 20)
    out = tmp_path / "shards"
    command = ["prepare", str(corpus), "--out", str(out), "--quiet", "--workers", "1"]
    words = ["--tokenizer", "wordpiece", "--vocabulary-size", "20", "--keep-case"]
    assert cli.main([*command, *words, "--character-coverage", "1.0"]) == 0
    settings = data.TokenShards(out, 4).manifest["settings"]
    assert (settings["lowercase"], settings["character_coverage"]) == (False, 1.0)
    tokenizer = data.load_tokenizer(out / "tokenizer")
    assert tokenizer.detokenize(tokenizer("Polish")) == "Polish"
    with pytest.raises(SystemExit):
        cli.main([*command, "--lowercase", "--keep-case"])


def test_pretraining_from_shards(tmp_path):
    import kerassl

    # The font of a run's picture has no Chinese.
    texts = [text.replace("中文", "and") for text in TEXTS]
    prepare(tmp_path / "shards", texts, vocabulary_size=262)
    small = {
        "encoder.num_layers": 1,
        "encoder.hidden_dim": 16,
        "encoder.intermediate_dim": 16,
        "pretext.sequence_length": 16,
    }
    run = kerassl.pretrain(
        "gpt2_tiny",
        str(tmp_path / "shards"),
        out=tmp_path / "run",
        steps=3,
        batch_size=4,
        overrides=small,
        progress=False,
    )
    assert run.report["data"]["documents"] == len(TEXTS)
    assert (tmp_path / "run/views.png").is_file()
    assert isinstance(run.task.generate("the", 8), str)
    with pytest.raises(FileNotFoundError, match="goes to a text preset"):
        data.as_source(str(tmp_path / "shards"), modality="image")
