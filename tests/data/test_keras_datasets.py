import keras
import numpy as np
import pytest

from kerassl.data import keras_dataset


def fake(shape, labels_shape):
    images = np.zeros(shape, np.uint8)
    labels = np.zeros(labels_shape, np.uint8)
    return lambda: ((images, labels), (images[:1], labels[:1]))


def test_grey_images_get_a_channel(monkeypatch):
    load = fake((3, 28, 28), (3,))
    monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", load)
    source = keras_dataset("fashion_mnist")
    assert source.fetch([0, 1]).shape == (2, 28, 28, 1)
    assert source.class_names[9] == "ankle boot"
    assert len(keras_dataset("fashion_mnist", split="test")) == 1


def test_column_of_labels_becomes_a_vector(monkeypatch):
    load = fake((3, 32, 32, 3), (3, 1))
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", load)
    assert keras_dataset("cifar10").labels.shape == (3,)


def test_without_a_network_the_message_helps(monkeypatch):
    def fail():
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)
    with pytest.raises(ConnectionError, match="put 'mnist.npz' into .*'digits'"):
        keras_dataset("mnist")


@pytest.mark.parametrize("arguments", [("imagenet",), ("mnist", "valid")])
def test_arguments_are_checked(arguments):
    with pytest.raises(ValueError, match=f"Received: '{arguments[-1]}'"):
        keras_dataset(*arguments)
