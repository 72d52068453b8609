"""Random images, a ResNet of one block, and views."""

import numpy as np

from kerassl import encoders, pretext


def images():
    random = np.random.default_rng(0)
    return random.integers(0, 256, (48, 8, 8, 1)).astype("uint8")


def small_resnet(dtype):
    return encoders.resnet(
        (8, 8, 1), depths=(1,), widths=(8,), dtype=dtype, name="encoder"
    )


def views(**options):
    # Compiling them would take longer than the few batches.
    return pretext.TwoViews(
        8, blur_rate=0.0, crop_scale=(0.4, 1.0), jit_compile=False, **options
    )
