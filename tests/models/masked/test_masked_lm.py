import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerassl import testing
from kerassl.models.masked.masked_lm import MaskedLM
from kerassl.pretext.text import MaskedTokens
from kerassl.tokenizers import train_tokenizer

SUBJECTS = ["the cat", "a dog", "my bird", "the old king", "one small child"]
VERBS = ["sees", "hears", "likes", "follows", "draws"]
OBJECTS = ["a red house", "the green tree", "my blue boat", "their white horse"]
TEXTS = [f"{s} {v} {o}" for s in SUBJECTS for v in VERBS for o in OBJECTS]
SIZE = 100
TOKENIZER = None


def pretext(**arguments):
    global TOKENIZER
    TOKENIZER = TOKENIZER or train_tokenizer(TEXTS, vocabulary_size=SIZE)
    return MaskedTokens(TOKENIZER, **{"sequence_length": 12, **arguments})


def bert(dtype="float32", width=16, **arguments):
    return keras_hub.models.BertBackbone(
        SIZE,
        num_layers=1,
        num_heads=2,
        hidden_dim=width,
        intermediate_dim=2 * width,
        max_sequence_length=16,
        **{"dropout": 0.0, **arguments},
        dtype=dtype,
    )


def make(dtype="float32"):
    # BERT's pooler is not trained here, so `fix_weights` leaves it alone.
    keras.utils.set_random_seed(0)
    return MaskedLM(bert(dtype), pretext())


def test_features_of_an_encoder_without_segments():
    texts = ["the cat sat", "a dog ran"] * 4
    tokenizer = train_tokenizer(texts, vocabulary_size=24)
    encoder = keras_hub.models.RobertaBackbone(24, 1, 2, 8, 16, max_sequence_length=8)
    task = MaskedLM(encoder, MaskedTokens(tokenizer, sequence_length=8))
    # What `prepare` makes holds segments too.
    assert task.encode(texts).shape == (8, 8)


def test_loss_is_the_mean_over_used_slots():
    task = testing.fix_weights(make())
    task.compile("sgd")
    texts = [*TEXTS[:5], "dog", "", "cat cat"]  # rows with few slots, and with none
    x, y, weight = task.pretext(tf.constant(texts), tf.constant([0, 1]))
    logits = np.asarray(task(x), "float64")
    logits -= logits.max(-1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    picked = -np.take_along_axis(logits, y.numpy()[..., None], -1)[..., 0]
    used = weight.numpy() > 0
    logs = task.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    assert not used.all()
    assert logs["loss"] == pytest.approx(picked[used].mean(), rel=1e-5)
    right = logits.argmax(-1) == y.numpy()
    assert logs["accuracy"] == pytest.approx(right[used].mean(), rel=1e-5)


def test_only_hidden_positions_are_projected():
    task = make()
    x, y, _ = task.pretext(tf.constant(TEXTS[:3]), tf.constant([0, 1]))
    assert task(x).shape == (*y.shape, SIZE)


def test_the_embedding_stays_tied_after_loading(tmp_path):
    task = make()
    task.compile("adam")
    task.fit(task.dataset(TEXTS, 20), steps_per_epoch=1, verbose=0)
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    embedding = loaded.encoder.token_embedding
    assert loaded.head.token_embedding is embedding
    tables = [v for v in loaded.trainable_variables if v.shape == (SIZE, 16)]
    assert len(tables) == 1
    x, _, _ = task.pretext(tf.constant(TEXTS[:3]), tf.constant([0, 1]))
    before = ops.convert_to_numpy(task(x))
    np.testing.assert_allclose(loaded(x), before, rtol=1e-5, atol=1e-6)
    embedding.embeddings.assign(embedding.embeddings * 0.5)
    assert np.abs(ops.convert_to_numpy(loaded(x)) - before).max() > 1e-4
    assert loaded.pretext.tokenizer.get_vocabulary() == TOKENIZER.get_vocabulary()


def test_the_encoder_loads_as_a_plain_model(tmp_path):
    task = make()
    task.encoder.save(tmp_path / "encoder.keras")
    encoder = keras.saving.load_model(tmp_path / "encoder.keras")
    assert isinstance(encoder, keras_hub.models.BertBackbone)
    x = task.pretext.prepare(tf.constant(TEXTS[:4]))
    features = task.features(x)
    assert features.shape == (4, 16)


@pytest.mark.parametrize("kind", ["Roberta", "DistilBert", "Electra", "Albert"])
def test_other_backbones(kind):
    sizes = {
        "num_layers": 1,
        "num_heads": 2,
        "hidden_dim": 16,
        "intermediate_dim": 32,
        "max_sequence_length": 16,
    }
    sizes["vocab_size" if kind == "Electra" else "vocabulary_size"] = SIZE
    if kind in ("Electra", "Albert"):
        sizes["embedding_dim"] = 8
    encoder = getattr(keras_hub.models, f"{kind}Backbone")(**sizes)
    task = MaskedLM(encoder, pretext())
    task.compile("adam")
    before = [v.numpy() for v in task.trainable_variables]
    task.fit(task.dataset(TEXTS, 20), steps_per_epoch=2, verbose=0)
    for old, new in zip(before, task.trainable_variables, strict=True):
        assert np.abs(old - new.numpy()).max() > 0, new.path


def test_words_behind_masks_have_the_probabilities_of_training():
    task = testing.fix_weights(make())
    prompts = ["the [MASK] sees a red [MASK]", "a [MASK]"]
    found = task.sample(prompts, count=SIZE)
    assert [(row["prompt"], row["mask"]) for row in found[::SIZE]] == [
        (prompts[0], 1),
        (prompts[0], 2),
        (prompts[1], 1),
    ]
    start, mask, end = map(TOKENIZER.token_to_id, ("[CLS]", "[MASK]", "[SEP]"))
    words = [*TOKENIZER("the"), mask, *TOKENIZER("sees a red"), mask]
    ids = np.array([[start, *words, end]])
    x = {"token_ids": ids, "padding_mask": np.ones_like(ids)}
    x |= {"segment_ids": 0 * ids, "mask_positions": np.argwhere(ids[0] == mask).T}
    shares = np.asarray(ops.softmax(task(x)))[0]
    for slot in (0, 1):
        rows = found[slot * SIZE : (slot + 1) * SIZE]
        probabilities = [row["probability"] for row in rows]
        assert probabilities == sorted(probabilities, reverse=True)
        assert sum(probabilities) == pytest.approx(1, abs=1e-4)
        for row in rows:
            share = shares[slot, TOKENIZER.token_to_id(row["word"])]
            assert row["probability"] == pytest.approx(share, rel=1e-4)
    assert task.sample(prompts, count=2)[:2] == found[:2]
    with pytest.raises(ValueError, match="`count` must be a positive integer"):
        task.sample(prompts, count=0)


def test_it_learns_what_words_mean_in_context():
    """Held-out sentences: better than the words' frequencies, and than chance."""
    held_out, train = TEXTS[::5], [t for i, t in enumerate(TEXTS) if i % 5]
    control = MaskedLM(bert(width=32), pretext())
    task = MaskedLM(bert(width=32), pretext())
    for each in (control, task):
        each.compile(keras.optimizers.Adam(5e-3))
    task.fit(task.dataset(train, 40), epochs=1, steps_per_epoch=250, verbose=0)

    def evaluate(each):
        dataset = each.dataset(held_out, 20, seed=7)
        return each.evaluate(dataset, steps=10, verbose=0, return_dict=True)

    trained, untrained = evaluate(task), evaluate(control)
    ids = np.concatenate([y[w > 0] for _, y, w in task.dataset(train, 40).take(20)])
    shares = np.bincount(ids, minlength=SIZE) / len(ids)
    entropy = -np.sum(shares[shares > 0] * np.log(shares[shares > 0]))
    assert trained["loss"] < entropy - 0.5
    assert trained["accuracy"] > max(shares.max(), untrained["accuracy"]) + 0.2


def test_an_encoder_without_token_embedding():
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="`token_embedding`.*Received: Sequential"):
        MaskedLM(encoder)


def test_sizes_that_do_not_fit():
    small = keras_hub.models.BertBackbone(60, 1, 2, 8, 16, max_sequence_length=16)
    with pytest.raises(ValueError, match=f"at least {SIZE}. Received: 60"):
        MaskedLM(small, pretext()).dataset(TEXTS, 4)
    with pytest.raises(ValueError, match="`max_sequence_length`, 16. Received: 17"):
        MaskedLM(bert(), pretext(sequence_length=17)).dataset(TEXTS, 4)
    with pytest.raises(ValueError, match="train_tokenizer"):
        MaskedLM(bert(), MaskedTokens(sequence_length=12)).dataset(TEXTS, 4)
