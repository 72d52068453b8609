"""A small task of each public pretext model, for the shared checks.

`python` in another process makes them too, to compare backends, so this file
imports nothing of pytest.
"""

import keras
import keras_hub
import numpy as np

from kerassl import data, encoders, losses, models, pretext


def autoencoder():
    def make(dtype="float32"):
        encoder = encoders.dense((8, 8, 1), hidden_dims=(16, 8), dtype=dtype)
        return models.Autoencoder(encoder, pretext=pretext.Reconstruct())

    return make, images(), 16


def simclr():
    def make(dtype="float32"):
        encoder = encoders.resnet(
            (8, 8, 1), depths=(1, 1), widths=(8, 16), dtype=dtype, name="encoder"
        )
        views = pretext.TwoViews(8, blur_rate=0.0, crop_scale=(0.4, 1.0))
        return models.SimCLR(encoder, views, projection_dim=8, temperature=0.2)

    return make, images(), 16


def simcse():
    places = ("house", "garden", "river", "market", "school", "tower")
    texts = [
        f"{a} {b} in the {place}"
        for a in ("a cat", "two dogs", "some birds")
        for b in ("sleep", "wait")
        for place in places
    ]
    tokenizer = data.train_tokenizer(texts, vocabulary_size=80)

    def make(dtype="float32"):
        # BERT's own pooler is not trained, so `fix_weights` leaves it alone.
        keras.utils.set_random_seed(0)
        encoder = keras_hub.models.BertBackbone(
            tokenizer.vocabulary_size(),
            num_layers=1,
            num_heads=2,
            hidden_dim=16,
            intermediate_dim=32,
            # It differs between replicas by design, and between backends.
            dropout=0.0,
            max_sequence_length=12,
            dtype=dtype,
        )
        task = models.SimCSE(encoder, pretext.Tokens(tokenizer, sequence_length=12))
        task.xla_on_cpu = False  # compiling takes far longer than these steps
        return task

    return make, texts, 12


def moco():
    def make(dtype="float32"):
        # The batch does not divide the queue, so that it wraps around.
        return models.MoCo(
            small_resnet(dtype),
            views(),
            projection_dim=8,
            queue_size=40,
            momentum=0.8,
        )

    return make, images(), 16


def byol():
    def make(dtype="float32"):
        return models.BYOL(
            small_resnet(dtype),
            views(solarize_rate=(0.0, 0.2)),
            total_steps=5,
            projection_dim=8,
            hidden_dim=16,
            base_tau=0.8,
        )

    return make, images(), 16


def small_resnet(dtype):
    return encoders.resnet(
        (8, 8, 1), depths=(1,), widths=(8,), dtype=dtype, name="encoder"
    )


def views(**options):
    # Compiling them would take longer than the few batches.
    return pretext.TwoViews(
        8, blur_rate=0.0, crop_scale=(0.4, 1.0), jit_compile=False, **options
    )


def deep_cluster():
    def make(dtype="float32"):
        # Four steps a pass, so that a run resumed at step 3 begins within one
        # and ends in the next.
        view = pretext.RandomView(8, crop_scale=(0.4, 1.0), jit_compile=False)
        encoder = small_resnet(dtype)
        # The block begins as nothing and the classifier near zero: in these few
        # steps the gradient of a weight of 1 would be lost in its rounding.
        last = encoder.get_layer("stage1_block1_last_bn")
        last.gamma.assign(last.gamma + 1.0)
        return models.DeepCluster(encoder, view, num_examples=48, num_clusters=5)

    return make, images(), 12


def denoising_seq2seq():
    colours = ("red", "green", "blue", "white", "black")
    texts = [f"the {a} cat saw a {b} dog" for a in colours for b in colours] * 2
    tokenizer = data.train_tokenizer(texts, vocabulary_size=50)
    spans = pretext.SpanCorruption(tokenizer, 12, noise_density=0.3, sentinels=6)

    def make(dtype="float32"):
        backbone = encoders.t5(
            spans.vocabulary_size,
            num_layers=1,
            num_heads=2,
            hidden_dim=16,
            intermediate_dim=32,
            dropout=0.0,
            dtype=dtype,
        )
        return models.DenoisingSeq2Seq(backbone, spans)

    return make, texts, 20


def masked_lm():
    subjects = ("the cat", "a dog", "my bird", "the old king", "one small child")
    objects = ("a red house", "the green tree", "my blue boat", "their horse")
    texts = [
        f"{subject} {verb} {object_}"
        for subject in subjects
        for verb in ("sees", "hears", "likes")
        for object_ in objects
    ]
    tokenizer = data.train_tokenizer(texts, vocabulary_size=90)

    def make(dtype="float32"):
        # BERT's pooler is not trained here, so `fix_weights` leaves it alone.
        keras.utils.set_random_seed(0)
        encoder = keras_hub.models.BertBackbone(
            tokenizer.vocabulary_size(),
            num_layers=1,
            num_heads=2,
            hidden_dim=16,
            intermediate_dim=32,
            dropout=0.0,
            max_sequence_length=16,
            dtype=dtype,
        )
        masked = pretext.MaskedTokens(tokenizer, sequence_length=16)
        return models.MaskedLM(encoder, pretext=masked)

    return make, texts, 20


def gan():
    def make(dtype="float32"):
        return models.GAN(
            encoders.dcgan_discriminator((8, 8, 1), (4, 8), 4, dtype=dtype),
            pretext.ImagesAndNoise(noise_dim=6),
            generator=encoders.dcgan_generator((8, 8, 1), 6, (8, 4), 4, dtype=dtype),
        )

    return make, images(), 16


def wgan_gp():
    def make(dtype="float32"):
        return models.GAN(
            encoders.dcgan_discriminator((8, 8, 1), (4, 8), 4, False, dtype=dtype),
            pretext.ImagesAndNoise(noise_dim=6, noise="normal"),
            generator=encoders.dcgan_generator((8, 8, 1), 6, (8, 4), 4, dtype=dtype),
            loss=losses.Wasserstein(),
            discriminator_steps=2,
            simultaneous=True,
        )

    return make, images(), 16


def causal_lm():
    colours = ("red", "green", "blue", "white", "black")
    texts = [f"the {a} cat saw a {b} dog" for a in colours for b in colours] * 2
    tokenizer = data.train_tokenizer(texts, "bpe", vocabulary_size=270)

    def make(dtype="float32"):
        encoder = keras_hub.models.GPT2Backbone(
            tokenizer.vocabulary_size(),
            num_layers=1,
            num_heads=2,
            hidden_dim=16,
            intermediate_dim=32,
            dropout=0.0,
            max_sequence_length=16,
            dtype=dtype,
        )
        following = pretext.NextToken(tokenizer, sequence_length=12)
        return models.CausalLM(encoder, following, isolate_documents=True)

    return make, texts, 20


def skip_gram():
    return word2vec(models.SkipGram)


def cbow():
    return word2vec(models.CBOW)


def word2vec(model):
    colours = ("red", "green", "blue", "white", "black")
    texts = [f"the {a} cat saw a {b} dog" for a in colours for b in colours] * 2
    tokenizer = data.train_tokenizer(texts, "word")

    def make(dtype="float32"):
        vocabulary_size = tokenizer.vocabulary_size()
        return model(
            encoders.word_vectors(vocabulary_size, dim=8, dtype=dtype),
            pretext.ContextWindow(
                tokenizer, 16, window=2, block_length=4, shared_negatives=40
            ),
        )

    return make, texts, 20


def images():
    random = np.random.default_rng(0)
    return random.integers(0, 256, (48, 8, 8, 1)).astype("uint8")
