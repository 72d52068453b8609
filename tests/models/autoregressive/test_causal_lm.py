import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from kerassl import testing
from kerassl.models.autoregressive.causal_lm import CausalLM
from kerassl.pretext.text import NextToken
from kerassl.tokenizers import train_tokenizer

SUBJECTS = ["the cat", "a dog", "my bird", "the old king", "one small child"]
VERBS = ["sees", "hears", "likes", "follows", "draws"]
OBJECTS = ["a red house", "the green tree", "my blue boat", "their white horse"]
TEXTS = [f"{s} {v} {o}" for s in SUBJECTS for v in VERBS for o in OBJECTS]
SIZE = 300
LENGTH = 16


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, "bpe", vocabulary_size=SIZE)


def gpt2(width=16, layers=2, **arguments):
    return keras_hub.models.GPT2Backbone(
        SIZE,
        num_layers=layers,
        num_heads=2,
        hidden_dim=width,
        intermediate_dim=2 * width,
        max_sequence_length=LENGTH,
        **{"dropout": 0.0, **arguments},
    )


def batch(random, segments, rows=2):
    """Returns random windows and what is asked for."""
    tokens = random.integers(1, SIZE, (rows, LENGTH + 1)).astype("int32")
    x = {
        "token_ids": tokens[:, :-1],
        "padding_mask": np.ones((rows, LENGTH), "int32"),
        "segment_ids": np.tile(np.asarray(segments, "int32"), (rows, 1)),
    }
    return x, tokens[:, 1:]


def test_loss_is_the_mean_over_what_is_asked_for():
    random = np.random.default_rng(0)
    task = CausalLM(gpt2())
    task.compile("sgd")
    x, y = batch(random, [0] * LENGTH, rows=4)
    weight = random.integers(0, 2, y.shape).astype("float32")
    logits = np.asarray(task(x)["logits"], "float64")
    logs = task.evaluate(
        tf.data.Dataset.from_tensors((x, y, weight)), verbose=0, return_dict=True
    )
    shifted = logits - logits.max(-1, keepdims=True)
    normal = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    loss = -np.take_along_axis(normal, y[..., None], -1)[..., 0]
    right = logits.argmax(-1) == y
    assert logs["loss"] == pytest.approx((loss * weight).sum() / weight.sum(), 1e-5)
    assert logs["accuracy"] == pytest.approx((right * weight).sum() / weight.sum())


@pytest.mark.parametrize("isolated", [False, True])
def test_no_token_sees_a_later_one(isolated):
    random = np.random.default_rng(1)
    task = CausalLM(gpt2(), isolate_documents=isolated)
    x, _ = batch(random, [0] * 5 + [1] * 11)
    before = np.asarray(task(x)["logits"])
    x["token_ids"][:, 9:] = random.integers(1, SIZE, (2, LENGTH - 9))
    after = np.asarray(task(x)["logits"])
    np.testing.assert_array_equal(after[:, :9], before[:, :9])
    assert np.abs(after[:, 9:] - before[:, 9:]).max(-1).min() > 0


def test_isolated_documents_do_not_see_each_other():
    random = np.random.default_rng(2)
    encoder = gpt2()
    isolated, joined = CausalLM(encoder, isolate_documents=True), CausalLM(encoder)
    x, _ = batch(random, [0] * 5 + [1] * 6 + [2] * 5)
    changed = {**x, "token_ids": x["token_ids"].copy()}
    changed["token_ids"][:, :5] = random.integers(1, SIZE, (2, 5))
    before, after = (np.asarray(isolated(each)["logits"]) for each in (x, changed))
    np.testing.assert_array_equal(after[:, 5:], before[:, 5:])
    before, after = (np.asarray(joined(each)["logits"]) for each in (x, changed))
    assert np.abs(after[:, 5:] - before[:, 5:]).max(-1).min() > 0


def test_one_document_is_what_the_encoder_itself_computes():
    x, _ = batch(np.random.default_rng(3), [0] * LENGTH)
    encoder = gpt2()
    outputs = [
        np.asarray(CausalLM(encoder, isolate_documents=choice)(x)["logits"])
        for choice in (True, False)
    ]
    np.testing.assert_allclose(*outputs, rtol=1e-5, atol=1e-6)


@pytest.mark.quality
def test_it_learns_to_continue(tokenizer):
    """Held-out sentences: better than the tokens' frequencies; it can write."""
    held_out, train = TEXTS[::5], [t for i, t in enumerate(TEXTS) if i % 5]
    task = CausalLM(
        gpt2(width=32), NextToken(tokenizer, LENGTH), isolate_documents=True
    )
    task.compile(keras.optimizers.Adam(1e-2))
    untrained = evaluated(task, held_out)
    task.fit(task.dataset(train, 20), epochs=1, steps_per_epoch=120, verbose=0)
    trained = evaluated(task, held_out)
    asked = np.ravel([y for _, y, _ in task.dataset(train, 20).take(5)])
    shares = np.bincount(asked) / len(asked)
    entropy = -np.sum(shares[shares > 0] * np.log(shares[shares > 0]))
    assert trained["loss"] < entropy - 1.0
    assert trained["accuracy"] > max(untrained["accuracy"], shares.max()) + 0.3
    written = task.generate(["", "the old"], max_length=LENGTH, sampler="greedy")
    assert written[1].startswith("the old king ")
    assert written[0].split()[0] in {"the", "a", "my", "one"}
    again = task.generate("the old", max_length=LENGTH, sampler="greedy")
    assert again == written[1]
    assert task.generate([]) == []
    for sampler in ("top_k", "top_p", "random", "beam", "contrastive"):
        (text,) = task.generate(["the old"], max_length=LENGTH, sampler=sampler)
        assert text.startswith("the old ") and len(text) > 9, (sampler, text)
    search = keras_hub.samplers.ContrastiveSampler(k=1, alpha=0.0)  # greedy
    assert task.generate("the old", max_length=LENGTH, sampler=search) == written[1]


@pytest.fixture(scope="module")
def writing(tokenizer):
    """A task whose logits are far apart, which no test trains."""
    task = testing.fix_weights(CausalLM(gpt2(), NextToken(tokenizer, LENGTH)))
    table = task.encoder.token_embedding.embeddings
    table.assign(5 * table)
    return task


def test_the_likeliest_text_is_that_of_the_whole_forward_pass(writing):
    prompts = ["the old", "", "a dog sees a"]
    rows = writing.pretext.ask(prompts)
    assert len({len(row) for row in rows}) == 3
    found = writing.sample(prompts, length=6, temperature=0.0)
    end = writing.pretext.tokenizer.end_token_id
    for row, one in zip(rows, found, strict=True):
        ids = list(row)
        for _ in range(6):
            x = {"token_ids": np.array([ids]), "padding_mask": np.ones((1, len(ids)))}
            ids.append(int(np.argmax(writing(x)["logits"][0, -1])))
            if ids[-1] == end:
                ids.pop()
                break
        assert one["text"] == writing.pretext.texts_of([ids[1:]])[0]


def test_a_seed_decides_what_is_drawn(writing):
    prompts = ["the old", "a dog"]
    first, again, other = (
        writing.sample(prompts, count=3, seed=seed, length=5) for seed in (4, 4, 5)
    )
    assert first == again != other
    assert [row["prompt"] for row in first] == ["the old"] * 3 + ["a dog"] * 3
    assert len({row["text"] for row in first[:3]}) > 1
    assert all(row["text"].startswith(row["prompt"]) for row in first)


def test_a_text_ends_where_the_model_ends_it(writing, monkeypatch):
    tokenizer = writing.pretext.tokenizer
    rows = writing.pretext.ask(["the", "a dog"])
    end, (cat, *_) = tokenizer.end_token_id, tokenizer(" cat")
    ids = np.full((2, 12), cat)
    for row, given, until in zip(ids, rows, (1, 0), strict=True):
        row[: len(given)] = given
        row[len(given) + until] = end
    monkeypatch.setattr(writing._writer, "write_all", lambda *args: {"token_ids": ids})
    found = [row["text"] for row in writing.sample(["the", "a dog"], length=4)]
    assert found == ["the" + tokenizer.detokenize([[cat]])[0], "a dog"]


def test_no_more_is_written_than_the_model_reads(writing):
    # A start and two tokens; of 16, 13 are left.
    room = LENGTH - len(writing.pretext.ask(["the old"])[0])
    (one,) = writing.sample(["the old"], length=room)
    assert one["text"].startswith("the old")
    with pytest.raises(ValueError, match=f"`length` must be at most {room}.*{LENGTH}"):
        writing.sample(["the old"], length=room + 1)
    with pytest.raises(ValueError, match="`length` must be an integer >= 1"):
        writing.sample(length=0)
    with pytest.raises(ValueError, match="`prompt` must have at most 14 tokens"):
        writing.sample(["the old king " * 9])
    with pytest.raises(ValueError, match="tokenizer is needed"):
        CausalLM(gpt2()).sample()


def evaluated(task, texts):
    return task.evaluate(task.dataset(texts, 4, seed=7), verbose=0, return_dict=True)


def test_generation_tells_what_is_wrong(tokenizer):
    task = CausalLM(gpt2(), NextToken(tokenizer, LENGTH))
    with pytest.raises(ValueError, match="`max_length`.*16. Received: 17"):
        task.generate("a", max_length=17)
    with pytest.raises(ValueError, match="tokens of the longest prompt"):
        task.generate("the old king " * 9, max_length=8)
    with pytest.raises(ValueError, match="tokenizer is needed"):
        CausalLM(gpt2()).generate("a")


def test_encoders_that_do_not_fit():
    bert = keras_hub.models.BertBackbone(SIZE, 1, 2, 8, 16)
    with pytest.raises(ValueError, match="must be causal.*BertBackbone"):
        CausalLM(bert)
    dense = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="`token_embedding`.*Received: Sequential"):
        CausalLM(dense)
    llama = keras_hub.models.LlamaBackbone(SIZE, 1, 2, 8, 16, 1)
    with pytest.raises(ValueError, match="`isolate_documents=True`.*LlamaBackbone"):
        CausalLM(llama, isolate_documents=True)


def make_lean(max_logits):
    return lambda dtype="float32": CausalLM(gpt2(dtype=dtype), max_logits=max_logits)


class Windows:
    """A task's batches over given windows, as `kerassl.testing` asks for them."""

    def __init__(self, make):
        self.make = make

    def __call__(self, dtype="float32"):
        task = self.make(dtype)
        x, y = batch(np.random.default_rng(5), [0] * LENGTH, rows=8)
        weight = np.random.default_rng(6).uniform(size=y.shape).astype("float32")
        whole = tf.data.Dataset.from_tensors((x, y, weight)).unbatch()
        whole = whole.batch(8, drop_remainder=True).repeat()
        task.dataset = lambda *args, **kwargs: whole
        return task


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_the_lean_loss_trains_as_the_plain_one(dtype):
    lean, lean_losses = testing.trained(
        Windows(make_lean(0)), None, batch_size=8, dtype=dtype
    )
    plain, plain_losses = testing.trained(
        Windows(make_lean(1 << 40)), None, batch_size=8, dtype=dtype
    )
    tolerance = 1e-5 if dtype == "float32" else 1e-2
    np.testing.assert_allclose(lean_losses, plain_losses, rtol=tolerance)
    for one, two in zip(
        lean.trainable_variables, plain.trainable_variables, strict=True
    ):
        np.testing.assert_allclose(one, two, atol=tolerance)


def test_the_lean_loss_on_two_replicas(two_replicas):
    testing.check_replicas(
        Windows(make_lean(0)), None, batch_size=8, strategy=two_replicas
    )


def lean():
    """A task for another process, in `kerassl.testing`'s form."""
    return Windows(make_lean(0)), None, 8


def test_the_lean_loss_on_jax():
    _, losses = testing.trained(Windows(make_lean(0)), None, batch_size=8)
    on_jax = testing.losses_on("jax", f"{__file__}:lean")
    np.testing.assert_allclose(on_jax, losses, rtol=1e-4)


def test_the_lean_loss_step_by_step():
    losses = []
    for max_logits in (0, 1 << 40):
        task = testing.fix_weights(Windows(make_lean(max_logits))())
        task.compile("sgd", run_eagerly=True)
        losses += task.fit(task.dataset(), steps_per_epoch=2, verbose=0).history["loss"]
    np.testing.assert_allclose(*losses, rtol=1e-5)


def test_capped_logits_are_never_lean():
    gemma = keras_hub.models.GemmaBackbone(
        SIZE, 1, 2, 1, 16, 32, 8, final_logit_soft_cap=2.0
    )
    x, _ = batch(np.random.default_rng(0), [0] * LENGTH)
    outputs = CausalLM(gemma, max_logits=0)(x)
    assert set(outputs) == {"logits"}
    assert np.abs(outputs["logits"]).max() < 2


def test_when_the_loss_is_lean():
    logits = 2 * LENGTH * SIZE
    x, _ = batch(np.random.default_rng(0), [0] * LENGTH)
    assert set(CausalLM(gpt2(), max_logits=logits)(x)) == {"logits"}
    task = CausalLM(gpt2(), max_logits=logits - 1)
    outputs, plain = task(x), np.asarray(CausalLM(task.encoder)(x)["logits"])
    assert set(outputs) == {"hidden_states", "logits"}
    logits = task.logits_of(outputs["hidden_states"])
    np.testing.assert_allclose(logits, plain, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(outputs["logits"], plain[:, ::8], rtol=1e-5, atol=1e-6)
    assert CausalLM.from_config(task.get_config()).max_logits == task.max_logits
