import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerassl import testing
from kerassl.encoders import t5
from kerassl.models.reconstructive.denoising_seq2seq import DenoisingSeq2Seq
from kerassl.pretext.text import (
    NoisyText,
    SentencePermutation,
    SpanCorruption,
    TextInfilling,
)
from kerassl.tokenizers import train_tokenizer
from kerassl.tokenizers.spelling import texts_of

SUBJECTS = ["the cat", "a dog", "my bird", "the old king", "one small child"]
VERBS = ["sees", "hears", "likes", "follows", "draws"]
OBJECTS = ["a red house", "the green tree", "my blue boat", "their white horse"]
TEXTS = [f"{s} {v} {o}" for s in SUBJECTS for v in VERBS for o in OBJECTS]
SIZE = 100


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, vocabulary_size=SIZE)


@pytest.fixture(scope="module")
def pretext(tokenizer):
    return SpanCorruption(tokenizer, sequence_length=12, sentinels=8)


def backbone(width=16, **arguments):
    sizes = {"num_layers": 1, "num_heads": 2, "intermediate_dim": 2 * width}
    return t5(SIZE + 8, hidden_dim=width, dropout=0.0, **sizes, **arguments)


@pytest.fixture(scope="module")
def task(pretext):
    """A task that no test trains."""
    task = testing.fix_weights(DenoisingSeq2Seq(backbone(), pretext))
    task.compile("sgd")
    return task


def test_the_loss_is_the_mean_over_the_answers(task):
    texts = [*TEXTS[:5], "dog", "", "cat cat"]  # rows with short answers
    x, y, weight = task.pretext(tf.constant(texts), tf.constant([0, 1]))
    logits = np.asarray(task(x), "float64")
    assert logits.shape == (*y.shape, SIZE + 8)
    logits -= logits.max(-1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    picked = -np.take_along_axis(logits, y.numpy()[..., None], -1)[..., 0]
    used = weight.numpy() > 0
    logs = task.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    assert not used.all()
    assert logs["loss"] == pytest.approx(picked[used].mean(), rel=1e-5)
    right = logits.argmax(-1) == y.numpy()
    assert logs["accuracy"] == pytest.approx(right[used].mean(), rel=1e-5)


@pytest.mark.parametrize("tied", [True, False])
def test_logits_are_those_of_kerashub(pretext, tied):
    whole = keras_hub.models.T5Backbone(
        SIZE + 8, 1, 2, 16, 32, tie_embedding_weights=tied
    )
    task = testing.fix_weights(DenoisingSeq2Seq(whole, pretext))
    x, _, _ = pretext(tf.constant(TEXTS[:4]), tf.constant([0, 1]))
    expected = keras_hub.models.T5Seq2SeqLM(whole)(x)
    np.testing.assert_allclose(task(x), expected, rtol=1e-5, atol=1e-6)


def test_the_decoder_sees_no_token_before_its_turn(task, pretext):
    x, _, _ = pretext(tf.constant(TEXTS[:4]), tf.constant([0, 1]))
    before = ops.convert_to_numpy(task(x))
    later = ops.convert_to_numpy(x["decoder_token_ids"]).copy()
    later[:, 2:] = 7
    after = ops.convert_to_numpy(task({**x, "decoder_token_ids": later}))
    np.testing.assert_array_equal(after[:, :2], before[:, :2])
    assert np.abs(after[:, 2:] - before[:, 2:]).max() > 1e-4


def test_the_whole_backbone_is_saved(task, pretext, tmp_path):
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    testing.assert_same_weights(task, loaded)
    x, _, _ = pretext(tf.constant(TEXTS[:4]), tf.constant([0, 1]))
    np.testing.assert_allclose(loaded(x), task(x), rtol=1e-6, atol=1e-6)
    shared = {id(v) for v in loaded.backbone.variables}
    assert {id(v) for v in loaded.encoder.variables} < shared
    assert len(task.weights) == len(task.backbone.weights)


def test_features_are_those_of_the_encoder(task, pretext):
    x = pretext.prepare(tf.constant(TEXTS[:4]))
    sequence = ops.convert_to_numpy(task.encoder(x))
    mask = x["padding_mask"].numpy()[..., None]
    mean = (sequence * mask).sum(1) / mask.sum(1)
    np.testing.assert_allclose(task.features(x), mean, rtol=1e-5, atol=1e-5)


@pytest.mark.quality
def test_it_learns_to_restore_held_out_sentences(pretext):
    held_out, train = TEXTS[::5], [t for i, t in enumerate(TEXTS) if i % 5]
    task = DenoisingSeq2Seq(backbone(width=32), pretext)
    task.compile(keras.optimizers.Adam(5e-3))

    def loss():
        dataset = task.dataset(held_out, 20, seed=7)
        return task.evaluate(dataset, steps=5, verbose=0, return_dict=True)["loss"]

    untrained = loss()
    task.fit(task.dataset(train, 40), epochs=1, steps_per_epoch=250, verbose=0)
    ids = np.concatenate([y[w > 0] for _, y, w in task.dataset(train, 40).take(20)])
    shares = np.bincount(ids) / len(ids)
    entropy = -np.sum(shares[shares > 0] * np.log(shares[shares > 0]))
    assert loss() < entropy - 1.0 < entropy < untrained
    # Sentences of the same grammar, with other words in the gaps.
    assert sum(text in TEXTS for text in task.restore(held_out, seed=3)) >= 5
    (filled,) = task.sample(["a dog sees [MASK] house"])
    assert filled["text"].startswith("a dog sees ") and "house" in filled["text"]
    drawn = [task.sample(["[MASK] sees a red house"], 8, s) for s in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len({row["text"] for row in drawn[0]}) > 1
    assert all(row["text"].endswith("sees a red house") for row in drawn[0])


@pytest.fixture(scope="module")
def bart(tokenizer):
    """A task of BART that no test trains."""
    noises = [SentencePermutation(), TextInfilling()]
    pretext = NoisyText(tokenizer, 12, noises, start_token=True)
    task = DenoisingSeq2Seq(bart_backbone(), pretext)
    return testing.fix_weights(task)


def bart_backbone(width=16, longest=12):
    sizes = {"num_layers": 1, "num_heads": 2, "intermediate_dim": 2 * width}
    return keras_hub.models.BartBackbone(
        SIZE, hidden_dim=width, dropout=0.0, max_sequence_length=longest, **sizes
    )


def test_logits_of_a_bart_are_those_of_kerashub(bart):
    x, _, _ = bart.pretext(tf.constant(TEXTS[:4]), tf.constant([0, 1]))
    expected = keras_hub.models.BartSeq2SeqLM(bart.backbone)(x)
    np.testing.assert_allclose(bart(x), expected, rtol=1e-5, atol=1e-6)


def test_a_decoder_of_bart_sees_no_token_before_its_turn(bart):
    x, _, _ = bart.pretext(tf.constant(TEXTS[:4]), tf.constant([0, 1]))
    before = ops.convert_to_numpy(bart(x))
    later = ops.convert_to_numpy(x["decoder_token_ids"]).copy()
    later[:, 2:] = 7
    after = ops.convert_to_numpy(bart({**x, "decoder_token_ids": later}))
    np.testing.assert_array_equal(after[:, :2], before[:, :2])
    assert np.abs(after[:, 2:] - before[:, 2:]).max() > 1e-4


def test_a_whole_bart_is_saved(bart, tmp_path):
    bart.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    testing.assert_same_weights(bart, loaded)
    x, _, _ = bart.pretext(tf.constant(TEXTS[:4]), tf.constant([0, 1]))
    np.testing.assert_allclose(loaded(x), bart(x), rtol=1e-6, atol=1e-6)
    shared = {id(v) for v in loaded.backbone.variables}
    assert {id(v) for v in loaded.encoder.variables} < shared
    assert len(bart.weights) == len(bart.backbone.weights)


@pytest.mark.quality
def test_bart_learns_to_fill_gaps_of_held_out_sentences(tokenizer):
    held_out, train = TEXTS[::5], [t for i, t in enumerate(TEXTS) if i % 5]
    pretext = NoisyText(tokenizer, 12, [TextInfilling(0.4)], start_token=True)
    task = DenoisingSeq2Seq(bart_backbone(width=32), pretext)
    task.compile(keras.optimizers.Adam(5e-3))
    task.fit(task.dataset(train, 40), epochs=1, steps_per_epoch=250, verbose=0)
    # Sentences of the same grammar, with other words in the gaps.
    restored = task.restore(held_out, seed=3)
    shown = [text in TEXTS for text in without_masks(task, held_out)]
    assert sum(shown) <= 2 and sum(text in TEXTS for text in restored) >= 10


@pytest.mark.parametrize("kind", ["task", "bart"])
def test_greedy_answers_are_the_likeliest_of_the_whole_pass(kind, request):
    """Token by token, by the training forward pass."""
    given = request.getfixturevalue(kind)
    whole = type(given.backbone).from_config(given.backbone.get_config())
    task = testing.fix_weights(DenoisingSeq2Seq(whole, given.pretext), scale=0.5)
    prompt = "the cat [MASK] my boat"
    x = task.pretext.ask([prompt])
    answer = x["decoder_token_ids"]
    x["decoder_padding_mask"][:] = 1
    for place in range(1, answer.shape[1]):
        answer[0, place] = np.argmax(np.asarray(task(x))[0, place - 1])
    last = [[np.argmax(np.asarray(task(x))[0, -1])]]
    # Where BART's positions end, the last token is not written.
    most = -1 if kind == "bart" else None
    ids = np.append(answer[:, 1:], last, axis=1)[:, :most]
    assert len(set(ids[0].tolist())) > 2
    wanted = texts_of(task.pretext.tokenizer, task.pretext.recover(x, ids))
    assert [row["text"] for row in task.sample([prompt])] == wanted
    with pytest.raises(ValueError, match="`count` must be 1 with a `temperature`"):
        task.sample([prompt], count=2, temperature=0)


def without_masks(task, texts):
    """Returns what the encoder reads of the texts, as text."""
    x, _, _ = task.pretext(tf.constant(texts), tf.constant([3, 0]))
    tokenizer = task.pretext.tokenizer
    special = [tokenizer.token_to_id(t) for t in ("[CLS]", "[SEP]", "[PAD]", "[MASK]")]
    rows = x["encoder_token_ids"].numpy()
    return [tokenizer.detokenize(row[~np.isin(row, special)]) for row in rows]


def test_rows_longer_than_the_positions_of_a_bart(tokenizer):
    pretext = NoisyText(tokenizer, 13, [TextInfilling()], start_token=True)
    task = DenoisingSeq2Seq(bart_backbone(), pretext)
    with pytest.raises(ValueError, match="`max_sequence_length`, 12. Received: 13"):
        task.dataset(TEXTS, 20)


def test_another_encoder():
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="T5Backbone.*Received: Sequential"):
        DenoisingSeq2Seq(encoder)


def test_an_embedding_without_sentinels(task, tokenizer):
    pretext = SpanCorruption(tokenizer, sequence_length=12)
    task = DenoisingSeq2Seq(task.backbone, pretext)
    with pytest.raises(ValueError, match=f"at least {SIZE + 100}. Received: 108"):
        task.dataset(TEXTS, 20)
