import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from sklearn.metrics import roc_auc_score

from kerassl import testing
from kerassl.models import ELECTRA
from kerassl.pretext import MaskedTokens
from kerassl.tokenizers import train_tokenizer

SUBJECTS = ["the cat", "a dog", "my bird", "the old king", "one small child"]
VERBS = ["sees", "hears", "likes", "follows", "draws"]
OBJECTS = ["a red house", "the green tree", "my blue boat", "their white horse"]
TEXTS = [f"{s} {v} {o}" for s in SUBJECTS for v in VERBS for o in OBJECTS]
SIZE = 100
LENGTH = 12
ONE = 17  # some ordinary token


@pytest.fixture(scope="module")
def masked():
    return MaskedTokens(
        train_tokenizer(TEXTS, vocabulary_size=SIZE),
        LENGTH,
        mask_rate=0.3,
        mask_token_rate=0.85,
        random_token_rate=0.0,
    )


def electra(width=16, kind=keras_hub.models.ElectraBackbone, **options):
    if kind is keras_hub.models.ElectraBackbone:
        options = {"embedding_dim": 8, **options}
    return kind(
        SIZE,
        **{
            "num_layers": 1,
            "num_heads": 2,
            "hidden_dim": width,
            "intermediate_dim": 2 * width,
            "max_sequence_length": LENGTH,
            "dropout": 0.0,
            **options,
        },
    )


def batch(masked, texts=TEXTS[:16]):
    x, y, weight = masked(tf.constant(texts), tf.constant([0, 1]))
    seeds = np.random.default_rng(0).integers(-(2**31), 2**31, (len(texts), 2))
    return {**x, "seed": seeds.astype("int32")}, y, weight


def evaluated(task, data):
    task.compile("sgd", run_eagerly=True)  # compiling takes far longer
    x, y, weight = data
    # One batch, so that the logs are of it alone.
    return task.evaluate(
        x, y, sample_weight=weight, batch_size=len(y), verbose=0, return_dict=True
    )


def always(task, token):
    """Lets a task's generator draw one token wherever it draws."""
    bias = np.full(SIZE, -100.0, "float32")
    bias[token] = 100.0
    (output,) = (
        v for v in task.generator_head.variables if v.path.endswith("output_bias")
    )
    output.assign(bias)
    return task


def test_loss_at_chance(masked):
    data = batch(masked)
    task = ELECTRA(electra(), masked)
    chance = np.log(SIZE) + 50 * np.log(2)
    logs = evaluated(task, data)
    assert logs["loss"] == pytest.approx(chance, rel=0.01)
    assert logs["auc"] == pytest.approx(0.5, abs=0.2)
    # Exact where nothing is told: with heads that give 0.
    for head in (task.generator_head, task.discriminator_head):
        for variable in head.trainable_variables:
            if "token_embedding" not in variable.path and len(variable.shape) > 1:
                variable.assign(ops.zeros_like(variable))
    logs = evaluated(task, data)
    assert logs["loss"] == pytest.approx(chance, rel=1e-6)
    assert logs["auc"] == pytest.approx(0.5, abs=1e-6)  # all tokens are tied


def test_loss_and_measures_equal_numpy(masked):
    texts = [*TEXTS[:9], "the cat", "dog", ""]  # padding, and slots that are empty
    x, y, weight = batch(masked, texts)
    task = testing.fix_weights(ELECTRA(electra(), masked, discriminator_weight=7.0))
    logs = evaluated(task, (x, y, weight))
    found = {name: np.asarray(value) for name, value in task(x).items()}
    y, used = y.numpy(), weight.numpy() > 0
    logits = found["logits"].astype("float64")
    logits -= logits.max(-1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    masked_lm = -np.take_along_axis(logits, y[..., None], -1)[..., 0][used].mean()
    original = x["token_ids"].numpy()
    rows, slots = np.nonzero(used)
    original[rows, x["mask_positions"].numpy()[rows, slots]] = y[rows, slots]
    real = x["padding_mask"].numpy() > 0
    replaced = (found["token_ids"] != original)[real]
    scores = found["scores"][real].astype("float64")
    detection = np.logaddexp(0, np.where(replaced, -scores, scores)).mean()
    assert 0 < replaced.sum() < used.sum() + 1 and not real.all() and not used.all()
    assert logs["loss"] == pytest.approx(masked_lm + 7 * detection, rel=1e-5)
    assert logs["replaced_share"] == pytest.approx(replaced.mean(), rel=1e-5)
    assert logs["auc"] == pytest.approx(roc_auc_score(replaced, scores), abs=1e-5)
    right = (logits.argmax(-1) == y)[used].mean()
    assert logs["generator_accuracy"] == pytest.approx(right, rel=1e-5)


def test_only_hidden_tokens_are_replaced(masked):
    x, _, weight = batch(masked, ["", *TEXTS[:7]])
    task = always(ELECTRA(electra(), masked), ONE)
    read, shown = np.asarray(task(x)["token_ids"]), x["token_ids"].numpy()
    hidden = np.zeros(read.shape, bool)
    rows, slots = np.nonzero(weight.numpy())
    hidden[rows, x["mask_positions"].numpy()[rows, slots]] = True
    assert hidden.sum() == weight.numpy().sum() and not hidden[0].any()
    np.testing.assert_array_equal(read, np.where(hidden, ONE, shown))


def test_the_discriminator_does_not_see_what_was_replaced(masked):
    """Another original, in the mask's place too: the same scores, bit by bit."""
    x, _, weight = batch(masked)
    task = always(testing.fix_weights(ELECTRA(electra(), masked)), ONE)
    before = task(x)
    rows, slots = np.nonzero(weight.numpy())
    other = x["token_ids"].numpy()
    other[rows, x["mask_positions"].numpy()[rows, slots]] = ONE + 1
    after = task({**x, "token_ids": other})
    assert np.abs(np.asarray(after["logits"]) - np.asarray(before["logits"])).max() > 0
    np.testing.assert_array_equal(after["scores"], before["scores"])


def test_a_token_drawn_right_is_an_original(masked):
    x, y, weight = batch(masked)
    task = always(ELECTRA(electra(), masked), ONE)
    outputs = task(x)
    assert not np.asarray(task.is_replaced(x, np.full_like(y, ONE), outputs)).any()
    wrong = np.asarray(task.is_replaced(x, np.full_like(y, ONE + 1), outputs))
    assert wrong.sum() == weight.numpy().sum()


def test_no_gradient_goes_from_the_discriminator_through_the_draw(masked):
    x, y, weight = batch(masked)
    task = testing.fix_weights(ELECTRA(electra(), masked))
    with tf.GradientTape(persistent=True) as tape:
        terms = task.objective(x, (y, weight), task(x, training=True), True)
        losses = {name: ops.mean(values) for name, (values, _) in terms.items()}
    shared = {id(v) for v in task.encoder.variables}
    own = [
        v.value
        for part in (task.generator, task.generator_head)
        for v in part.trainable_variables
        if id(v) not in shared
    ]
    assert len(own) > 10
    assert all(g is None for g in tape.gradient(losses["detection"], own))
    assert all(g is not None for g in tape.gradient(losses["masked_lm"], own))
    embedding = task.encoder.token_embedding.embeddings.value
    for loss in losses.values():
        assert np.abs(tf.convert_to_tensor(tape.gradient(loss, embedding))).max() > 0


def test_draws_depend_on_the_examples_own_seed(masked):
    x, _, _ = batch(masked)
    task = ELECTRA(electra(), masked)
    drawn = np.asarray(task(x)["drawn_ids"])
    backwards = task({name: value[::-1] for name, value in x.items()})
    np.testing.assert_array_equal(backwards["drawn_ids"][::-1], drawn)
    other = task({**x, "seed": x["seed"] + 1})
    assert (np.asarray(other["drawn_ids"]) != drawn).mean() > 0.5


@pytest.mark.parametrize(
    "kind", ["ElectraBackbone", "BertBackbone", "RobertaBackbone", "AlbertBackbone"]
)
def test_the_embeddings_are_shared_and_there_once(kind, masked):
    cls = getattr(keras_hub.models, kind)
    options = {"embedding_dim": 8} if kind == "AlbertBackbone" else {}
    encoder = electra(kind=cls, **options)
    task = ELECTRA(encoder, masked)
    assert np.isfinite(evaluated(task, batch(masked))["loss"])
    tables = [
        v
        for v in task.variables
        if tuple(v.shape)
        == (SIZE, 8 if kind in ("ElectraBackbone", "AlbertBackbone") else 16)
    ]
    assert [id(v) for v in tables] == [id(encoder.token_embedding.embeddings)]
    assert task.count_params() == sum(int(np.prod(v.shape)) for v in task.variables)
    # Only what a block has, and the projection to its width.
    paths = [v.path for v in task.generator.variables]
    assert not any("token" in path or "position" in path for path in paths)


def test_the_generators_default_is_the_papers():
    small = electra(256, embedding_dim=128, num_heads=4, intermediate_dim=1024)
    config = ELECTRA(small).get_config()["generator"]["config"]
    assert (config["hidden_dim"], config["num_heads"]) == (64, 1)
    assert (config["intermediate_dim"], config["num_layers"]) == (256, 1)
    assert config["embedding_dim"] == 128


def test_a_generator_of_ones_own_is_saved(masked, tmp_path):
    """Of another kind and width, its weights too."""
    generator = electra(8, keras_hub.models.BertBackbone, num_layers=2)
    task = testing.fix_weights(ELECTRA(electra(), masked, generator=generator))
    assert sum("transformer_layer_1" in v.path for v in task.variables) > 0
    task.save(tmp_path / "task.keras")
    again = keras.saving.load_model(tmp_path / "task.keras")
    testing.assert_same_weights(task, again)
    x, _, _ = batch(masked)
    np.testing.assert_array_equal(again(x)["logits"], task(x)["logits"])
    assert again.get_config() == task.get_config()


def test_it_learns_to_detect_in_texts_it_has_not_seen(masked):
    held_out, train = TEXTS[::5], [t for i, t in enumerate(TEXTS) if i % 5]
    keras.utils.set_random_seed(0)
    task = ELECTRA(electra(32, embedding_dim=32, num_heads=2), masked)
    task.compile(keras.optimizers.Adam(1e-2))
    task.fit(task.dataset(train, 20), epochs=1, steps_per_epoch=150, verbose=0)
    data = task.dataset(held_out * 5, 20, seed=7)
    logs = task.evaluate(data, verbose=0, return_dict=True)
    assert logs["auc"] > 0.7
    hidden = np.concatenate([y[weight > 0] for _, y, weight in data.take(5)])
    assert logs["generator_accuracy"] > np.bincount(hidden).max() / len(hidden) + 0.1
    assert 0.02 < logs["replaced_share"] < 0.2
    assert logs["loss"] < np.log(SIZE) + 50 * np.log(2) - 10


def test_what_does_not_fit_is_told():
    gpt2 = keras_hub.models.GPT2Backbone(SIZE, 1, 2, 8, 16)
    llama = keras_hub.models.LlamaBackbone(SIZE, 1, 2, 8, 16, 1)
    vit = keras_hub.models.ViTBackbone((8, 8, 3), 4, 1, 1, 8, 16)
    with pytest.raises(ValueError, match="`encoder` must be.*both ways.*GPT2Backbone"):
        ELECTRA(gpt2)
    with pytest.raises(ValueError, match="`encoder` must be a text.*ViTBackbone"):
        ELECTRA(vit)
    with pytest.raises(ValueError, match="`generator` is run in parts.*LlamaBackbone"):
        ELECTRA(electra(), generator=llama)
    with pytest.raises(ValueError, match="`discriminator_weight`.*-1"):
        ELECTRA(electra(), discriminator_weight=-1)


def test_the_generator_tells_the_words_behind_masks(masked):
    task = testing.fix_weights(ELECTRA(electra(), masked))
    (first, *_) = found = task.sample(["the [MASK] sees a red house"], count=3)
    name, pieces = masked.tokenizer.token_to_id, masked.tokenizer
    ids = [name("[CLS]"), *pieces("the"), name("[MASK]"), *pieces("sees a red house")]
    ids = np.array([[*ids, name("[SEP]")]], "int32")
    places = np.argwhere(ids[0] == name("[MASK]")).T
    x = {"token_ids": ids, "padding_mask": np.ones_like(ids), "segment_ids": 0 * ids}
    x |= {"mask_positions": places, "seed": np.array([[0, 1]])}
    outputs = task({key: ops.convert_to_tensor(value) for key, value in x.items()})
    shares = np.asarray(ops.softmax(outputs["logits"]))[0, 0]
    assert name(first["word"]) == shares.argmax() and len(found) == 3
    assert first["probability"] == pytest.approx(shares.max(), rel=1e-5)
