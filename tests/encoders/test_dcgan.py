import keras
import numpy as np
import pytest

from kerassl.encoders import dcgan_discriminator, dcgan_generator


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (7, 10, 1)])
def test_generator_gives_what_the_discriminator_takes(shape):
    generator = dcgan_generator(shape, noise_dim=5, widths=(4, 3, 2), kernel_size=4)
    discriminator = dcgan_discriminator(shape, widths=(2, 3, 4), kernel_size=4)
    assert generator.output_shape[1:] == shape == discriminator.input_shape[1:]
    images = generator.predict(np.ones((2, 5), "float32"), verbose=0)
    assert -1 <= images.min() and images.max() <= 1
    sides = [-(-side // 8) for side in shape[:2]]
    assert discriminator.output_shape[1] == sides[0] * sides[1] * 4
    assert generator.get_layer("reshape").output.shape[1:3] == tuple(sides)


def test_normalisation_is_where_the_paper_has_it():
    def normalized(model):
        names = [layer.name for layer in model.layers]
        return [name for name in names if name.startswith("bn")]

    shape = (32, 32, 3)
    assert normalized(dcgan_discriminator(shape, (2, 3, 4))) == ["bn2", "bn3"]
    assert normalized(dcgan_discriminator(shape, (2, 3, 4), batch_norm=False)) == []
    generator = dcgan_generator(shape, 5, (4, 3, 2))
    assert normalized(generator) == ["bn1", "bn2", "bn3"]
    assert [layer.name for layer in generator.layers][-2:] == ["deconv3", "images"]
    leaky = dcgan_discriminator(shape, (2,)).get_layer("leaky1")
    assert leaky.negative_slope == 0.2


def test_weights_start_as_in_the_paper():
    for model in (dcgan_discriminator((32, 32, 3)), dcgan_generator((28, 28, 1))):
        for layer in model.layers:
            if hasattr(layer, "kernel"):
                kernel = layer.kernel.numpy()
                assert abs(kernel.mean()) < 2e-3
                assert 0.019 < kernel.std() < 0.021


def test_a_bias_only_where_nothing_takes_the_mean_away():
    def biased(model):
        return [la.name for la in model.layers if getattr(la, "use_bias", False)]

    assert biased(dcgan_discriminator((8, 8, 1), (2, 3))) == ["conv1"]
    plain = dcgan_discriminator((8, 8, 1), (2, 3), batch_norm=False)
    assert biased(plain) == ["conv1", "conv2"]
    assert biased(dcgan_generator((8, 8, 1), 5, (3, 2))) == ["deconv2"]


def test_dtype_reaches_every_layer():
    for model in (
        dcgan_discriminator((8, 8, 1), (2, 3), dtype="mixed_bfloat16"),
        dcgan_generator((7, 7, 1), 5, (3, 2), dtype="mixed_bfloat16"),
    ):
        inner = [x for x in model.layers if not isinstance(x, keras.layers.InputLayer)]
        assert {layer.compute_dtype for layer in inner} == {"bfloat16"}


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="`input_shape`"):
        dcgan_discriminator((28, 28))
    with pytest.raises(ValueError, match="`widths`"):
        dcgan_discriminator((28, 28, 1), ())
    with pytest.raises(ValueError, match="`output_shape`"):
        dcgan_generator((28, 28))
    with pytest.raises(ValueError, match="`noise_dim`"):
        dcgan_generator((28, 28, 1), 0)
