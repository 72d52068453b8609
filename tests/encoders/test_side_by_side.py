import keras
import numpy as np
import pytest

from kerassl.encoders import dense, plain_cnn, resnet, side_by_side


def cnn(shape, name):
    return plain_cnn(shape, (4,), (2,), grid=1, name=name)


def images(*shape):
    return np.random.default_rng(0).random((3, *shape)).astype("float32")


@pytest.mark.parametrize(
    "axis, shapes, whole",
    [
        ("channels", [(8, 8, 1), (8, 8, 2)], (8, 8, 3)),
        ("width", [(8, 5, 1), (8, 3, 1)], (8, 8, 1)),
        ("height", [(2, 8, 1), (6, 8, 1)], (8, 8, 1)),
    ],
)
def test_each_sees_its_part_alone(axis, shapes, whole):
    parts = [cnn(shape, f"part{i}") for i, shape in enumerate(shapes)]
    encoder = side_by_side(parts, axis)
    assert encoder.input_shape == (None, *whole) and encoder.output_shape == (None, 8)
    x = images(*whole)
    number = ("height", "width", "channels").index(axis)
    first, second = np.split(x, [shapes[0][number]], axis=number + 1)
    found = encoder.predict(x, verbose=0)
    expected = [parts[0](first), parts[1](second)]
    np.testing.assert_allclose(found, np.concatenate(expected, 1), rtol=1e-5)
    changed = np.concatenate([first, 1 - second], axis=number + 1)
    other = encoder.predict(changed, verbose=0)
    np.testing.assert_array_equal(other[:, :4], found[:, :4])
    assert not np.allclose(other[:, 4:], found[:, 4:])


def test_a_layer_of_each_name_gives_its_features():
    encoder = side_by_side([cnn((8, 8, 1), "l"), cnn((8, 8, 2), "ab")])
    parts = keras.Model(
        encoder.input, [encoder.get_layer(n).output for n in ("l", "ab")]
    )
    x = images(8, 8, 3)
    joined = np.concatenate([np.array(part) for part in parts(x)], axis=1)
    np.testing.assert_array_equal(joined, encoder(x))


def test_a_saved_file_loads_in_keras_alone(tmp_path):
    encoder = side_by_side([cnn((8, 8, 1), "l"), cnn((8, 8, 2), "ab")])
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(loaded(images(8, 8, 3)), encoder(images(8, 8, 3)))


def test_errors():
    parts = [cnn((8, 8, 1), "l"), cnn((8, 8, 2), "ab")]
    with pytest.raises(ValueError, match="`axis` must be one of.*'depth'"):
        side_by_side(parts, "depth")
    with pytest.raises(ValueError, match="`encoders` must be two or more"):
        side_by_side(parts[:1])
    with pytest.raises(ValueError, match="a name of its own each.*'l', 'l'"):
        side_by_side([parts[0], resnet((8, 8, 2), (1,), (4,), name="l")])
    with pytest.raises(ValueError, match="differ along one axis"):
        side_by_side([parts[0], cnn((8, 4, 2), "ab")])
    with pytest.raises(ValueError, match="differ along one axis"):
        side_by_side([dense((4,), name="l"), parts[1]])
    with pytest.raises(TypeError, match="`encoders` must be a list"):
        side_by_side(["l", "ab"])
