import json

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
    with pytest.raises(ValueError, match="another configuration: settings was"):
        prepare(tmp_path, vocabulary_size=271)
    with pytest.raises(ValueError, match="another configuration: corpus was"):
        prepare(tmp_path, texts=TEXTS[:-1])
    with pytest.raises(ValueError, match="`workers`.*Received: 0"):
        prepare(tmp_path, workers=0)
    with pytest.raises(FileNotFoundError, match="folder of a stored tokenizer"):
        prepare(tmp_path / "new", tokenizer="letters")


def test_two_processes_give_what_one_gives(tmp_path):
    texts = TEXTS * 4
    one = prepare(tmp_path / "one", texts)
    # The tokenizer of other shards, as for a test set of the same corpus.
    stored = str(tmp_path / "one" / "tokenizer")
    two = prepare(tmp_path / "two", texts, workers=2, tokenizer=stored)
    np.testing.assert_array_equal(stream(one), stream(two))


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
    with pytest.raises(ValueError, match="Expected image data"):
        data.as_source(str(tmp_path / "shards"), modality="image")
