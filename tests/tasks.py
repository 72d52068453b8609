"""A small task of each public pretext model, for the shared checks.

`python` in another process makes them too, to compare backends, so this file
imports nothing of pytest.
"""

import numpy as np

from kerassl import encoders, models, pretext


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
        views = pretext.TwoViews(8, blur_rate=0.0, min_scale=0.4)
        return models.SimCLR(encoder, views, projection_dim=8, temperature=0.2)

    return make, images(), 16


def images():
    random = np.random.default_rng(0)
    return random.integers(0, 256, (48, 8, 8, 1)).astype("uint8")
