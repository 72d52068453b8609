# %% [markdown]
# # A generative adversarial network, and what its discriminator learned
#
# Two networks play against each other. The *generator* turns random numbers
# into images. The *discriminator* gets real images and generated ones and
# tells them apart. Each improves only because the other does. Nobody needs to
# label anything, and in the end there are two products: a generator of new
# images, and a discriminator that had to find out what real images have.
#
# We train a small DCGAN on the handwritten digits that scikit-learn bundles
# (no download), watch its samples, and measure what the discriminator's
# features are worth.

# %%
import os

import keras
import numpy as np

import kerassl

# A quick run for testing; its results mean little.
FAST = os.environ.get("KERASSL_FAST") == "1"

keras.utils.set_random_seed(0)

# %% [markdown]
# ## Data and noise
#
# The pretext layer `ImagesAndNoise` scales images to [-1, 1], the range of the
# generator's last layer, and puts noise beside them: other numbers for each
# player. Noise comes with the data, from the run's seed, so a run can be
# repeated and resumed exactly.

# %%
train = kerassl.data.digits(size=16)
test = kerassl.data.digits("test", size=16)
pretext = kerassl.pretext.ImagesAndNoise(noise_dim=32)

# %% [markdown]
# ## Two players
#
# The encoder is the discriminator without its last layer; `GAN` adds that
# layer. Both networks are plain Keras models.

# %%
encoder = kerassl.encoders.dcgan_discriminator(
    (16, 16, 1), widths=(32, 64), kernel_size=4
)
generator = kerassl.encoders.dcgan_generator(
    (16, 16, 1), noise_dim=32, widths=(64, 32), kernel_size=4
)
task = kerassl.models.GAN(encoder, pretext, generator=generator)

# %% [markdown]
# ## Before training
#
# Two figures will show whether anything is learned. The *Frechet distance*
# compares samples with real images; here simply pixel by pixel. The *linear
# probe* classifies test images by the discriminator's features, with ten
# labels for each digit. Random features are the control: keep their figure.


# %%
def inputs_and_labels(source):
    images = source.fetch(range(len(source)))
    return pretext.prepare(images).numpy(), source.labels


def distance():
    real = (inputs_and_labels(test)[0] + 1) / 2
    samples = task.generate(len(real))
    return kerassl.metrics.frechet_distance(
        real.reshape(len(real), -1), samples.reshape(len(real), -1)
    )


def probe():
    images, labels = inputs_and_labels(train)
    few = np.concatenate([np.flatnonzero(labels == digit)[:10] for digit in range(10)])
    return kerassl.transfer.linear_probe(
        task.encoder, (images[few], labels[few]), inputs_and_labels(test)
    ).accuracy


before = distance(), probe()

# %% [markdown]
# ## Training
#
# Each player has an optimizer of its own. In a step the discriminator is
# updated first, then the generator against the new discriminator. The callback
# `SampleGrid` draws samples of the same noise again and again: put the
# pictures side by side to see strokes appear.
#
# The losses of a GAN do not fall as others do, since the opponent improves as
# well. `told_apart` is easier to read: the share of pairs in which the real
# image scores higher than the generated one. At 0.5 the discriminator is
# beaten; at 1.0 the generator learns little.

# %%
task.compile(
    {
        "discriminator": keras.optimizers.Adam(1e-3, beta_1=0.5),
        "generator": keras.optimizers.Adam(1e-3, beta_1=0.5),
    }
)
history = task.fit(
    task.dataset(train, batch_size=64),
    steps_per_epoch=10 if FAST else 100,
    epochs=1 if FAST else 10,
    callbacks=[kerassl.callbacks.SampleGrid("dcgan", train.fetch(range(12)))],
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name}: {values[0]:.3f} in the first epoch, {values[-1]:.3f} in the last")

# %% [markdown]
# ## What was learned
#
# Samples come nearer to digits. Look at the probe with the control beside it:
# what tells drawn digits from generated ones need not be what tells a 3 from
# an 8, so do not expect too much of it.

# %%
after = distance(), probe()
print(f"{'':14} {'before':>8} {'after':>8}")
for row, title in enumerate(("distance", "linear probe")):
    print(f"{title:14} {before[row]:8.3f} {after[row]:8.3f}")

# %% [markdown]
# ## Samples
#
# Above are real digits, below samples.

# %%
figure = task.draw(train.fetch(range(12)))
figure.savefig("dcgan_digits.png", dpi=150)

# %% [markdown]
# ## To go on
#
# - Walk from one noise vector to another, `task.generate(noise)` with a row
#   for each step between them. Do the digits change smoothly?
# - WGAN-GP: `loss=kerassl.losses.Wasserstein()`, `discriminator_steps=5`, and a
#   discriminator with `batch_norm=False`. Its loss says how far the samples are.
# - `kerassl pretrain dcgan_fashion` does the same with pictures of clothes.
