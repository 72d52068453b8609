import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl import testing
from kerassl.data import digits
from kerassl.encoders import dcgan_discriminator, dcgan_generator
from kerassl.losses import NonSaturating, Wasserstein
from kerassl.metrics import frechet_distance
from kerassl.models import GAN
from kerassl.pretext import ImagesAndNoise


def tiny(batch_norm=True, pretext=True, widths=(4, 6), **arguments):
    return GAN(
        dcgan_discriminator((8, 8, 1), widths, 4, batch_norm),
        ImagesAndNoise(noise_dim=5) if pretext else None,
        generator=dcgan_generator((8, 8, 1), 5, widths[::-1], 4),
        **arguments,
    )


def adam(rate=2e-4):
    players = ("discriminator", "generator")
    return {player: keras.optimizers.Adam(rate, beta_1=0.5) for player in players}


def batch_of(task, count=16, seed=0):
    (x,) = task.pretext(digits().fetch(np.arange(count)), (0, seed))
    return {name: np.array(part) for name, part in x.items()}


def scores_of(task, images):
    features = task.encoder(images, training=False)
    return np.array(features) @ task.head.kernel.numpy() + task.head.bias.numpy()


@pytest.mark.parametrize("loss", [NonSaturating(), Wasserstein(10.0)])
def test_losses_and_measures_are_those_of_the_written_formulas(loss):
    task = testing.fix_weights(tiny(batch_norm=False, loss=loss))
    task.compile(adam())
    x = batch_of(task)
    logs = task.evaluate(x, batch_size=16, verbose=0, return_dict=True)
    shown, own = (
        np.array(task.generator(x[f"{player}_noise"], training=False))
        for player in ("discriminator", "generator")
    )
    real, fake, generated = (
        scores_of(task, images)[:, 0] for images in (x["images"], shown, own)
    )
    if isinstance(loss, NonSaturating):
        log = np.logaddexp
        by_discriminator = np.mean(log(0, -real) + log(0, fake))
        by_generator, shown_loss = np.mean(log(0, -generated)), np.mean(log(0, -fake))
        penalty = 0.0
    else:
        by_discriminator = np.mean(fake) - np.mean(real)
        by_generator, shown_loss = -np.mean(generated), -np.mean(fake)
        between = tf.constant(x["epsilon"] * x["images"] + (1 - x["epsilon"]) * shown)
        with tf.GradientTape() as tape:
            tape.watch(between)
            total = tf.reduce_sum(task.head(task.encoder(between)))
        gradient = tape.gradient(total, between).numpy().reshape(16, -1)
        penalty = 10 * np.mean((np.linalg.norm(gradient, axis=1) - 1) ** 2)
        assert penalty > 0.1
    pairs = real[:, None] > fake
    wanted = {
        "loss": by_discriminator + penalty + by_generator,
        "discriminator_loss": by_discriminator,
        "generator_loss": shown_loss,
        "told_apart": pairs.mean(),
    }
    assert logs == pytest.approx(wanted, rel=1e-4, abs=1e-6)


def test_the_penalty_of_a_linear_critic_is_known():
    """Its gradient is its kernel, wherever it is taken."""
    flat = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    noise = ImagesAndNoise(noise_dim=5, noise="normal")
    maker = dcgan_generator((8, 8, 1), 5, (4,))
    task = GAN(flat, noise, generator=maker, loss=Wasserstein(10.0))
    kernel = np.random.default_rng(0).normal(size=(64, 1)).astype("float32")
    x = batch_of(task)
    for norm in (0.0, 1.0, 3.0):
        task.head.kernel.assign(kernel / np.linalg.norm(kernel) * norm)
        outputs = task.propagate_for("discriminator", x, training=False)
        terms = task.objective_for("discriminator", x, (), outputs, training=False)
        penalty = keras.ops.convert_to_numpy(terms["penalty"])
        np.testing.assert_allclose(penalty, 10 * (norm - 1) ** 2, atol=1e-4)


def test_the_penalty_reaches_the_critic():
    # A critic that is trained on the penalty alone ends with gradients of norm 1.
    class PenaltyAlone(Wasserstein):
        def discriminator(self, real, fake):
            return 0.0 * super().discriminator(real, fake)

    task = tiny(batch_norm=False, loss=PenaltyAlone())
    task.compile({**adam(0.01), "generator": keras.optimizers.SGD(0.0)})
    data = task.dataset(digits(), 64)
    history = task.fit(data, steps_per_epoch=20, epochs=6, verbose=0).history
    assert history["loss"][-1] < 0.1 * history["loss"][0]


def test_the_generator_waits_for_the_critic():
    task = tiny(batch_norm=False, loss=Wasserstein(), discriminator_steps=3)
    task.compile(adam())
    before = [v.numpy() for v in task.generator.trainable_variables]
    data = task.dataset(digits(), 16)
    task.fit(data, steps_per_epoch=2, verbose=0)
    for variable, value in zip(task.generator.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    task.fit(data, steps_per_epoch=1, verbose=0)
    counts = [o.iterations.numpy() for o in task.optimizer.optimizers.values()]
    assert counts == [3, 1]


def test_samples_are_a_function_of_the_noise():
    task = tiny()
    samples = task.generate(6, seed=1)
    assert samples.shape == (6, 8, 8, 1) and samples.dtype == np.float32
    assert 0 <= samples.min() and samples.max() <= 1
    np.testing.assert_array_equal(task.generate(6, seed=1), samples)
    assert not np.array_equal(task.generate(6, seed=2), samples)
    noise = task.pretext.draw_noise(6, (1, 0)).numpy()
    np.testing.assert_array_equal(task.generate(noise), samples)
    bare = tiny(pretext=False)
    assert bare.generate(noise).shape == samples.shape
    with pytest.raises(ValueError, match="`noise` must be an array"):
        bare.generate(6)


def test_a_sample_is_the_same_in_parts(monkeypatch):
    task = tiny()
    whole = task.sample(6, seed=1)
    np.testing.assert_array_equal(whole, task.generate(6, seed=1))
    assert len(task.sample()) == 16
    monkeypatch.setattr("kerassl.models.adversarial.gan.BATCH", 4)
    np.testing.assert_allclose(task.sample(6, seed=1), whole, atol=1e-6)
    with pytest.raises(ValueError, match="`count` must be a positive integer"):
        task.sample(0)


def test_draws_images_above_samples():
    figure = tiny().draw(digits().fetch(np.arange(5)))
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["images", "samples", "", "", ""]


def test_loss_and_generator_are_saved_with_the_task(tmp_path):
    arguments = {"discriminator_steps": 2, "simultaneous": True}
    task = tiny(batch_norm=False, loss=Wasserstein(3.0), **arguments)
    task.save(tmp_path / "task.keras")
    again = keras.saving.load_model(tmp_path / "task.keras")
    assert json.dumps(again.get_config()) == json.dumps(task.get_config())
    assert again.adversarial_loss.penalty_weight == 3.0 and again.simultaneous
    np.testing.assert_array_equal(again.generate(3), task.generate(3))


def test_samples_come_to_look_like_digits():
    task = tiny(widths=(16, 32))
    source = digits()
    images = task.pretext.prepare(source.fetch(np.arange(1000))).numpy()
    images = (images.reshape(1000, -1) + 1) / 2

    def distance():
        return frechet_distance(images, task.generate(1000).reshape(1000, -1))

    before = distance()
    task.compile(adam(2e-3))
    task.fit(task.dataset(source, 64), steps_per_epoch=200, verbose=0)
    after = distance()
    assert after < 0.5 * before


def test_arguments_are_checked():
    small = dcgan_discriminator((8, 8, 1), (4,))
    with pytest.raises(ValueError, match=r"`generator` must make .*\(None, 8, 8, 1\)"):
        GAN(small, generator=dcgan_generator((4, 4, 1), 5, (4,)))
    generator = dcgan_generator((8, 8, 1), 5, (4,))
    with pytest.raises(ValueError, match="`generator` must take the 9 numbers"):
        GAN(small, ImagesAndNoise(noise_dim=9), generator=generator)
    with pytest.raises(ValueError, match="`loss` must be a"):
        GAN(small, generator=generator, loss="hinge")
    with pytest.raises(ValueError, match="`discriminator_steps`"):
        GAN(small, generator=generator, discriminator_steps=0)
    with pytest.raises(ValueError, match=r"must not normalise .*\['bn2'\]"):
        tiny(loss=Wasserstein())
    with pytest.raises(ValueError, match=r"\['discriminator', 'generator'\]"):
        tiny().compile("adam")
