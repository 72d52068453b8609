"""What is measured on held-out examples without labels."""

import json

import keras
import keras_hub
import numpy as np
import pytest
import tasks
from sklearn.decomposition import PCA

from kerassl import encoders, models, pretext, transfer
from kerassl.data import ArraySource, Subset, as_source, digits
from kerassl.pretraining.given import Examples
from kerassl.pretraining.measuring import expected, measure_all, measures_of
from kerassl.tokenizers import train_tokenizer
from kerassl.transfer import hidden_tokens
from kerassl.transfer.held_out import JudgedResult, batches_of, part_means, some_of
from kerassl.transfer.inputs import TokenCounts
from kerassl.transfer.view_retrieval import _found

# Of the task's own, on data without labels; None where there is none to make.
WANTED = {
    "AMDIM": "views",
    "APC": "pretext",
    "Autoencoder": "reconstruction",
    "BYOL": "views",
    "BarlowTwins": "views",
    "CBOW": "pretext",
    "CMC": "views",
    "CausalLM": "perplexity",
    "Colorization": "pretext",
    "DecoupledContrastive": "views",
    "DeepCluster": "views",
    "DenoisingSeq2Seq": "hidden_tokens",
    "DINO": "views",
    "Distillation": "views",
    "DropPos": "pretext",
    "ELECTRA": "hidden_tokens",
    "GAN": None,
    "MAE": "pretext",
    "IBOT": "views",
    "IJEPA": "views",
    "MaskedLM": "hidden_tokens",
    "MP3": "pretext",
    "MoCo": "views",
    "MoCoV3": "views",
    "NNCLR": "views",
    "PatchCPC": "views",
    "PixelCNN": "pretext",
    "Puzzle": "pretext",
    "RecurrentLM": "perplexity",
    "SimCLR": "views",
    "SimCSE": "views",
    "SimSiam": "views",
    "SkipGram": "pretext",
    "SupCon": "views",
    "SimMIM": "pretext",
    "SparseAutoencoder": "reconstruction",
    "SwAV": "views",
    "Triplet": "views",
    "VAE": "pretext",
    "VQVAE": "reconstruction",
    "UniLM": "hidden_tokens",
    "VICReg": "views",
}
SENTENCES = [f"the {a} {b} the {a}" for a in ("cat", "dog") for b in ("saw", "bit")] * 8


@pytest.mark.parametrize("method", tasks.methods())
def test_every_task_is_told_what_will_be_measured(method):
    make, examples, _ = tasks.every()[method]()
    task, some = make(), Subset(as_source(examples), np.arange(20))
    some.labels = None
    wanted = WANTED[method]
    names = [each.name for each in expected(task, measures_of({}, task), some)]
    assert names == ([] if wanted is None else [wanted])


@pytest.mark.parametrize("method", tasks.one_of_each_kind())
def test_every_kind_of_task_is_measured_on_examples_without_labels(method, monkeypatch):
    monkeypatch.setattr(hidden_tokens, "MOST_DRAWS", 1)
    make, examples, _ = tasks.every()[method]()
    task, source = make(), as_source(examples)
    some = np.arange(min(len(source), 40))
    train, test = (Subset(source, part) for part in np.array_split(some, 2))
    train.labels = test.labels = None
    read = Examples(train, test)
    before = [w.copy() for w in task.get_weights()]
    found = measure_all(task, measures_of({}, task), read, 0, False, False)
    wanted = WANTED[method]
    assert list(found.results) == ([] if wanted is None else [wanted])
    for a, b in zip(before, task.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)  # its dropout's seeds too
    if wanted is None:
        return
    rows = found.results[wanted].rows
    assert json.loads(json.dumps(rows)) == rows
    figures = [v for row in rows for v in row.values() if isinstance(v, float)]
    assert len(figures) >= len(rows) and np.isfinite(figures).all()
    assert found.verdicts[wanted].sentence


def test_what_was_pretrained_on_tells_nothing():
    read = Examples(digits("train"), Subset(digits("test"), np.arange(9)))
    read.test.labels = None
    task = autoencoder()
    seen = measure_all(task, measures_of({}, task), read, 0, False, True)
    assert not seen.results
    assert "kept out of pretraining" in seen.left_out["reconstruction"]


def test_token_counts_are_distributions():
    rng = np.random.default_rng(0)
    before, tokens = rng.integers(0, 5, 200), rng.integers(0, 6, 200)
    counts = TokenCounts(before, tokens, 7)
    for b in range(7):
        told = np.exp(-counts.bigram_nats(np.full(7, b), np.arange(7)))
        assert told.sum() == pytest.approx(1)
        assert counts.guess([b]) == told.argmax()
        seen = tokens[before == b]
        for t in range(7) if len(seen) else []:
            kinds = len(set(seen))
            below = np.exp(-counts.unigram_nats([t]))[0]
            by_hand = (np.sum(seen == t) + kinds * below) / (len(seen) + kinds)
            assert told[t] == pytest.approx(by_hand)
    unigram = np.exp(-counts.unigram_nats(np.arange(7)))
    np.testing.assert_allclose(unigram.sum(), 1)
    np.testing.assert_allclose(unigram[6], 6 / 7 / 206)  # never seen
    last = np.exp(-counts.bigram_nats(np.full(7, 6), np.arange(7)))
    np.testing.assert_allclose(last, unigram)  # nothing stood after it


def bert(words=SENTENCES):
    tokenizer = train_tokenizer(words, vocabulary_size=35)
    keras.utils.set_random_seed(0)
    size = tokenizer.vocabulary_size()
    encoder = keras_hub.models.BertBackbone(size, 1, 2, 16, 32, dropout=0.0)
    return models.MaskedLM(encoder, pretext.MaskedTokens(tokenizer, 8))


def test_hidden_tokens_cost_what_the_task_says(monkeypatch):
    monkeypatch.setattr(hidden_tokens, "MOST_DRAWS", 1)
    task = bert()
    task.compile("adam", run_eagerly=True)
    train, test = ArraySource(SENTENCES), ArraySource(SENTENCES[:16])
    found = transfer.HiddenTokens()(task, train, test, seed=3)
    batches = list(batches_of(task, test, batch_size=16, seed=3))
    (x, y, weight), *others = batches
    assert not others
    logs = task.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    unigram, bigram, own = found.rows
    assert own["nats"] == pytest.approx(logs["loss"], rel=1e-5)
    assert own["accuracy"] == pytest.approx(logs["accuracy"])
    # By hand: a text is "the a b the a", and each token is as likely to be asked for.
    shares = np.array([2, 1, 1, 0.5, 0.5]) / 5
    entropy = -(shares * np.log(shares)).sum()
    assert unigram["nats"] == pytest.approx(entropy, rel=0.3)
    assert bigram["nats"] < unigram["nats"] < own["nats"]  # the task is untrained
    assert "worse than a bigram model" in found.verdict.sentence
    assert found.to_markdown().startswith(found.verdict.sentence)
    assert found.verdict.figures["pretrained"] == pytest.approx(own["nats"])


def test_few_texts_are_corrupted_several_times():
    task = bert()
    test = ArraySource(SENTENCES[:2])
    told = transfer.HiddenTokens()(task, ArraySource(SENTENCES), test)
    tokens = int(told.caption.split()[0])
    assert tokens == hidden_tokens.MOST_DRAWS * 2  # one of five is hidden at a time
    assert "of 2 texts" in told.caption


def autoencoder(code=4):
    keras.utils.set_random_seed(0)
    encoder = encoders.dense((8, 8, 1), hidden_dims=(code,))
    return models.Autoencoder(encoder, pretext.Reconstruct())


def test_reconstruction_stands_beside_the_mean_and_pca():
    task, train, test = autoencoder(), digits("train"), digits("test")
    found = transfer.Reconstruction()(task, train, test)
    assert [row["model"] for row in found.rows] == [
        "mean of training",
        "PCA, 4 numbers",
        "this one",
    ]
    x, y = (
        source.fetch(np.arange(len(source))).numpy().reshape(len(source), -1) / 255
        for source in (train, test)
    )
    pca = PCA(4).fit(x)
    errors = [
        np.square(y - x.mean(0)).mean(),
        np.square(y - pca.inverse_transform(pca.transform(y))).mean(),
        np.square(y - task.reconstruct(y.reshape(-1, 8, 8, 1)).reshape(y.shape)).mean(),
    ]
    got = [row["squared_error"] for row in found.rows]
    np.testing.assert_allclose(got, errors, rtol=1e-3)
    shares = [row["share_of_variance"] for row in found.rows]
    np.testing.assert_allclose(shares, 1 - np.array(errors) / errors[0], atol=1e-3)
    assert "points of the variance worse than PCA, 4 numbers" in found.verdict.sentence
    figures = found.verdict.figures
    np.testing.assert_allclose(figures["input"], 100 * shares[1], rtol=1e-6)
    np.testing.assert_allclose(figures["pretrained"], 100 * shares[2], rtol=1e-6)


def test_a_code_as_wide_as_the_example_has_no_pca():
    images = ArraySource(np.random.default_rng(0).random((99, 8, 8, 1), "float32"))
    found = transfer.Reconstruction()(autoencoder(64), images, images)
    assert [row["model"] for row in found.rows] == ["mean of training", "this one"]
    same = ArraySource(np.full((6, 8, 8, 1), 7, "uint8"))
    found = transfer.Reconstruction()(autoencoder(), same, same)
    assert found.verdict is None and found.rows[0]["share_of_variance"] is None
    assert found.to_markdown().startswith("6 examples")


@keras.saving.register_keras_serializable(package="tests")
class Noisy(pretext.Reconstruct):
    def call(self, inputs, seed):
        import tensorflow as tf

        x, y = super().call(inputs, seed)
        return x + 0.5 * tf.random.stateless_normal(tf.shape(x), seed), y


def test_a_denoiser_stands_beside_its_noisy_input():
    encoder = encoders.dense((8, 8, 1), hidden_dims=(4,))
    task = models.Autoencoder(encoder, Noisy(), criterion="mean_squared_error")
    found = transfer.Reconstruction()(task, digits("train"), digits("test"))
    noisy = found.rows[2]
    assert noisy["model"] == "the input as it is"
    assert noisy["squared_error"] == pytest.approx(0.25, rel=0.02)


def test_a_view_finds_its_example():
    rng = np.random.default_rng(0)
    keys = rng.normal(size=(50, 8))
    order = np.roll(np.arange(50), 1)
    assert _found(keys + 1e-3, keys).all()
    assert not _found(keys[order], keys).any()
    assert _found(3 * keys, keys).all()  # a cosine knows no length
    task = models.SimCLR(
        encoders.resnet((8, 8, 1), depths=(1,), widths=(8,)),
        pretext.TwoViews(8, crop_scale=(1.0, 1.0), flip_rate=0.0, blur_rate=0.0),
    )
    some = Subset(digits("test"), np.arange(64))
    found = transfer.ViewRetrieval()(task, some, some)
    recall = {row["model"]: row["recall_at_1"] for row in found.rows}
    assert recall["chance"] == 1 / 64
    assert min(recall[n] for n in ("random", "pretrained")) > 5 / 64


def test_a_task_states_what_is_known_without_it():
    make, sounds, _ = tasks.every()["APC"]()
    task, source = make(), as_source(sounds)
    found = transfer.PretextLoss()(task, source, source)
    assert [row["model"] for row in found.rows] == [
        "repeating the last frame heard",
        "random",
        "this one",
    ]
    assert found.rows[0]["loss"] == pytest.approx(found.rows[2]["repeat_l1"])
    make, texts, _ = tasks.every()["SkipGram"]()
    found = transfer.PretextLoss()(make(), as_source(texts), as_source(texts))
    chance, random, own = (row["loss"] for row in found.rows)
    assert chance == pytest.approx(6 * np.log(2))
    # Its second table starts at zero, so both are at chance.
    assert [random, own] == pytest.approx([chance, chance], rel=1e-4)


@pytest.mark.parametrize("method", ["SimCLR", "MoCo", "SimCSE"])
def test_the_loss_at_chance(method):
    make, _, _ = tasks.every()[method]()
    task = make()
    losses = {"SimCLR": np.log(15), "SimCSE": np.log(8)}
    wanted = losses.get(method) or np.log(1 + task.queue_size)
    assert task.loss_at_chance(8) == pytest.approx(wanted)


def test_what_cannot_be_measured_is_said():
    task, texts = autoencoder(), ArraySource(SENTENCES)
    assert "restores hidden tokens" in transfer.HiddenTokens().left_out(task, texts)
    reason = transfer.Reconstruction().left_out(task, texts)
    assert "cannot read the examples" in reason and "\n" not in reason
    assert "task of views" in transfer.ViewRetrieval().left_out(task, digits("test"))
    assert "restores examples" in transfer.Reconstruction().left_out(bert(), texts)
    bare = models.Autoencoder(encoders.dense((8, 8, 1)))
    for measure in transfer.PretextLoss(), transfer.ViewRetrieval():
        assert "with a pretext layer" in measure.left_out(bare, texts)
    one = ArraySource(np.zeros((1, 8, 8, 1), "uint8"))
    simclr, _, _ = tasks.every()["SimCLR"]()
    reason = transfer.ViewRetrieval().left_out(simclr(), one)
    assert reason == "it needs two examples or more"
    reason = transfer.ViewRetrieval().left_out(simclr(), texts)
    assert reason.startswith("no views can be made") and "\n" not in reason


def test_parts_and_draws():
    assert part_means(range(20)).tolist() == [2 * i + 0.5 for i in range(10)]
    assert part_means([4.0], [2]).tolist() == [2.0]
    source = ArraySource([str(i) for i in range(9)])
    assert some_of(source, 9) is source
    drawn = some_of(source, 3).indices
    assert len(set(drawn)) == 3 and list(drawn) == sorted(drawn)
    assert list(drawn) == list(some_of(source, 3).indices)
    assert list(drawn) != list(some_of(source, 3, seed=4).indices)
    plain = JudgedResult([{"model": "a", "nats": None}])
    assert plain.to_dict()["verdict"] is None
    assert plain.to_markdown().splitlines()[-1] == "| a |  |"
